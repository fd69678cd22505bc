"""When an account may send: windows of its own wall clock, without holidays, and not in the recipient's night.

    mon-fri 08:00-20:00            every day from Monday to Friday; 20:00 is outside
    mon,wed,sat-sun 09:00-13:00    lists and ranges of days
    fri 22:00-02:00                over midnight: belongs to Friday, ends on Saturday
    mon-sun 00:00-24:00            always

What counts is what a clock on the wall shows. Where summer time skips an hour, a window that begins in it
begins after it; where an hour comes twice, it is inside or outside both times. On a holiday nothing is sent,
and a window that began on one does not go on after midnight.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from dispatcher.domain.notbefore import NotBefore, Reason
from dispatcher.domain.wallclock import DAY, calendar, minute_of, shown_at, times_of

FARTHEST_DAYS = 400  # further ahead nobody looks: windows that one has to wait for longer than a year are none
DAY_MINUTES = 1_440
DAY_MS = 86_400_000


class Window(NamedTuple):
    """Weekdays (Monday is 0) on which it begins; minutes of the day from `start` up to `end`.

    An `end` that is not after `start` is on the next day.
    """

    days: frozenset[int]
    start: int
    end: int

    def shows(self, weekday: int, minute: int) -> int | None:
        """How many days ago the window that this reading of the clock is in began; None: it is in none."""
        if weekday in self.days and self.start <= minute and (minute < self.end or self.end <= self.start):
            return 0
        if self.end <= self.start and minute < self.end and (weekday - 1) % 7 in self.days:
            return 1
        return None


@dataclass(frozen=True, slots=True)
class Hours:
    """`[account.hours]`, read. `night` (of recipients, days do not matter) is for `night_not_before`."""

    zone: str
    windows: tuple[Window, ...]
    holidays: str | None = None
    night: Window | None = None


# ------------------------------------------------------------ the account's hours


def not_before(hours: Hours, now_ms: int) -> NotBefore:
    """The first moment from now on that is inside the hours."""
    if opens(hours, now_ms):
        return NotBefore(now_ms, Reason.HOURS)
    today = shown_at(hours.zone, now_ms).date()
    reason = Reason.HOLIDAY if _in_window(hours, now_ms) else Reason.HOURS
    for ahead in range(FARTHEST_DAYS):
        moments = [at for at in _edges(hours, today + ahead * DAY) if at > now_ms and opens(hours, at)]
        if moments:
            return NotBefore(min(moments), reason)
    return NotBefore(now_ms + FARTHEST_DAYS * DAY_MS, reason)


def open_until(hours: Hours, now_ms: int) -> int:
    """Inside the hours now: until when for certain (at least until the day after tomorrow, or they end before)."""
    today = shown_at(hours.zone, now_ms).date()
    edges = sorted(at for ahead in range(3) for at in _edges(hours, today + ahead * DAY) if at > now_ms)
    return next((at for at in edges if not opens(hours, at)), edges[-1])


def opens(hours: Hours, now_ms: int) -> bool:
    wall = shown_at(hours.zone, now_ms)
    if _is_holiday(hours, wall.date()):
        return False
    began = (one.shows(wall.weekday(), minute_of(wall)) for one in hours.windows)
    return any(ago == 0 or (ago == 1 and not _is_holiday(hours, wall.date() - DAY)) for ago in began)


def _in_window(hours: Hours, now_ms: int) -> bool:
    wall = shown_at(hours.zone, now_ms)
    return any(one.shows(wall.weekday(), minute_of(wall)) is not None for one in hours.windows)


def _edges(hours: Hours, day: date) -> tuple[int, ...]:
    """All moments of a day at which the hours may begin or end: also midnight, and where the clock is put."""
    minutes = {0, *(minute % DAY_MINUTES for window in hours.windows for minute in (window.start, window.end))}
    return times_of(hours.zone, day, frozenset(minutes))


def _is_holiday(hours: Hours, day: date) -> bool:
    return hours.holidays is not None and day in calendar(hours.holidays)


# ------------------------------------------------------------ the recipient's night


def night_not_before(night: Window, zones: Sequence[str], now_ms: int) -> NotBefore:
    """The first moment from now on at which it is night in none of `zones`.

    Zones in which it is never day together (a number from anywhere in Russia) count by the first alone.
    """
    for asked in (zones, zones[:1]):
        moment = _awake(night, asked, now_ms)
        if moment is not None:
            return NotBefore(moment, Reason.NIGHT)
    return NotBefore(now_ms, Reason.NIGHT)


def _awake(night: Window, zones: Sequence[str], now_ms: int) -> int | None:
    ends = {now_ms}
    for zone in zones:
        today = shown_at(zone, now_ms).date()
        for ahead in range(3):
            ends.update(times_of(zone, today + ahead * DAY, frozenset({night.end % DAY_MINUTES})))
    days = (at for at in sorted(ends) if at >= now_ms)
    return next((at for at in days if not any(_is_night(night, zone, at) for zone in zones)), None)


def _is_night(night: Window, zone: str, at_ms: int) -> bool:
    wall = shown_at(zone, at_ms)
    return night.shows(wall.weekday(), minute_of(wall)) is not None
