"""Decisions, and nothing else: no clock, no chance, no I/O. Read `lifecycle` and `campaign` first."""
