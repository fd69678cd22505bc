"""Building the memory of Redis anew from the ledger, when it was lost or another server took over.

    builder.is_ours()             complete, and of this very server: nothing to do
    builder.clear()               from here on every verb of others raises ClockLost
    builder.put_locks(…)          who must not be written to
    builder.plan(…)               each open campaign, with its messages that wait for another try
    builder.rest_lane(…)          each lane waits a drawn delay: no burst after a loss
    builder.hold_lanes(…)         senders that are paused
    builder.put_flight(…)         each message that is being sent
    builder.complete()            work goes on

Two builds at once are the caller's to prevent (an advisory lock of PostgreSQL); should it fail to, the one
that began first gets ClockLost at its end.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import redis

from dispatcher.coordination import keys
from dispatcher.coordination.connection import our_words
from dispatcher.coordination.epoch import begin_build, clock_is_ours, end_build
from dispatcher.coordination.laneclock import LaneClock
from dispatcher.coordination.locks import restore
from dispatcher.domain.contactlock import ContactLock
from dispatcher.domain.ids import Lane
from dispatcher.domain.tickets import Plan, Retry, Ticket
from dispatcher.domain.trouble import ClockLost
from dispatcher.secrecy import Secrecy

AT_ONCE = 1000  # in one call: a script of so many takes a few milliseconds


class ClockBuilder:
    """`ports.clock.ClockBuilder` for some providers: these verbs alone work while the clock is lost."""

    def __init__(
        self,
        client: redis.Redis,
        secrecy: Secrecy,
        providers: Sequence[str],
        now_ms: Callable[[], int] | int = 0,
    ) -> None:
        self._client = client
        self._secrecy = secrecy
        self._providers = providers
        self._clock = LaneClock(client, now_ms=now_ms, rebuilding=True)
        self._mark: str | None = None
        self._resting: dict[str, list[tuple[Lane, int]]] = {}

    def is_ours(self) -> bool:
        """The memory in Redis is complete, and this server's own."""
        return clock_is_ours(self._client)

    def clear(self) -> None:
        """Forget lanes, campaigns, flights, retries and locks; nothing is released until `complete`."""
        self._mark = begin_build(self._client)
        self._resting.clear()
        with our_words():
            for provider in self._providers:
                self._client.unlink(*keys.memory(provider))
            locks = self._client.scan_iter(match=keys.LOCKS, count=AT_ONCE)
            while some := list(islice(locks, AT_ONCE)):
                self._client.unlink(*some)

    def put_locks(self, locks: Iterable[ContactLock]) -> int:
        """Who must not be written to; how many locks there were."""
        return restore(self._client, self._secrecy, locks)

    def plan(self, provider: str, plan: Plan, retries: Sequence[Retry]) -> None:
        """An open campaign, and its messages that wait for another try."""
        self._clock.plan(provider, plan)
        if retries:
            self._clock.file_retries(provider, plan.campaign, retries)

    def rest_lane(self, provider: str, lane: Lane, ready_ms: int) -> None:
        """A lane rests until then, or longer if it was told so before. Sent in bulk, by `complete` at the latest."""
        resting = self._resting.setdefault(provider, [])
        resting.append((lane, ready_ms))
        if len(resting) >= AT_ONCE:
            self._clock.rest_lanes(provider, self._resting.pop(provider))

    def hold_lanes(self, provider: str, lanes: Sequence[Lane], until_ms: int | None) -> None:
        """Senders that are paused, until a moment or until they are resumed."""
        self._clock.hold_lanes(provider, lanes, until_ms)

    def put_flight(self, provider: str, ticket: Ticket, lease_ms: int) -> bool:
        """A message that is being sent, after its campaign was planned. False: another is on this lane already."""
        return self._clock.put_flight(provider, ticket, lease_ms)

    def complete(self) -> None:
        """Everything is there. ClockLost when it is not: the server was restarted meanwhile; clear and begin again."""
        if self._mark is None:
            raise ClockLost("a rebuild begins with clear()")
        for provider, resting in self._resting.items():
            self._clock.rest_lanes(provider, resting)
        end_build(self._client, self._mark)
        self._mark = None
