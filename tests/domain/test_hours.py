"""When an account may send: by hand on the days that matter, and minute by minute against a plain reading."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.domain.hours import Hours, night_not_before, not_before, open_until, opens
from dispatcher.domain.hours_written import DAYS, read_hours, read_night, read_window, written
from dispatcher.domain.notbefore import Reason
from dispatcher.domain.zones import zones_of

SP = "America/Sao_Paulo"
MINUTE_MS = 60_000


def hours(*windows: str, zone: str = SP, holidays: str | None = None) -> Hours:
    return read_hours({"timezone": zone, "windows": windows, "holidays": holidays})


def at(text: str, zone: str = SP, fold: int = 0) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp() * 1000)


WORK = hours("mon-fri 08:00-20:00", "sat 09:00-13:00", holidays="BR")
NIGHTS = hours("fri-sat 22:00-02:00", holidays="BR")


@pytest.mark.parametrize(
    ("rule", "now", "then", "reason"),
    [
        pytest.param(WORK, "2026-11-18 10:00", "2026-11-18 10:00", Reason.HOURS, id="inside"),
        pytest.param(WORK, "2026-11-18 07:59:59.999", "2026-11-18 08:00", Reason.HOURS, id="a moment before"),
        pytest.param(WORK, "2026-11-18 20:00", "2026-11-19 08:00", Reason.HOURS, id="the end is outside"),
        pytest.param(WORK, "2026-11-21 13:00", "2026-11-23 08:00", Reason.HOURS, id="over the Sunday"),
        pytest.param(WORK, "2026-12-25 10:00", "2026-12-26 09:00", Reason.HOLIDAY, id="Christmas, then a Saturday"),
        pytest.param(WORK, "2026-12-24 21:00", "2026-12-26 09:00", Reason.HOURS, id="the eve's night"),
        pytest.param(NIGHTS, "2026-11-14 01:59", "2026-11-14 01:59", Reason.HOURS, id="Friday's, on Saturday"),
        pytest.param(NIGHTS, "2026-11-14 02:00", "2026-11-14 22:00", Reason.HOURS, id="over"),
        pytest.param(NIGHTS, "2026-11-14 00:00", "2026-11-14 00:00", Reason.HOURS, id="at midnight"),
        pytest.param(NIGHTS, "2026-12-26 01:00", "2026-12-26 22:00", Reason.HOLIDAY, id="began on Christmas"),
    ],
)
def test_the_first_moment_inside_the_hours(rule: Hours, now: str, then: str, reason: Reason) -> None:
    answer = not_before(rule, at(now))
    assert (answer.ms, answer.reason) == (at(then), reason)


def test_where_summer_time_skips_the_opening_it_opens_after_the_gap() -> None:
    zone = "Europe/Berlin"  # 2026-03-29: 02:00 becomes 03:00
    answer = not_before(hours("sun 02:30-05:00", zone=zone), at("2026-03-29 01:00", zone))
    assert answer.ms == at("2026-03-29 03:00", zone)


def test_where_an_hour_comes_twice_a_window_in_it_comes_twice() -> None:
    zone = "Europe/Berlin"  # 2026-10-25: 03:00 becomes 02:00
    rule = hours("sun 02:00-02:30", zone=zone)
    assert not_before(rule, at("2026-10-25 00:00", zone)).ms == at("2026-10-25 02:00", zone)
    assert not_before(rule, at("2026-10-25 02:30", zone)).ms == at("2026-10-25 02:00", zone, fold=1)
    assert open_until(rule, at("2026-10-25 02:10", zone)) == at("2026-10-25 02:30", zone)


def test_a_day_that_begins_at_one_o_clock_opens_then() -> None:
    """Brazil's summer time began at midnight."""
    rule = hours("sun 00:00-12:00")
    assert not_before(rule, at("2018-11-03 20:00")).ms == at("2018-11-04 01:00")


def test_a_state_has_holidays_of_its_own() -> None:
    ninth_of_july = at("2026-07-09 10:00")
    assert opens(hours("mon-fri 08:00-20:00", holidays="BR"), ninth_of_july)
    assert not opens(hours("mon-fri 08:00-20:00", holidays="BR-SP"), ninth_of_july)


@pytest.mark.parametrize("text", ["", "mon", "mon 8:00-9:00", "mon 08:00-25:00", "mon 08:00-08:00", "mo 08:00-09:00"])
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must read like|same time"):
        read_window(text)


times = st.integers(0, 47).map(lambda half: f"{half // 2:02}:{half % 2 * 3}0")
windows = st.builds(
    lambda first, last, start, end: f"{first}-{last} {start}-{end if end != start else '24:00'}",
    st.sampled_from(DAYS),
    st.sampled_from(DAYS),
    times,
    times,
)
CHANGES = [  # days around which the clock is put, and one where it is not
    (SP, date(2018, 11, 3)),
    (SP, date(2019, 2, 16)),
    ("Europe/Berlin", date(2026, 3, 28)),
    ("Europe/Berlin", date(2026, 10, 24)),
    ("Australia/Lord_Howe", date(2026, 4, 4)),  # by half an hour
    ("Asia/Kathmandu", date(2026, 12, 24)),
]


def shows_inside(rule: Hours, ms: int) -> bool:
    """The definition: what the clock on the wall shows, in the window of that day or of the one before."""
    wall = datetime.fromtimestamp(ms / 1000, ZoneInfo(rule.zone))
    minute, today, yesterday = 60 * wall.hour + wall.minute, wall.weekday(), (wall - timedelta(days=1)).weekday()
    return any(
        (today in days and start <= minute < (end if end > start else 1440))
        or (end <= start and yesterday in days and minute < end)
        for days, start, end in rule.windows
    )


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(CHANGES), st.lists(windows, min_size=1, max_size=3), st.integers(0, 3_000))
def test_nothing_earlier_is_open_and_what_is_named_is(change: tuple[str, date], texts: list[str], after: int) -> None:
    zone, day = change
    rule = hours(*texts, zone=zone)
    now = at(day.isoformat(), zone) + after * MINUTE_MS
    then = not_before(rule, now).ms
    assert then >= now
    assert shows_inside(rule, then)
    assert not any(shows_inside(rule, ms) for ms in range(now, min(then, now + 2 * 86_400_000), MINUTE_MS))
    until = open_until(rule, then)
    assert until > then
    assert all(shows_inside(rule, ms) for ms in range(then, until, MINUTE_MS))


NIGHT = read_night("21:00-08:00")


@pytest.mark.parametrize(
    ("digits", "zones"),
    [
        ("5511900000001", ("America/Sao_Paulo",)),
        ("5568900000001", ("America/Rio_Branco",)),
        ("5597900000001", ("America/Manaus", "America/Eirunepe")),
        ("442079460958", ("Europe/London",)),
        ("", ("America/Sao_Paulo",)),
    ],
)
def test_a_number_says_where_its_clock_stands(digits: str, zones: tuple[str, ...]) -> None:
    assert zones_of(digits) == zones


def test_in_acre_the_night_ends_two_hours_later() -> None:
    morning = at("2026-11-18 08:30")
    assert night_not_before(NIGHT, zones_of("5511900000001"), morning).ms == morning
    assert night_not_before(NIGHT, zones_of("5568900000001"), morning).ms == at("2026-11-18 10:00")


def test_a_number_of_several_zones_sleeps_while_it_is_night_in_one() -> None:
    assert night_not_before(NIGHT, zones_of("5597900000001"), at("2026-11-18 03:00")).ms == at("2026-11-18 10:00")


def test_zones_that_are_never_awake_together_do_not_wait_forever() -> None:
    zones = ("Asia/Kamchatka", "America/Los_Angeles", "Europe/London")
    then = night_not_before(NIGHT, zones, at("2026-11-18 12:00")).ms
    assert then <= at("2026-11-19 12:00")


@given(st.integers(0, 20_000), st.sampled_from(["5511", "5568", "5597", "44207946", "351912345"]))
def test_nobody_is_woken(minute: int, prefix: str) -> None:
    zones = zones_of(prefix + "0000000"[: 13 - len(prefix)])
    then = night_not_before(NIGHT, zones, at("2026-03-20 00:00") + minute * MINUTE_MS).ms
    for zone in zones:
        assert 8 <= datetime.fromtimestamp(then / 1000, ZoneInfo(zone)).hour < 21


@pytest.mark.parametrize(
    "windows", [["mon-fri 08:00-20:00", "sat 09:00-13:00"], ["fri 22:00-02:00", "mon-sun 00:00-24:00"]]
)
@pytest.mark.parametrize("more", [{}, {"holidays": "BR-SP", "recipient_night": "21:00-08:00"}])
def test_hours_are_written_as_they_can_be_read(windows: list[str], more: dict[str, str]) -> None:
    hours = read_hours({"timezone": "America/Manaus", "windows": windows, **more})
    assert read_hours(written(hours)) == hours
