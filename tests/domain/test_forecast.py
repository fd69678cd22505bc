"""The end of a campaign, worked out by hand."""

from collections.abc import Sequence
from datetime import UTC, datetime
from heapq import heappop, heappush
from random import Random
from statistics import mean
from time import thread_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.domain.caps import Caps, Sent, not_before
from dispatcher.domain.forecast import Crew, chunk_count, finish_ms
from dispatcher.domain.hours import DAY_MS, Hours
from dispatcher.domain.hours import not_before as hours_not_before
from dispatcher.domain.hours_written import read_hours
from dispatcher.domain.ids import Lane
from dispatcher.domain.laneclock import PlainClock
from dispatcher.domain.notbefore import latest
from dispatcher.domain.pacing import JITTER_STEPS, Pacing, provider_busy_ms
from dispatcher.domain.tickets import Plan, Ticket

TWO_TO_FOUR = Pacing(delay_min_ms=2_000, delay_max_ms=4_000)
CHUNKS = Pacing(delay_min_ms=1_000, delay_max_ms=1_000, chunk_size=10, chunk_gap_ms=60_000)


@pytest.mark.parametrize(
    ("pacing", "settled", "remaining", "lanes", "end_ms"),
    [
        pytest.param(TWO_TO_FOUR, 0, 1, 1, 0, id="one message waits for nothing"),
        pytest.param(TWO_TO_FOUR, 0, 11, 1, 30_000, id="ten delays between eleven messages"),
        pytest.param(Pacing(3_000, 3_000), 0, 11, 5, 6_000, id="five lanes need three rounds"),
        pytest.param(TWO_TO_FOUR, 5, 0, 1, 0, id="nothing left"),
        pytest.param(CHUNKS, 0, 10, 1, 9_000, id="one full chunk has no gap"),
        pytest.param(CHUNKS, 0, 11, 1, 9_000 + 60_000, id="the gap before a chunk of one"),
        pytest.param(CHUNKS, 0, 25, 1, 9_000 + 60_000 + 9_000 + 60_000 + 4_000, id="three chunks"),
        pytest.param(CHUNKS, 7, 5, 1, 2_000 + 60_000 + 1_000, id="three left of the open chunk, two of the next"),
        pytest.param(CHUNKS, 10, 15, 1, 9_000 + 60_000 + 4_000, id="a chunk just closed"),
        pytest.param(Pacing(1_000, 3_000, batch=5), 0, 10, 1, 2 * 12_000 + 2_000, id="batches the provider spaces"),
    ],
)
def test_the_end_is_the_sum_of_delays_and_gaps(
    pacing: Pacing, settled: int, remaining: int, lanes: int, end_ms: int
) -> None:
    assert finish_ms(pacing, 1_000_000, settled, remaining, lanes) == 1_000_000 + end_ms


def test_calls_take_their_time() -> None:
    assert finish_ms(TWO_TO_FOUR, 0, 0, 3, 1, call_ms=500) == 3 * 500 + 2 * 3_000


def test_without_lanes_there_is_no_end() -> None:
    assert finish_ms(TWO_TO_FOUR, 0, 0, 3, 0) is None


@pytest.mark.parametrize(("total", "size", "count"), [(0, 0, 0), (7, 0, 1), (10, 5, 2), (11, 5, 3)])
def test_chunks_are_counted(total: int, size: int, count: int) -> None:
    assert chunk_count(total, size) == count


# ------------------------------------------------------------ against the lane clock's twin

BEGIN = int(datetime(2026, 11, 18, 10, tzinfo=UTC).timestamp()) * 1000  # a Wednesday
OFFICE = read_hours({"timezone": "UTC", "windows": ["mon-fri 10:00-10:20", "mon-sun 23:50-00:10"]})
ALL_DAY = read_hours({"timezone": "UTC", "windows": ["mon-sun 00:00-24:00"]})
CALL_MS = 40


def played(pacing: Pacing, total: int, crews: Sequence[Crew], hours: Hours, seed: int) -> int:
    """The end as the twin of the lane clock plays it; a lane that a policy speaks against is held until then."""
    clock, chance = PlainClock(), Random(seed)
    lanes = tuple(Lane(sender, slot) for sender, crew in enumerate(crews) for slot in range(crew.lanes))
    clock.plan(Plan(9, 0, total, pacing, lanes), BEGIN)
    sent = [crew.sent for crew in crews]
    flying: list[tuple[int, Ticket]] = []
    now = end = BEGIN
    while clock.clock:
        while ticket := _released(clock, crews, sent, hours, now):
            before = sent[ticket.lane.sender_id]
            today = before.today if before.last_ms // DAY_MS == now // DAY_MS else 0
            sent[ticket.lane.sender_id] = Sent(today + ticket.size, now)
            assert clock.begin(ticket, 10**9, now)
            heappush(flying, (now + CALL_MS, ticket))
        ahead = [at for lane, at in clock.clock.items() if at > now and lane not in clock.flights]
        now = min(ahead + [flight[0] for flight in flying[:1]], default=now)
        while flying and flying[0][0] <= now:
            ticket = heappop(flying)[1]
            busy = provider_busy_ms(pacing, ticket.size)
            end = max(end, now + busy)
            clock.finish(ticket, chance.randrange(JITTER_STEPS), busy, [], now)
    return end


def _released(clock: PlainClock, crews: Sequence[Crew], sent: Sequence[Sent], hours: Hours, now: int) -> Ticket | None:
    for lane in [lane for lane, at in clock.clock.items() if at <= now and lane not in clock.flights]:
        answers = hours_not_before(hours, now), not_before(crews[lane.sender_id].caps, sent[lane.sender_id], now)
        if (wait := latest(answers)) and wait.ms > now:
            clock.hold_lanes([lane], wait.ms, now)
    return next(iter(clock.release(1, 10**6, f"{now}-{sum(one.today for one in sent)}", now).tickets), None)


def expected(pacing: Pacing, total: int, crews: Sequence[Crew], hours: Hours) -> float:
    return mean(played(pacing, total, crews, hours, seed) for seed in range(3)) - BEGIN


def close(found: int | None, wanted: float, pacing: Pacing) -> bool:
    assert found is not None
    return abs(found - BEGIN - wanted) <= 0.05 * wanted + pacing.delay_max_ms


paces = st.builds(
    lambda low, spread, size, gap, batch: Pacing(low, low + spread, size, gap, batch),
    st.integers(0, 3_000),
    st.integers(0, 3_000),
    st.one_of(st.just(0), st.integers(1, 400)),
    st.integers(0, 30_000),
    st.integers(1, 3),
)


@settings(max_examples=40, deadline=None)
@given(paces, st.integers(300, 1_500), st.integers(1, 8))
def test_the_forecast_agrees_with_the_lane_clock_within_5_percent(pacing: Pacing, total: int, lanes: int) -> None:
    found = finish_ms(pacing, BEGIN, 0, total, lanes, CALL_MS)
    assert close(found, expected(pacing, total, [Crew(lanes)], ALL_DAY), pacing)


@settings(max_examples=12, deadline=None)
@given(
    st.builds(
        lambda low, size, gap: Pacing(low, 2 * low, size, gap), st.integers(200, 2_000), *([st.integers(0, 90)] * 2)
    ),
    st.integers(200, 2_000),
    st.lists(
        st.builds(
            lambda lanes, limit, gap: Crew(lanes, Caps(limit, gap, zone="UTC")),
            st.integers(1, 3),
            st.one_of(st.just(0), st.integers(100, 400)),
            st.integers(0, 1_500),
        ),
        min_size=3,
        max_size=3,
    ),
)
def test_it_agrees_with_chunks_hours_caps_and_three_senders(pacing: Pacing, total: int, crews: list[Crew]) -> None:
    found = finish_ms(pacing, BEGIN, 0, total, crews, CALL_MS, OFFICE)
    assert found is not None
    ends = [played(pacing, total, crews, OFFICE, seed) for seed in range(3)]
    slack = 0.05 * (max(ends) - BEGIN) + pacing.delay_max_ms
    assert min(ends) - slack <= found <= max(ends) + slack


def test_a_million_messages_under_caps_and_hours_are_counted_day_by_day() -> None:
    crews = [Crew(1, Caps(daily_limit=1_000, zone="UTC")) for _ in range(5)]
    hours = read_hours({"timezone": "UTC", "windows": ["mon-sun 08:00-20:00"]})
    found = finish_ms(Pacing(1_000, 3_000), BEGIN, 0, 1_000_000, crews, CALL_MS, hours)
    assert found is not None
    assert (found - BEGIN) // DAY_MS == 198  # 200 days, the first one from ten o'clock on, the last one until nine


def test_leaps_stop_at_the_hours_and_nothing_is_lost_on_the_way() -> None:
    """43,200 messages are a day of 12 hours at one in a second."""
    hours = read_hours({"timezone": "UTC", "windows": ["mon-sun 10:00-22:00"]})
    found = finish_ms(Pacing(1_000, 1_000), BEGIN, 0, 10 * 43_200, 1, 0, hours)
    assert found == BEGIN + 9 * DAY_MS + 43_199_000


def test_an_end_that_nobody_lives_to_see_is_none() -> None:
    assert finish_ms(Pacing(), BEGIN, 0, 10_000, [Crew(1, Caps(daily_limit=1))]) is None


def test_many_senders_with_limits_are_foretold_at_once() -> None:
    """Those of equal caps are taken as one: a page with such a campaign is asked for every second."""
    crew = [Crew(1, Caps(daily_limit=1000)) for _ in range(500)]
    began = thread_time()
    end = finish_ms(Pacing(2_000, 4_000), 1_795_000_000_000, 0, 1_000_000, crew)
    assert end is not None
    assert thread_time() - began < 2
