"""The rules of the lane clock at work: campaigns driven to their end, every start compared with what was promised."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.domain.ids import Lane
from dispatcher.domain.laneclock import PlainClock
from dispatcher.domain.pacing import JITTER_STEPS, Pacing, delay_ms
from dispatcher.domain.tickets import Plan, Ticket

ROOM = 10**6
START = 1_000


@dataclass
class Send:
    ticket: Ticket
    start: int
    end: int = 0
    delay: int = 0


@dataclass
class Run:
    """Pacers and workers without delay of their own; a call lasts 0..`call_ms`."""

    clock: PlainClock
    chance: Random
    call_ms: int = 50
    now: int = START
    sends: list[Send] = field(default_factory=list)
    flying: list[tuple[int, int, Send]] = field(default_factory=list)

    def until_done(self) -> list[Send]:
        self._release()
        while self.clock.clock:
            self.now = min(
                [at for at in self.clock.clock.values() if at > self.now] + [send[0] for send in self.flying]
            )
            while self.flying and self.flying[0][0] <= self.now:
                self._land(heappop(self.flying)[2])
            self._release()
        return self.sends

    def _release(self) -> None:
        for ticket in self.clock.release(ROOM, ROOM, f"{len(self.sends)}", self.now).tickets:
            send = Send(ticket, self.now, self.now + self.chance.randint(0, self.call_ms))
            assert self.clock.begin(ticket, 10**6, self.now)
            heappush(self.flying, (send.end, len(self.sends), send))
            self.sends.append(send)

    def _land(self, send: Send) -> None:
        jitter = self.chance.randrange(JITTER_STEPS)
        send.delay = delay_ms(self.clock.campaigns[send.ticket.campaign].pacing, jitter)
        assert self.clock.finish(send.ticket, jitter, 0, [], self.now).held


def run(seed: int, *plans: Plan) -> list[Send]:
    clock = PlainClock()
    for plan in plans:
        clock.plan(plan, START)
    return Run(clock, Random(seed)).until_done()


def wallet(size: int) -> tuple[Lane, ...]:
    return tuple(Lane(sender, 0) for sender in range(size))


def by_lane(sends: list[Send]) -> list[list[Send]]:
    lanes: dict[Lane, list[Send]] = defaultdict(list)
    for send in sends:
        lanes[send.ticket.lane].append(send)
    return list(lanes.values())


paces = st.builds(
    lambda low, spread, size, gap, batch: Pacing(low, low + spread, size, gap, batch),
    st.integers(0, 200),
    st.integers(0, 200),
    st.integers(0, 7),
    st.integers(0, 500),
    st.integers(1, 3),
)


@given(paces, st.integers(1, 40), st.integers(1, 5), st.integers(0, 2**32))
def test_promise_2_and_4_every_message_once_and_chunks_to_the_millisecond(
    pace: Pacing, total: int, lanes: int, seed: int
) -> None:
    sends = run(seed, Plan(9, 0, total, pace, wallet(lanes)))
    covered = [seq for send in sends for seq in range(send.ticket.seq, send.ticket.seq + send.ticket.size)]
    assert covered == list(range(total))
    chunks: dict[int, list[Send]] = defaultdict(list)
    for send in sends:
        chunks[send.ticket.seq // pace.chunk_size if pace.chunk_size else 0].append(send)
    for number in range(1, len(chunks)):
        gate = max(send.end for send in chunks[number - 1]) + pace.chunk_gap_ms
        ready = min(_ready_at(sends, lane, chunks[number][0]) for lane in wallet(lanes))
        assert chunks[number][0].start == max(gate, ready), "not before the pause is over, and not a millisecond later"


def _ready_at(sends: list[Send], lane: Lane, before: Send) -> int:
    mine = [send for send in sends[: sends.index(before)] if send.ticket.lane == lane]
    return mine[-1].end + mine[-1].delay if mine else 0


@given(paces, st.integers(0, 2**32), st.integers(1, 3))
def test_promise_3_a_lane_starts_exactly_when_its_delay_is_over(pace: Pacing, seed: int, lanes: int) -> None:
    free = Pacing(pace.delay_min_ms, pace.delay_max_ms)
    for sends in by_lane(run(seed, Plan(9, 0, 30, free, wallet(lanes)))):
        for one, two in pairwise(sends):
            assert two.start == one.end + one.delay
            assert free.delay_min_ms <= one.delay <= free.delay_max_ms


@settings(max_examples=20)
@given(st.integers(0, 2**32))
def test_promise_3_draws_are_uniform(seed: int) -> None:
    """Kolmogorov-Smirnov over a few lanes; the bound is passed by chance once in 10^8 tries."""
    low, high = 1000, 4000
    sends = run(seed, Plan(9, 0, 2000, Pacing(low, high), wallet(4)))
    gaps = sorted(two.start - one.end for lane in by_lane(sends) for one, two in pairwise(lane))
    expected = [(gap - low + 0.5) / (high - low + 1) for gap in gaps]
    distance = max(abs(place / len(gaps) - share) for place, share in enumerate(expected, start=1))
    assert distance < 3.1 / len(gaps) ** 0.5


def test_every_delay_of_the_range_is_drawn_equally_often() -> None:
    pace = Pacing(3, 9)
    counts = Counter(delay_ms(pace, jitter) for jitter in range(JITTER_STEPS))
    assert sorted(counts) == list(range(3, 10))
    assert max(counts.values()) - min(counts.values()) <= 1


@given(st.integers(0, 2**32))
def test_campaigns_share_a_lane_evenly(seed: int) -> None:
    sends = run(seed, *(Plan(campaign, 0, 20, Pacing(1, 5), wallet(1)) for campaign in (7, 8, 9)))
    for place in range(0, 60, 3):
        assert {send.ticket.campaign for send in sends[place : place + 3]} == {7, 8, 9}


def test_a_slow_lane_does_not_hold_up_a_wallet() -> None:
    """The cursor is shared: who is free takes the next message."""
    clock = PlainClock()
    clock.plan(Plan(9, 0, 10, Pacing(), wallet(2)), 0)
    slow, quick = clock.release(ROOM, ROOM, "t", 0).tickets
    for turn in range(8):
        clock.finish(quick, 0, 0, [], turn)
        (quick,) = clock.release(ROOM, ROOM, f"t{turn}", turn).tickets
    assert (slow.seq, quick.seq) == (0, 9)
