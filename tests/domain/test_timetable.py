"""When each part of a campaign leaves: its chunks, or the days and openings of its hours."""

from collections.abc import Set
from datetime import UTC, datetime
from heapq import heappop, heappush

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dispatcher.domain.caps import Caps
from dispatcher.domain.forecast import Crew, finish_ms, timetable
from dispatcher.domain.hours import DAY_MS
from dispatcher.domain.hours_written import read_hours
from dispatcher.domain.pacing import Pacing
from dispatcher.domain.parts import Part, messages_after

HOUR_MS = 3_600_000
BEGIN = int(datetime(2026, 11, 18, 10, tzinfo=UTC).timestamp()) * 1000  # a Wednesday
MIDNIGHT = BEGIN - 10 * HOUR_MS
CHUNKS = Pacing(delay_min_ms=1_000, delay_max_ms=1_000, chunk_size=10, chunk_gap_ms=60_000)
EVERY_SECOND = Pacing(1_000, 1_000)


def test_each_chunk_leaves_after_the_pause_that_follows_the_one_before() -> None:
    told = timetable(CHUNKS, 0, 25, [Crew(1)], None, "UTC")
    assert list(told.parts) == [Part(10, 0, 9_000), Part(10, 69_000, 78_000), Part(5, 138_000, 142_000)]
    assert told.end_ms == 142_000


def test_who_does_not_leave_takes_a_place_in_the_chunk_and_no_time() -> None:
    told = timetable(CHUNKS, 0, 25, [Crew(1)], None, "UTC", absent=[0, 1, *range(10, 20), 24])
    assert list(told.parts) == [Part(8, 0, 7_000), Part(0, 67_000, 67_000), Part(4, 127_000, 130_000)]


def test_without_chunks_a_part_is_an_opening_of_the_hours() -> None:
    hours = read_hours({"timezone": "UTC", "windows": ["mon-sun 08:00-11:00", "mon-sun 14:00-15:00"]})
    told = timetable(EVERY_SECOND, BEGIN, 10_000, [Crew(1)], hours, "UTC")
    afternoon, tomorrow = MIDNIGHT + 14 * HOUR_MS, MIDNIGHT + DAY_MS + 8 * HOUR_MS
    assert list(told.parts) == [
        Part(3_600, BEGIN, BEGIN + 3_599_000),
        Part(3_600, afternoon, afternoon + 3_599_000),
        Part(2_800, tomorrow, tomorrow + 2_799_000),
    ]


def test_without_hours_a_part_is_a_day_of_the_zone() -> None:
    told = timetable(EVERY_SECOND, BEGIN, 100_000, [Crew(1)], None, "America/Sao_Paulo")
    turn = MIDNIGHT + DAY_MS + 3 * HOUR_MS
    first = (turn - BEGIN) // 1_000
    assert list(told.parts) == [
        Part(first, BEGIN, turn - 1_000),
        Part(100_000 - first, turn, turn + (100_000 - first - 1) * 1_000),
    ]


def test_a_daily_limit_makes_a_part_of_each_day() -> None:
    told = timetable(EVERY_SECOND, BEGIN, 250, [Crew(1, Caps(daily_limit=100, zone="UTC"))], None, "UTC")
    assert [(part.messages, part.first_ms) for part in told.parts] == [
        (100, BEGIN),
        (100, MIDNIGHT + DAY_MS),
        (50, MIDNIGHT + 2 * DAY_MS),
    ]


def test_where_nobody_may_send_no_part_leaves() -> None:
    assert timetable(EVERY_SECOND, 0, 9, [Crew(0)], None, "UTC") == ((), None)


def test_an_end_beyond_ten_years_is_none_and_the_parts_until_then_are_told() -> None:
    told = timetable(EVERY_SECOND, BEGIN, 4_000, [Crew(1, Caps(daily_limit=1, zone="UTC"))], None, "UTC")
    assert told.end_ms is None
    assert 3_600 < len(told.parts) < 3_700


@settings(max_examples=60)
@given(
    st.integers(0, 2_000),
    st.integers(0, 40),
    st.integers(0, 30_000),
    st.integers(1, 1_500),
    st.integers(1, 5),
    st.sets(st.integers(0, 1_499), max_size=6),
)
@example(0, 1, 0, 1_400, 1, set())
@example(1_000, 7, 0, 1_400, 3, {0, 700, 1_399})
@example(1, 29, 0, 783, 2, set())  # after an odd number of chunks the other lane is first
@example(1, 29, 0, 784, 2, set())
def test_leaps_lose_nothing_and_nobody(
    delay_ms: int, size: int, gap_ms: int, total: int, lanes: int, absent: Set[int]
) -> None:
    absent = {place for place in absent if place < total}
    told = timetable(Pacing(delay_ms, delay_ms, size, gap_ms), BEGIN, total, [Crew(lanes)], None, "UTC", sorted(absent))
    leaves = one_by_one(delay_ms, size or total, gap_ms, total, lanes, absent)
    assert sum(part.messages for part in told.parts) == len(leaves)
    assert told.end_ms == max(leaves.values(), default=BEGIN)
    if size:
        chunks = [
            [leaves[one] for one in range(at, min(at + size, total)) if one in leaves] for at in range(0, total, size)
        ]
        assert [part.messages for part in told.parts] == [len(chunk) for chunk in chunks]
        there = [(part.first_ms, part.last_ms) for part in told.parts if part.messages]
        assert there == [(chunk[0], chunk[-1]) for chunk in chunks if chunk]


def one_by_one(delay_ms: int, size: int, gap_ms: int, total: int, lanes: int, absent: Set[int]) -> dict[int, int]:
    """When the message of each place leaves, without a leap."""
    free, gate, last, leaves = [BEGIN] * lanes, BEGIN, BEGIN, {}
    for place in range(total):
        at = max(free[0], gate)
        if place not in absent:
            leaves[place] = last = max(heappop(free), gate)
            heappush(free, last + delay_ms)
        if (place + 1) % size == 0:
            gate = max(last, at) + gap_ms
    return leaves


def test_the_parts_end_when_the_forecast_says() -> None:
    pacing, crews = Pacing(1_000, 3_000, 1_000, 60_000), [Crew(2), Crew(1, Caps(daily_limit=5_000, zone="UTC"))]
    hours = read_hours({"timezone": "UTC", "windows": ["mon-fri 08:00-20:00"]})
    told = timetable(pacing, BEGIN, 100_000, crews, hours, "UTC")
    assert told.end_ms == finish_ms(pacing, BEGIN, 0, 100_000, crews, hours=hours)
    assert told.end_ms == told.parts[-1].last_ms
    assert [part.messages for part in told.parts] == [1_000] * 100


@pytest.mark.parametrize(("at_ms", "after"), [(0, 30), (15, 25), (20, 20), (25, 20), (35, 10), (50, 0)])
def test_the_messages_of_a_part_leave_evenly(at_ms: int, after: int) -> None:
    assert messages_after([Part(10, 10, 20), Part(20, 30, 40)], at_ms) == after
