"""Measures of the whole system on this machine, each beside what it is compared with.

Read `command`, then `sending`, `pools` and `intake`. They stand on `ground`, and `report` tells what they found.
"""
