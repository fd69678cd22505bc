"""Measures of the whole system on this machine, each beside what it is compared with. Read `pools`."""
