"""Daily limit, warm-up and least gap of a sender, and which of several answers counts."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.caps import Caps, Sent, limit_at, next_midnight, not_before, read_warm_up, room
from dispatcher.domain.notbefore import SENTENCES, NotBefore, Reason, latest

SP = "America/Sao_Paulo"
DAY_MS = 86_400_000


def at(text: str, zone: str = SP) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


NOW = at("2026-11-18 10:00")
RAMP = read_warm_up({"1": 50, "3": 100, "7": 400})
WARM = Caps(warm_up=RAMP, warm_up_from_ms=NOW)


def test_a_full_day_waits_for_midnight_in_the_account_s_zone() -> None:
    caps = Caps(daily_limit=10)
    assert not_before(caps, Sent(9, NOW), NOW) == NotBefore(NOW, Reason.MIN_GAP)
    assert not_before(caps, Sent(10, NOW), NOW) == NotBefore(at("2026-11-19 00:00"), Reason.DAILY_LIMIT)
    assert not_before(caps, Sent(10, NOW), at("2026-11-19 00:00")).ms == at("2026-11-19 00:00")
    assert (room(caps, Sent(4, NOW), NOW), room(caps, Sent(4, NOW), NOW + DAY_MS), room(Caps(), Sent(4), NOW)) == (
        6,
        10,
        None,
    )


@pytest.mark.parametrize(("days", "limit"), [(0, 50), (1, 50), (2, 100), (5, 100), (6, 400), (60, 400)])
def test_the_ramp_counts_calendar_days(days: int, limit: int) -> None:
    assert limit_at(WARM, NOW + days * DAY_MS) == (limit, Reason.WARM_UP)


def test_the_smaller_of_limit_and_ramp_counts() -> None:
    both = Caps(daily_limit=80, warm_up=RAMP, warm_up_from_ms=NOW)
    assert limit_at(both, NOW) == (50, Reason.WARM_UP)
    assert limit_at(both, NOW + 3 * DAY_MS) == (80, Reason.DAILY_LIMIT)
    assert limit_at(Caps(), NOW) is None


def test_two_sends_keep_the_least_gap() -> None:
    caps = Caps(min_gap_ms=5_000)
    assert not_before(caps, Sent(3, NOW), NOW + 1) == NotBefore(NOW + 5_000, Reason.MIN_GAP)
    assert not_before(caps, Sent(3, NOW), NOW + 6_000).ms == NOW + 6_000
    assert not_before(caps, Sent(), NOW).ms == NOW


def test_a_day_begins_after_the_hour_that_summer_time_skips() -> None:
    assert next_midnight(SP, at("2018-11-03 12:00")) == at("2018-11-04 01:00")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"0": 5}, "days are whole numbers"),
        ({"one": 5}, "days are whole numbers"),
        ({"1": 0}, "day 1: the limit"),
        ({"1": True}, "day 1: the limit"),
        ({"2": 5}, "must begin with day 1"),
        ({"1": 5, "01": 6}, "a day stands there twice"),
    ],
)
def test_what_is_no_ramp_is_refused(written: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_warm_up(written)


moments = st.integers(at("2018-01-01"), at("2030-01-01"))


@given(moments, st.integers(0, 200), st.integers(0, 3 * DAY_MS), st.integers(1, 100), st.integers(0, 10_000))
def test_at_the_moment_that_is_named_nothing_stands_in_the_way(
    now: int, today: int, ago: int, limit: int, gap: int
) -> None:
    caps, sent = Caps(limit, gap), Sent(today, now - ago)
    then = not_before(caps, sent, now).ms
    assert then >= now
    assert not_before(caps, sent, then).ms == then
    assert room(caps, sent, then)


def test_the_latest_answer_counts_with_its_reason() -> None:
    answers = [NotBefore(5, Reason.HOURS), NotBefore(9, Reason.DAILY_LIMIT), NotBefore(9, Reason.DELAY)]
    assert latest(answers) == NotBefore(9, Reason.DAILY_LIMIT)
    assert latest([]) is None


def test_every_reason_has_a_sentence_for_people() -> None:
    assert set(SENTENCES) == set(Reason)
    assert all(sentence.endswith(".") for sentence in SENTENCES.values())
