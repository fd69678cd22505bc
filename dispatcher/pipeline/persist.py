"""What a station does while a server is away: it tries again, or goes on without."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from time import monotonic
from typing import TypeVar

from dispatcher.domain.trouble import DispatcherTrouble
from dispatcher.telemetry import trouble

T = TypeVar("T")

_PAUSE_S = 0.25  # a server that is being restarted is back within seconds
_never = Event()


def persist(ask: Callable[[], T], at_most_s: float) -> T:
    """Call `ask` until it gets through; raises its DispatcherTrouble when `at_most_s` seconds have passed."""
    give_up = monotonic() + at_most_s
    while True:
        try:
            return ask()
        except DispatcherTrouble:
            if monotonic() >= give_up:
                raise
            _never.wait(_PAUSE_S)


@contextmanager
def if_reachable() -> Iterator[None]:
    """For what somebody else makes good: the ledger has it already, and the sweeper tells who missed it."""
    try:
        yield
    except DispatcherTrouble as met:
        trouble(met)
