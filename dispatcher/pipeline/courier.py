"""Bringing callbacks to upstream apps: a round takes one endpoint, and brings it what is due, some at a time.

Who holds an endpoint's lease is the only one who brings something there; of one message only the first event that
waits is brought, so what happened to it arrives in order. A courier that dies leaves its lease to run out, and what
it had not written down is brought again, under the same id.

An endpoint has its turn for `TURN_S`, or until something goes wrong there; then the one that has waited longest has
its own. The turn of one that was quick begins with a single call, so that hundreds that have just died cost a thread
each and not ten. Nothing here touches a lane, a job or the broker.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

from dispatcher.domain.callbacks import Answer, Callback, CallbackState, Endpoint, Mark, Rest, mark_of, rest_of
from dispatcher.telemetry import emit

AT_ONCE = 10  # calls to one endpoint: one that takes 100 ms is brought a hundred events a second
FIRST = 1  # call of the turn of one that was quick
PROBES = 3  # calls to one that answered nothing well the last time: one of them may be an event that it never takes
TURN_S = 5.0
WAVE_S = 25.0  # above connecting and an answer's time-out: only an endpoint that drips takes longer
TOO_SLOW = Answer("read_timeout")
NOTHING_S = 0.3  # what is due waits behind what is not: look again in a while
BROKEN_S = 60.0  # a fault of ours at one endpoint, such as a secret that cannot be read: others have their turns
LEASE_S = 45.0  # above the longest wave, and looking the host up before it
SLOW_MS = 2_000  # who takes longer is one of the slow ones, of which a worker serves only so many at once


class CallbackBook(Protocol):
    def take(self, lease_s: float, slow_too: bool) -> Endpoint | None:
        """Lease the endpoint with something due that waited longest for its turn; None: there is none. Those that
        nobody has called come last; without `slow_too` those that were slow the last time are left alone."""

    def due(self, endpoint: int, limit: int) -> Sequence[Callback]:
        """The first waiting event of each message, those that are due; none when the endpoint is somebody else's."""

    def settle(self, endpoint: int, marks: Sequence[Mark], rest: Rest, lease_s: float) -> bool:
        """Write down what became of some, and renew the lease; False when the endpoint is somebody else's by now."""

    def give_back(self, endpoint: int, pause_s: float) -> None:
        """Let others have it, after a pause."""


class Post(Protocol):
    def post(self, callback: Callback) -> Answer: ...


def _at_first(endpoint: Endpoint) -> int:
    """How many calls a turn begins with. Who is known to be slow may have its turn over after them."""
    if endpoint.failures:
        return PROBES
    return AT_ONCE if endpoint.slow else FIRST


@contextmanager
def _some_threads() -> Iterator[ThreadPoolExecutor]:
    """A turn's own: what drips in one does not take them from others. They are made when they are needed."""
    threads = ThreadPoolExecutor(AT_ONCE, "callbacks")
    try:
        yield threads
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class Courier:
    """Serves endpoints, any number at once, each round in a thread of its caller's. `outbox` opens the way to one.

    `now_ms` is the book's clock; `jitter` draws from 0 .. JITTER_STEPS - 1. `wave_s`: how long the calls of a wave are
    waited for.
    """

    book: CallbackBook
    outbox: Callable[[Endpoint], AbstractContextManager[Post]]
    now_ms: Callable[[], int]
    jitter: Callable[[], int]
    wave_s: float = WAVE_S

    def round(self, slow_too: bool = True, taken: Callable[[Endpoint], None] = lambda _: None) -> bool:
        """Give one endpoint its turn; False when nobody waits for one. `taken` is told whose it is before it begins;
        without `slow_too` it is none that took its time at the last calls. Raises DispatcherTrouble."""
        endpoint = self.book.take(LEASE_S, slow_too)
        if endpoint is None:
            return False
        taken(endpoint)
        pause_s = BROKEN_S
        try:
            pause_s = self._turn(endpoint)
        finally:
            self.book.give_back(endpoint.id, pause_s)
        return True

    def _turn(self, endpoint: Endpoint) -> float:
        """Seconds after which the endpoint may have its next."""
        began_ms = self.now_ms()
        over_ms = began_ms + int(TURN_S * 1000)
        limit = _at_first(endpoint)
        with _some_threads() as threads, self.outbox(endpoint) as outbox:
            while due := self.book.due(endpoint.id, limit):
                posts = [threads.submit(outbox.post, one) for one in due]
                if not self._wave(endpoint, posts, due, began_ms):
                    return 0
                endpoint, began_ms = replace(endpoint, failures=0, failing_since_ms=None), self.now_ms()
                if began_ms >= over_ms:
                    return 0
                limit = AT_ONCE
        return NOTHING_S

    def _wave(
        self, endpoint: Endpoint, posts: Sequence[Future[Answer]], due: Sequence[Callback], began_ms: int
    ) -> bool:
        """Write down some calls; False when something went wrong, or the endpoint is somebody else's by now."""
        answers = self._answers(posts)
        now_ms = self.now_ms()
        marks = [mark_of(one, answer, now_ms, self.jitter()) for one, answer in zip(due, answers, strict=True)]
        rest = rest_of(endpoint, answers, now_ms, self.jitter())._replace(slow=now_ms - began_ms > SLOW_MS)
        if not self.book.settle(endpoint.id, marks, rest, LEASE_S):
            return False
        self._tell(endpoint, due, marks, rest)
        return not any(answer.trouble for answer in answers)

    def _answers(self, posts: Sequence[Future[Answer]]) -> list[Answer]:
        """One that drips in for longer than its client may wait is left; closing the outbox ends it."""
        wait(posts, self.wave_s)
        return [TOO_SLOW if post.cancel() or not post.done() else post.result() for post in posts]

    def _tell(self, endpoint: Endpoint, due: Sequence[Callback], marks: Sequence[Mark], rest: Rest) -> None:
        if rest.disabled:
            emit("callback.disabled", "warning", endpoint=endpoint.id, reason=rest.disabled)
        for callback, mark in zip(due, marks, strict=True):
            if mark.state is CallbackState.FAILED:
                emit("callback.failed", "warning", campaign=callback.campaign, type=callback.type, reason=mark.trouble)
