"""Trouble with the servers that the dispatcher stands on, in our own words.

DispatcherTrouble
  Unavailable     Redis or PostgreSQL does not answer
    OlderSchema   PostgreSQL does, but its tables are those of another version
  ClockLost       Redis answers but has lost our memory: it is rebuilt from the ledger first
"""


class DispatcherTrouble(Exception):
    """Something under us does not work; sending waits and goes on by itself."""


class Unavailable(DispatcherTrouble):
    """The server cannot be reached now; whether the last command took effect is not known."""


class OlderSchema(Unavailable):
    """The ledger's tables are not those that this version knows: somebody must upgrade them."""

    def __init__(self) -> None:
        super().__init__("the ledger's schema is older than this version: run `dispatcher db upgrade`")


class ClockLost(DispatcherTrouble):
    """Redis is empty or another server than the one that was built up: nothing may be sent before the rebuild."""


class UnknownAccount(LookupError):
    """No account has that name."""
