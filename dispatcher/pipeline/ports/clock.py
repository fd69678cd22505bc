"""The lane clock in Redis, with the campaigns and lanes that it knows. `coordination` implements these."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from dispatcher.domain.contactlock import ContactLock
from dispatcher.domain.ids import Lane
from dispatcher.domain.notbefore import NotBefore
from dispatcher.domain.tickets import (
    ALL_LEFT,
    Allowance,
    Begun,
    Departure,
    Ending,
    Finished,
    Landing,
    Plan,
    Released,
    Retry,
    Start,
    Ticket,
)


class LaneClock(Protocol):
    """When each lane may send next. Every method raises ClockLost while the clock has not been built."""

    def release(self, provider: str, room: int, limit: int) -> Released:
        """Take up to `limit` due lanes, as long as fewer than `room` tickets are out that nobody has begun."""

    def take_up(self, provider: str, ticket: Ticket, lease_ms: int) -> bool:
        """A worker is about to read what it needs to begin the ticket, which may kill it; its lease lasts anew. False:
        it was begun before, or lost its lane."""

    def begin(self, provider: str, ticket: Ticket, lease_ms: int, allowance: Allowance | None = None) -> Begun:
        """Renew the ticket's lease to now + lease_ms, once, and take its messages from the sender's day.

        Not held when it was begun before, lost its lane, or the day is not known. `allowance` None: no caps.
        """

    def begin_all(self, provider: str, starts: Sequence[Start]) -> Sequence[Begun]:
        """The same for tickets that are taken up together."""

    def depart(self, provider: str, ticket: Ticket, lease_ms: int, gap_ms: int = 0, unused_ms: int = 0) -> Departure:
        """Renew it once more: may its call start, `gap_ms` after the sender's last one? `unused_ms`: a start that it
        was told, and let pass. Not held when the lane was given to another ticket, or a pacer is deciding about it."""

    def spare(self, provider: str, ticket: Ticket) -> None:
        """The ticket's worker met trouble with a server before its claim, and lives: it is not to count as lost."""

    def silent_ms(self, provider: str, ticket: Ticket) -> int:
        """The lease within which a worker that had taken the ticket up was not heard of; 0: nobody had, or it lives."""

    def finish(
        self,
        provider: str,
        ticket: Ticket,
        jitter: int,
        busy_ms: int = 0,
        retries: Sequence[Retry] = (),
        landing: Landing = ALL_LEFT,
    ) -> Finished:
        """Free the lane at now + busy_ms + the delay that `jitter` draws from the campaign's pace, or when its rest
        is over; file retries."""

    def skip(
        self, provider: str, ticket: Ticket, retries: Sequence[Retry] = (), rest: NotBefore | None = None
    ) -> Finished:
        """Free the lane at once, or when its rest is over: nothing was sent, so no delay is due."""

    def end_all(self, provider: str, endings: Sequence[Ending]) -> Sequence[Finished]:
        """`finish` or `skip` for tickets that end together."""


class CampaignControl(Protocol):
    """What the clock knows of campaigns, and what it may release of them."""

    def plan(self, provider: str, plan: Plan) -> None:
        """Make a campaign known, or its end, pace, lanes and hold anew, and wake its lanes."""

    def forget(self, provider: str, campaign: int) -> None:
        """Drop a campaign: its cursor, its retries; flights of it may still finish."""

    def known(self, provider: str, place: int, limit: int) -> tuple[Sequence[int], int]:
        """About so many campaigns that the clock knows, behind a place, and the next place; 0: from the first again."""

    def hold_campaign(self, provider: str, campaign: int) -> None:
        """Release nothing more of a campaign (pause)."""

    def resume_campaign(self, provider: str, campaign: int) -> None: ...

    def idle(self, provider: str, campaign: int) -> bool:
        """Nothing of the campaign will be released: held, or no cursor to move, nothing waiting, nothing in flight."""


class LaneControl(Protocol):
    """Whether anything leaves on a lane."""

    def hold_lanes(self, provider: str, lanes: Sequence[Lane], until_ms: int | None) -> None:
        """Release nothing more on these lanes, until a moment or until they are resumed."""

    def resume_lanes(self, provider: str, lanes: Sequence[Lane]) -> None: ...

    def lift_rests(self, provider: str, lanes: Sequence[Lane]) -> None:
        """The policies of these lanes' senders changed: the next ticket asks them anew."""


class Retries(Protocol):
    """Messages that the clock releases at a time of their own."""

    def waiting(self, provider: str, campaign: int) -> int:
        """How many tickets of the campaign wait for a time of their own."""

    def file_retries(self, provider: str, campaign: int, retries: Sequence[Retry]) -> bool:
        """Release these messages (again) at their time, from whichever lane is free; not those that are out already.

        False: the clock does not know the campaign (it was forgotten when it was done); plan it first."""


class ClockBuilder(Protocol):
    """The verbs of a rebuild; they alone work while the clock is lost."""

    def is_ours(self) -> bool:
        """The memory in Redis is complete, and this server's own."""

    def clear(self) -> None: ...

    def put_locks(self, locks: Iterable[ContactLock]) -> int:
        """Who must not be written to; how many locks there were."""

    def plan(self, provider: str, plan: Plan, retries: Sequence[Retry]) -> None: ...

    def rest_lane(self, provider: str, lane: Lane, ready_ms: int) -> None:
        """A lane rests until then, or longer if it was told so before."""

    def hold_lanes(self, provider: str, lanes: Sequence[Lane], until_ms: int | None) -> None:
        """Lanes of a sender that is paused."""

    def put_flight(self, provider: str, ticket: Ticket, lease_ms: int) -> bool:
        """A message that is being sent, after its campaign was planned. False: another is on this lane already."""

    def complete(self) -> None:
        """The memory is complete: sending may go on."""
