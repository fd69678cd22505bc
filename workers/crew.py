"""The threads that tickets of one job share: begun together, each then goes to its provider's answer on its own.

Celery hands a worker jobs; under load a job carries several tickets that were due together, so that what a job costs
is paid once for all of them. The thread that took the job begins them, the crew makes the calls, and the job's thread
gathers those whose calls have ended.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from queue import Empty, SimpleQueue
from threading import Barrier, Event, Lock
from typing import Generic, NamedTuple, TypeVar

CREW = 96  # for three full jobs at once: calls in flight, and statements that many share, as many as pay

COMPANY_S = 0.01
"""Who has ended waits so long for others: a statement for all of a job costs little more than one for the first."""

T = TypeVar("T")


class Done(NamedTuple, Generic[T]):
    """A thing whose step is over, and what the step raised."""

    one: T
    failure: BaseException | None


class Gathering(Generic[T]):
    """Where things of a job arrive from their steps; `some` gives those that are there, once others could join."""

    def __init__(self, many: int) -> None:
        self._under_way = many
        self._ended: SimpleQueue[Done[T]] = SimpleQueue()
        self._counting, self._all = Lock(), Event()

    def put(self, one: T, failure: BaseException | None) -> None:
        self._ended.put(Done(one, failure))
        with self._counting:
            self._under_way -= 1
            if not self._under_way:
                self._all.set()

    def some(self) -> list[Done[T]]:
        """At least one; all that ended within `COMPANY_S` of the first."""
        found = [self._ended.get()]
        self._all.wait(COMPANY_S)
        with suppress(Empty):
            while True:
                found.append(self._ended.get_nowait())
        return found


class Crew:
    """So many threads, each lent to one step at a time; at least as many as a job carries tickets."""

    def __init__(self, size: int = CREW) -> None:
        self._threads = _started(size)
        self._free = size  # below zero: so many whoever stands at the door still lacks
        self._counting, self._door, self._enough = Lock(), Lock(), Lock()
        self._enough.acquire()

    def together(
        self,
        many: int,
        begin: Callable[[], Sequence[T]],
        step: Callable[[T], None],
        gather: Callable[[Sequence[T]], None],
    ) -> None:
        """Begin `many` things once there is a thread for each, take those that `begin` gives through `step`, all at
        once, and those whose step did not fail to `gather`, together those that ended within `COMPANY_S`.

        Raises what the first that failed raised, when all have ended. What was begun never waits for a thread: it would
        leave late, after a pause even. One alone needs none but the caller's.
        """
        threads = many if many > 1 else 0
        self._reserve(threads)
        begun: Sequence[T] = ()
        try:
            begun = begin()
        finally:
            self._give_back(threads - (len(begun) if len(begun) > 1 else 0))
        if len(begun) == 1:
            step(begun[0])
            gather(begun)
        elif begun:
            self._apart(begun, step, gather)

    def _apart(self, begun: Sequence[T], step: Callable[[T], None], gather: Callable[[Sequence[T]], None]) -> None:
        gathering = Gathering[T](len(begun))
        for one in begun:
            self._threads.submit(self._take, step, one, gathering)
        failures, left = list[BaseException](), len(begun)
        while left:
            found = gathering.some()
            left -= len(found)
            failures += [failure for _, failure in found if failure]
            good = [one for one, failure in found if not failure]
            try:
                if good:
                    gather(good)
            except Exception as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def _take(self, step: Callable[[T], None], one: T, gathering: Gathering[T]) -> None:
        failure: BaseException | None = None
        try:
            step(one)
        except BaseException as error:  # whatever it is, the job waits for it
            failure = error
        gathering.put(one, failure)
        self._give_back(1)

    def _reserve(self, threads: int) -> None:
        """One job after the other: two that had half of what they need each would wait for ever."""
        if not threads:
            return
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


@cache
def crew_of(pid: int) -> Crew:
    """Of a process: threads do not survive a fork."""
    return Crew()


def crew() -> Crew:
    return crew_of(os.getpid())
