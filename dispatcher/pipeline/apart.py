"""What breaks by itself is kept apart: it is told about, and the others go on.

A server that is away is no such case: it concerns everybody, and whoever asked tries again.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from dispatcher.domain.trouble import DispatcherTrouble
from dispatcher.telemetry import emit

T = TypeVar("T")


def _sweep_broken(error: Exception) -> None:
    emit("sweep.broken", "error", exc_info=error)


def each(things: Iterable[T], act: Callable[[T], object], tell: Callable[[Exception], None] = _sweep_broken) -> None:
    """Do it to each of them, whichever breaks. Raises DispatcherTrouble."""
    for thing in things:
        with apart(tell):
            act(thing)


@contextmanager
def apart(tell: Callable[[Exception], None] = _sweep_broken) -> Iterator[None]:
    """Goes on behind the block when something in it breaks, and tells what. Raises DispatcherTrouble."""
    try:
        yield
    except DispatcherTrouble:
        raise
    except Exception as error:
        tell(error)
