"""How a campaign goes, if nothing comes in between: the rules of the lane clock played forward.

Ticket by ticket, as `laneclock` gives them: the lane that is free first takes the next messages, a chunk's gate
is set by the end of its last send, hours and caps hold lanes back. As soon as a stretch is known in which nothing
but pace mattered it is repeated as often as fits before the next thing that can matter (a leap), so that a million
messages take no longer than a few thousand. Messages that are known not to leave end a leap. Where every delay is the
same a stretch ends only when all lanes stand as they stood at its beginning: what is repeated is then exact. Lanes
that are in no hurry to stand so (many, and chunks that they do not share evenly) are at last taken as they are.

The delays are draws spread evenly over their range in a fixed disorder: every forecast of the same campaign is the
same. What it does not know (retries, a lane that other campaigns share) makes the end later, never earlier.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from heapq import heapify, heappush, heapreplace

from dispatcher.domain.caps import Caps, Sent, next_midnight, room
from dispatcher.domain.hours import DAY_MS, Hours, open_until
from dispatcher.domain.hours import not_before as hours_not_before
from dispatcher.domain.pacing import JITTER_STEPS, Pacing, delay_ms, provider_busy_ms
from dispatcher.domain.parts import Diary

FARTHEST_MS = 3_660 * DAY_MS  # ten years: an end beyond that is none
STRETCH = 256  # tickets that tell the speed; a multiple of STRATA, so that their draws have the middle as mean
STRATA = 64
PATIENCE, LONGEST = 8 * STRETCH, 64 * STRETCH  # tickets, at first and at last, in which lanes may stand the same again
UNCAPPED, NOTHING_SENT = Caps(), Sent()


@dataclass(frozen=True, slots=True)
class Crew:
    """A sender's lanes, what holds it back, and what it has sent already."""

    lanes: int
    caps: Caps = UNCAPPED
    sent: Sent = NOTHING_SENT


def _draws() -> tuple[int, ...]:
    """Jitters in a fixed disorder; each 64 of them cover the range evenly."""
    found: list[int] = []
    seed = 1
    for _ in range(16):
        strata = [(2 * one + 1) * JITTER_STEPS // (2 * STRATA) for one in range(STRATA)]
        while strata:
            seed = (seed * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 2**64
            found.append(strata.pop((seed >> 33) % len(strata)))
    return tuple(found)


DRAWS = _draws()
MIDDLE = (JITTER_STEPS // 2,)


_Stand = tuple[list[tuple[int, int]], list[int], int]


@dataclass(slots=True)
class _Mark:
    """Where the course was at a moment that a stretch may begin with, and for how many tickets it is kept.

    `stand`: what tells how it goes on from there; None where delays differ: then it never stands the same again.
    """

    at: int
    next: int
    sent: list[int]
    tickets: int
    stand: _Stand | None
    patience: int = PATIENCE


@dataclass(slots=True)
class Course:
    """`lanes`: (free at, lane) as a heap. `parked`: lanes that wait for hours or the next day. `absent`: the places of
    messages that do not leave, in order, of which `passed` are behind; they take their place in a chunk and no time.
    """

    pacing: Pacing
    start: int
    next: int
    end: int
    crews: tuple[Crew, ...]
    call_ms: int
    hours: Hours | None
    absent: Sequence[int] = ()
    diary: Diary | None = None
    gate: int = field(init=False)
    last_end: int = field(init=False)
    lanes: list[tuple[int, int]] = field(init=False)
    crew_of: list[int] = field(init=False)
    sent: list[Sent] = field(init=False)
    day_end: list[int] = field(init=False)
    left_on_day: list[int] = field(init=False)
    delays: tuple[int, ...] = field(init=False)
    steady: bool = field(init=False)
    parked: set[int] = field(default_factory=set)
    tickets: int = 0
    open_from: int = 0
    open_until: int = 0
    settles: int = 0
    chunk: _Mark | None = None
    stretch: _Mark | None = None
    passed: int = 0

    def __post_init__(self) -> None:
        self.gate = self.last_end = self.start
        self.crew_of = [number for number, crew in enumerate(self.crews) for _ in range(crew.lanes)]
        self.lanes = [(self.start, lane) for lane in range(len(self.crew_of))]
        heapify(self.lanes)
        self.sent = [crew.sent for crew in self.crews]
        self.day_end, self.left_on_day = [0] * len(self.crews), [0] * len(self.crews)
        self.delays = tuple(delay_ms(self.pacing, jitter) for jitter in self._jitters())
        self.steady = len(set(self.delays)) == 1

    def _jitters(self) -> tuple[int, ...]:
        """One lane adds its delays up: the middle is enough, unless the larger of delay and chunk pause counts."""
        larger_counts = self.pacing.chunk_size and self.pacing.chunk_gap_ms < self.pacing.delay_max_ms
        return DRAWS if len(self.lanes) > 1 or larger_counts else MIDDLE

    def end_ms(self) -> int | None:
        """The end of the last send; None: not within ten years."""
        while self.next < self.end:
            free_at, lane = self.lanes[0]
            at = max(free_at, self.gate)
            ready = self._ready(lane, at)
            if ready - self.start > FARTHEST_MS:
                return None
            if ready > free_at:
                heapreplace(self.lanes, (ready, lane))
            elif not self._leap(at):
                self._take(lane, at)
        return self.last_end

    def _ready(self, lane: int, at: int) -> int:
        """The moment that hours and caps name at `at`; they are asked again when it has come."""
        crew = self.crew_of[lane]
        caps, last_ms = self.crews[crew].caps, self.sent[crew].last_ms
        full = self._room(crew, at) == 0
        ready = self.day_end[crew] if full else self._in_hours(at)
        if ready > at:
            self.parked.add(lane)
            self.chunk = self.stretch = None
        return max(ready, last_ms + caps.min_gap_ms) if last_ms else ready

    def _in_hours(self, at: int) -> int:
        if self.hours is None or self.open_from <= at < self.open_until:
            return at
        self.open_from = hours_not_before(self.hours, at).ms
        self.open_until = open_until(self.hours, self.open_from)
        return self.open_from

    def _take(self, lane: int, at: int) -> None:
        """The lane sends its next ticket and is free again after the delay; the last of a chunk sets the gate."""
        chunk, crew = self.pacing.chunk_size, self.crew_of[lane]
        size = min(self.pacing.batch, self.end - self.next)
        if chunk:
            size = min(size, chunk - self.next % chunk)
        left = self._room(crew, at)
        if left is not None:
            size = min(size, left)
        if self.diary and self.diary.turns(self.next, at):
            self.diary.turn(at)
        self.next += size
        leaving = size - self._pass(self.next)
        if leaving:
            self._send(lane, crew, leaving, at)
        if chunk and self.next % chunk == 0:
            self.gate = max(self.last_end, at) + self.pacing.chunk_gap_ms
        self.parked.discard(lane)

    def _send(self, lane: int, crew: int, messages: int, at: int) -> None:
        self.sent[crew] = Sent(self.sent[crew].today + messages, at)
        self.left_on_day[crew] -= messages
        end = at + self.call_ms + provider_busy_ms(self.pacing, messages)
        self.last_end = max(self.last_end, end)
        heapreplace(self.lanes, (end + self.delays[self.tickets % len(self.delays)], lane))
        self.tickets += 1
        if self.diary:
            self.diary.note(messages, at, self.last_end)

    def _pass(self, place: int) -> int:
        """How many of the messages up to that place do not leave; what was seen on the way is no stretch then."""
        before = self.passed
        while self.passed < len(self.absent) and self.absent[self.passed] < place:
            self.passed += 1
        if self.passed > before:
            self.chunk = self.stretch = None
        return self.passed - before

    def _room(self, crew: int, at: int) -> int | None:
        """How many more messages a sender's day has room for; a new day is counted from 0."""
        caps, sent = self.crews[crew].caps, self.sent[crew]
        if not (caps.daily_limit or caps.warm_up):
            return None
        if at >= self.day_end[crew]:
            self.left_on_day[crew] = room(caps, sent, at) or 0
            self.day_end[crew] = next_midnight(caps.zone, at)
            self.chunk = self.stretch = None
        return self.left_on_day[crew]

    # ------------------------------------------------------------ leaps

    def _leap(self, at: int) -> bool:
        """Repeat what was seen since a mark, if anything was; whole chunks where a chunk begins."""
        chunk, end = self.pacing.chunk_size, self._next_absent()
        if self.diary and self.diary.turns(self.next, at):
            self.stretch = None
        least = max(STRETCH, 8 * len(self.lanes)) * self.pacing.batch
        if chunk and self.next % chunk == 0:
            self.stretch = None
            mark, self.chunk = self.chunk, self._kept(self.chunk, at, least)
            if mark and mark is not self.chunk and self._repeat(mark, at, end):
                self.chunk = None
                return True
        if chunk and chunk < 3 * least:  # no stretch fits thrice
            return False
        if self.stretch is None:
            self.settles = self.next + 2 * len(self.lanes) * self.pacing.batch
        if self.next <= self.settles:  # lanes that begin together are faster at first
            self.stretch = self._mark(at)
        elif self.stretch:
            mark, self.stretch = self.stretch, self._kept(self.stretch, at, least)
            until = min(end, (self.next // chunk + 1) * chunk) if chunk else end
            return mark is not self.stretch and self._repeat(mark, at, until)
        return False

    def _kept(self, mark: _Mark | None, at: int, least: int) -> _Mark:
        """The mark, until the lanes stand as they stood there; one that has waited in vain gives way to a later one."""
        if mark is None:
            return self._mark(at)
        if self.next - mark.next < least:
            return mark
        here = replace(self._mark(at), patience=mark.patience)
        if here.stand == mark.stand:
            return here
        if self.tickets - mark.tickets < mark.patience:
            return mark
        return replace(here, patience=min(2 * mark.patience, LONGEST))

    def _next_absent(self) -> int:
        return self.absent[self.passed] if self.passed < len(self.absent) else self.end

    def _mark(self, at: int) -> _Mark:
        return _Mark(at, self.next, [sent.today for sent in self.sent], self.tickets, self._stand(at))

    def _stand(self, at: int) -> _Stand | None:
        """How long each lane is busy yet and every gap runs yet, and how long the last send takes yet."""
        if not self.steady:
            return None
        lanes = [(-1 if lane in self.parked else free_at - at, self.crew_of[lane]) for free_at, lane in self.lanes]
        gaps = [sent.last_ms + crew.caps.min_gap_ms - at for crew, sent in zip(self.crews, self.sent, strict=True)]
        return sorted(lanes), [max(gap, 0) for gap in gaps], max(self.last_end - at, 0)

    def _repeat(self, mark: _Mark, at: int, until: int) -> bool:
        """As often as the messages, the hours and every sender's day have room for, but one less."""
        length, messages = at - mark.at, self.next - mark.next
        if mark.patience < LONGEST and mark.stand != self._stand(at):
            return False
        each = [sent.today - before for sent, before in zip(self.sent, mark.sent, strict=True)]
        times = [(until - self.next) // messages]
        if length:
            times += [(quiet - at) // length for quiet in self._quiet_until(at)]
        for crew, more in enumerate(each):
            left = self._room(crew, at)
            times += [left // more] if left is not None and more else []
        again = min(times) - 1
        if again < 1:
            return False
        self._shift(again * length, again * messages, [again * more for more in each])
        if self.diary:
            self.diary.leap(again, length, messages)
        return True

    def _quiet_until(self, at: int) -> list[int]:
        ends = [*self.day_end, self.diary.until if self.diary else 0]
        quiet = [end for end in ends if end > at]
        return [*quiet, self.open_until] if self.hours else quiet

    def _shift(self, by_ms: int, messages: int, each: list[int]) -> None:
        self.next += messages
        self.gate += by_ms
        self.last_end += by_ms
        lanes = [(free_at if lane in self.parked else free_at + by_ms, lane) for free_at, lane in self.lanes]
        self.lanes = []
        for lane in lanes:
            heappush(self.lanes, lane)
        self.sent = [
            Sent(sent.today + more, sent.last_ms + by_ms if more else sent.last_ms)
            for sent, more in zip(self.sent, each, strict=True)
        ]
        self.left_on_day = [left - more for left, more in zip(self.left_on_day, each, strict=True)]
        self.stretch = None
