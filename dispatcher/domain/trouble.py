"""Trouble with the servers that the dispatcher stands on, in our own words.

DispatcherTrouble
  Unavailable     Redis or PostgreSQL does not answer
  ClockLost       Redis answers but has lost our memory: it is rebuilt from the ledger first
"""


class DispatcherTrouble(Exception):
    """Something under us does not work; sending waits and goes on by itself."""


class Unavailable(DispatcherTrouble):
    """The server cannot be reached now; whether the last command took effect is not known."""


class ClockLost(DispatcherTrouble):
    """Redis is empty or another server than the one that was built up: nothing may be sent before the rebuild."""


class UnknownAccount(LookupError):
    """No account has that name."""
