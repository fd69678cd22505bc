"""Trying a write again while the server behind it is away."""

from collections.abc import Callable
from threading import Event
from time import monotonic

from dispatcher.domain.trouble import Unavailable

_PAUSE_S = 0.25
_never = Event()


def persist(write: Callable[[], object], at_most_s: float) -> None:
    """Call `write` until it gets through; raises its Unavailable when `at_most_s` seconds have passed."""
    give_up = monotonic() + at_most_s
    while True:
        try:
            write()
            return
        except Unavailable:
            if monotonic() >= give_up:
                raise
            _never.wait(_PAUSE_S)
