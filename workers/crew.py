"""The threads that tickets of one job share: begun together, each then goes its own way to its outcome.

Celery hands a worker jobs; under load a job carries several tickets that were due together, so that what a job costs
is paid once for all of them. The thread that took the job begins them and takes the first, the crew the others.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Barrier, Lock
from typing import TypeVar

CREW = 96  # for six jobs at once: calls in flight, and statements that many share, as many as pay

T = TypeVar("T")


class Crew:
    """So many threads, each lent to one step at a time; at least as many as a job carries tickets."""

    def __init__(self, size: int = CREW) -> None:
        self._threads = _started(size)
        self._free = size  # below zero: so many are wanting to whoever stands at the door
        self._counting, self._door, self._enough = Lock(), Lock(), Lock()
        self._enough.acquire()

    def together(self, many: int, begin: Callable[[], Sequence[T]], step: Callable[[T], None]) -> None:
        """Begin `many` things once there is a thread for each, and take those that `begin` gives through `step`, all at
        once; raises what the first that failed raised, when all have ended.

        What was begun never waits for a thread: it would leave late, after a pause even.
        """
        if many > 1:
            self._reserve(many - 1)
        begun: Sequence[T] = ()
        try:
            begun = begin()
        finally:
            self._give_back(max(1, many) - max(1, len(begun)))
        futures = [self._threads.submit(self._apart, step, one) for one in begun[1:]]
        failures = [*(_failure(step, one) for one in begun[:1]), *(future.exception() for future in futures)]
        for failure in filter(None, failures):
            raise failure

    def _reserve(self, threads: int) -> None:
        """One job after the other: two that had half of what they need each would wait for ever."""
        with self._door:
            with self._counting:
                self._free -= threads
                wanting = self._free < 0
            if wanting:
                self._enough.acquire()

    def _give_back(self, threads: int) -> None:
        with self._counting:
            wanting = self._free < 0
            self._free += threads
            if wanting and self._free >= 0:
                self._enough.release()

    def _apart(self, step: Callable[[T], None], one: T) -> None:
        try:
            step(one)
        finally:
            self._give_back(1)


def _started(size: int) -> ThreadPoolExecutor:
    """All threads at once: one that the system refuses is refused before anything was begun for it."""
    threads, all_there = ThreadPoolExecutor(size, thread_name_prefix="crew"), Barrier(size + 1)
    try:
        for _ in range(size):
            threads.submit(all_there.wait)
    except RuntimeError:
        all_there.abort()
        threads.shutdown(wait=False, cancel_futures=True)
        raise
    all_there.wait()
    return threads


def _failure(step: Callable[[T], None], one: T) -> BaseException | None:
    try:
        step(one)
    except Exception as error:
        return error
    return None


@cache
def crew_of(pid: int) -> Crew:
    """Of a process: threads do not survive a fork."""
    return Crew()


def crew() -> Crew:
    return crew_of(os.getpid())
