"""The couriers: a few threads in every worker that bring callbacks to upstream apps, beside pacer and caretaker.

They share nothing with sends but the process: their calls have threads of their own, their statements connections of
their own. Any number of workers may run them; leases in the ledger keep them apart.
"""

from collections.abc import Callable
from threading import Event
from time import monotonic

from dispatcher.pipeline.courier import Courier

COURIERS = 4  # endpoints that a worker serves at once: one that takes its time keeps one of them
FOR_SLOW = 2  # of them, those that also serve endpoints that took their time the last time
IDLE_S = 0.5  # how late a callback may be noticed
TROUBLE_S = 2.0  # the ledger does not answer: sends need it first
CLEAR_EVERY_S = 60.0


def bring(courier: Courier, report: Callable[[Exception], None], halted: Event) -> None:
    """Give endpoints their turns until halted."""
    while not halted.is_set():
        try:
            if not courier.round():
                halted.wait(IDLE_S)
        except Exception as error:
            report(error)
            halted.wait(TROUBLE_S)


class Clearing:
    """Forgets callbacks that are over, as a chore of the caretaker's."""

    def __init__(self, clear: Callable[[], int]) -> None:
        self._clear = clear
        self._next = monotonic() + CLEAR_EVERY_S

    def __call__(self) -> None:
        if monotonic() >= self._next:
            self._next = monotonic() + CLEAR_EVERY_S
            self._clear()
