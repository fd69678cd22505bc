"""Measures of the whole system on this machine, each beside what it is compared with.

Read `measure`, then any of those that it names: they all have the same shape. `runner` runs them on a `ground`,
`report` tells what they found, and `command` is the way in.
"""
