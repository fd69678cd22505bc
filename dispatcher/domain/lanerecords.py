"""What the lane clock keeps of a flight, a lane and a campaign; `laneclock` has the rules.

All times are whole milliseconds of the clock's own time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dispatcher.domain.notbefore import Reason
from dispatcher.domain.pacing import Pacing
from dispatcher.domain.tickets import Ticket


@dataclass(slots=True)
class Flight:
    """A ticket that is out. `overdue`: a pacer was told that the lease ran out; it can no longer begin, only end.

    `lease`: how long the worker has that took it up (0: nobody did; less than a call's: it has not begun it yet).
    `kept`: messages that were taken from the sender's day, which ends at `day`; its start was given to it for `at`, and
    the one given out before that was at `before`. `spared`: its worker met trouble before the claim, and lives.
    `again`: what it carries waited for a time of its own.
    """

    ticket: Ticket
    until: int
    begun: bool = False
    overdue: bool = False
    lease: int = 0
    kept: int = 0
    day: int = 0
    at: int = 0
    before: int = 0
    spared: bool = False
    again: bool = False

    @property
    def is_offered(self) -> bool:
        """Nobody has begun it yet; after its lease nobody may any more."""
        return not self.begun and not self.overdue


@dataclass(slots=True)
class LaneRecord:
    """`ready`: when its delay ends. `held` until it is resumed; apart from that, nothing before `until`.

    `ring`: the campaigns that it serves, the highest priority first, and of equal ones the next in turn.
    `rest`: a policy of the sender has something against a send before then; `why` is its reason.
    """

    ready: int = 0
    ring: list[int] = field(default_factory=list)
    held: bool = False
    until: int = 0
    rest: int = 0
    why: str = ""

    @property
    def free_at(self) -> int:
        return max(self.ready, self.until, self.rest)

    def enlist(self, campaign: int, priority: Callable[[int], int]) -> None:
        """Put a campaign into the ring, behind those of its own priority and above."""
        place = len(self.ring)
        while place and priority(self.ring[place - 1]) < priority(campaign):
            place -= 1
        self.ring.insert(place, campaign)


@dataclass(slots=True)
class CampaignRecord:
    """A cursor next..end whose chunks up to `open` may go, not before `start` (asked for, or its hours: `why`) and
    `gate` (chunk pause).

    `flights`: tickets that are out. `last_end`: when the last send ended. `gone`: forgotten, but flights need its pace.
    """

    pacing: Pacing
    next: int
    end: int
    open: int = 0
    start: int = 0
    gate: int = 0
    last_end: int = 0
    flights: int = 0
    held: bool = False
    gone: bool = False
    priority: int = 0
    why: str = Reason.START
    account: int = 0

    @property
    def has_work(self) -> bool:
        size = self.pacing.chunk_size
        return self.next < self.end and (size == 0 or self.next // size <= self.open)

    def open_chunk(self) -> None:
        """The chunk of the cursor; between two chunks the one before, as long as sends of it are out."""
        size = self.pacing.chunk_size
        self.open = self.next // size if size else 0
        if size and self.flights and self.open and self.next % size == 0:
            self.open -= 1

    def close_chunk(self) -> None:
        """Open the next chunk if this one is through: all given, none out, more to come."""
        size = self.pacing.chunk_size
        if size and not self.flights and self.next == (self.open + 1) * size and self.next < self.end:
            self.open += 1
            if self.last_end:
                self.gate = max(self.gate, self.last_end + self.pacing.chunk_gap_ms)

    def reopen_chunk(self) -> None:
        """The chunk before, for a message of it was never sent; not if anything of this one was given."""
        if self.open and self.next == self.open * self.pacing.chunk_size:
            self.open -= 1


def why_waiting(
    lane: LaneRecord, flight: Flight | None, next_ms: int | None, campaigns: Sequence[CampaignRecord], now: int
) -> str:
    """One word for what a lane waits for; `campaigns` are those of its ring, `next_ms` its time on the clock.

    in_flight | overdue             a ticket of it is out | and its lease has run out
    paused | halted                 held until resumed | until a moment
    due                             nothing: a pacer takes it next
    delay                           the pause after its last send
    hours | daily_limit | …         a policy of its sender, by the word in `notbefore`
    start | chunk_pause | retry     its campaigns': the start, the gate of the next chunk, another try's time
    hours | holiday                 its campaigns', where each waits for hours of its own
    campaign_paused | chunk_ends    its campaigns are held | wait for the last sends of a chunk
    idle                            there is nothing to send
    """
    if flight:
        return "overdue" if flight.overdue or flight.until <= now else "in_flight"
    if lane.held:
        return "paused"
    if next_ms is None:
        return _why_off_the_clock(campaigns)
    if max(next_ms, lane.free_at) <= now:
        return "due"
    if next_ms <= lane.free_at:
        return _why_not_free(lane)
    for campaign in campaigns:
        if campaign.start == next_ms:
            return campaign.why
    return "chunk_pause" if any(campaign.gate == next_ms for campaign in campaigns) else "retry"


def _why_not_free(lane: LaneRecord) -> str:
    if lane.rest == lane.free_at and lane.why:
        return lane.why
    return "halted" if lane.until > lane.ready else "delay"


def _why_off_the_clock(campaigns: Sequence[CampaignRecord]) -> str:
    if any(campaign.next < campaign.end and not campaign.held for campaign in campaigns):
        return "chunk_ends"
    return "campaign_paused" if any(campaign.held for campaign in campaigns) else "idle"
