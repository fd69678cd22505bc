"""The couriers: threads in every worker that bring callbacks to upstream apps, beside pacer and caretaker.

They share nothing with sends but the process: their calls have threads of their own, their statements connections of
their own. Any number of workers may run them; leases in the ledger keep them apart.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import BoundedSemaphore, Event
from time import monotonic

from dispatcher.domain.callbacks import Endpoint
from dispatcher.pipeline.courier import Courier

AT_MOST = 300  # endpoints at once: hundreds that have just died keep a thread of the worker's each for ten seconds
SLOW_AT_MOST = 100  # of them, those that took their time at the last calls
IDLE_S = 0.5  # how late a callback may be noticed
TROUBLE_S = 2.0  # the ledger does not answer: sends need it first
CLEAR_EVERY_S = 60.0


class Crew:
    """As many couriers as there are endpoints that wait, each in a thread that is made when it is needed. One of them
    at a time looks for an endpoint; when it has found one the next looks."""

    def __init__(
        self,
        courier: Courier,
        report: Callable[[Exception], None],
        halted: Event,
        at_most: int = AT_MOST,
        slow_at_most: int = SLOW_AT_MOST,
    ) -> None:
        self._courier = courier
        self._report = report
        self._halted = halted
        self._threads = ThreadPoolExecutor(at_most, "courier")
        self._room = BoundedSemaphore(at_most)
        self._slow_at_most = slow_at_most
        self._slow: set[int] = set()

    def run(self) -> None:
        """Until halted; turns that have begun are brought to their end by their threads."""
        while not self._halted.is_set():
            if self._room.acquire(timeout=IDLE_S):
                look_again_s: SimpleQueue[float] = SimpleQueue()
                self._threads.submit(self._serve, look_again_s)
                self._halted.wait(look_again_s.get())
        self._threads.shutdown(wait=False)

    def _serve(self, look_again_s: "SimpleQueue[float]") -> None:
        served: list[int] = []

        def taken(endpoint: Endpoint) -> None:
            served.append(endpoint.id)
            if endpoint.slow:
                self._slow.add(endpoint.id)
            look_again_s.put(0)

        try:
            if not self._courier.round(len(self._slow) < self._slow_at_most, taken):
                look_again_s.put(IDLE_S)
        except Exception as error:
            self._report(error)
            look_again_s.put(TROUBLE_S)
        finally:
            self._slow.difference_update(served)
            self._room.release()


class Clearing:
    """Forgets callbacks that are over, as a chore of the caretaker's."""

    def __init__(self, clear: Callable[[], int]) -> None:
        self._clear = clear
        self._next = monotonic() + CLEAR_EVERY_S

    def __call__(self) -> None:
        if monotonic() >= self._next:
            self._next = monotonic() + CLEAR_EVERY_S
            self._clear()
