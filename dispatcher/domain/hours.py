"""When an account may send: windows of its own wall clock, without holidays, and not in the recipient's night.

    mon-fri 08:00-20:00            every day from Monday to Friday; 20:00 is outside
    mon,wed,sat-sun 09:00-13:00    lists and ranges of days
    fri 22:00-02:00                over midnight: belongs to Friday, ends on Saturday
    mon-sun 00:00-24:00            always

What counts is what a clock on the wall shows. Where summer time skips an hour, a window that begins in it
begins after it; where an hour comes twice, it is inside or outside both times. On a holiday nothing is sent,
and a window that began on one does not go on after midnight.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dispatcher.domain.notbefore import NotBefore, Reason

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FARTHEST_DAYS = 400  # further ahead nobody looks: windows that one has to wait for longer than a year are none
DAY = timedelta(days=1)
DAY_MINUTES = 1_440
DAY_MS = 86_400_000

_DAY = "(?:" + "|".join(DAYS) + ")"
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d"
_COUNTRY = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_SPAN = re.compile(rf"({_TIME})-({_TIME}|24:00)")
_WINDOW = re.compile(rf"({_DAY}(?:-{_DAY})?(?:,{_DAY}(?:-{_DAY})?)*) ({_TIME}-(?:{_TIME}|24:00))")


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


# ------------------------------------------------------------ reading what an operator wrote


def read_hours(written: dict[str, Any]) -> Hours:
    """`[account.hours]` as the accounts file has it and the ledger keeps it. Raises ValueError."""
    night = written.get("recipient_night")
    return Hours(
        zone=zone_name(written["timezone"]),
        windows=tuple(read_window(one) for one in written["windows"]),
        holidays=holiday_country(written["holidays"]) if written.get("holidays") else None,
        night=read_night(night) if night else None,
    )


def written(hours: Hours) -> dict[str, Any]:
    """The other way round: what `read_hours` reads as the same."""
    windows = [f"{','.join(DAYS[day] for day in sorted(one.days))} {_span_text(one)}" for one in hours.windows]
    night = _span_text(hours.night) if hours.night else None
    return {"timezone": hours.zone, "windows": windows, "holidays": hours.holidays, "recipient_night": night}


def _span_text(window: Window) -> str:
    return "-".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in (window.start, window.end))


def read_window(text: str) -> Window:
    found = _WINDOW.fullmatch(text)
    if not found:
        raise ValueError('must read like "mon-fri 08:00-20:00" or "sat 09:00-13:00"')
    start, end = _span(found[2])
    return Window(frozenset(day for part in found[1].split(",") for day in _days(part)), start, end)


def read_night(text: str) -> Window:
    if not _SPAN.fullmatch(text):
        raise ValueError('must read like "21:00-08:00"')
    return Window(frozenset(range(7)), *_span(text))


def zone_name(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("is no time zone, such as America/Sao_Paulo") from error
    return name


def holiday_country(code: str) -> str:
    """`BR`, or with a state `BR-SP`."""
    rule = "is no country whose holidays are known, such as BR, or with its state BR-SP"
    if not _COUNTRY.fullmatch(code):
        raise ValueError(rule)
    try:
        _calendar(code)
    except NotImplementedError as error:
        raise ValueError(rule) from error
    return code


def _days(part: str) -> Iterator[int]:
    first, _, last = part.partition("-")
    start = DAYS.index(first)
    return ((start + ahead) % 7 for ahead in range((DAYS.index(last or first) - start) % 7 + 1))


def _span(text: str) -> tuple[int, int]:
    start, end = (60 * int(one[:2]) + int(one[3:]) for one in text.split("-"))
    if start == end:
        raise ValueError("begins and ends at the same time; the whole day is 00:00-24:00")
    return start, end


# ------------------------------------------------------------ the account's hours


def not_before(hours: Hours, now_ms: int) -> NotBefore:
    """The first moment from now on that is inside the hours."""
    if opens(hours, now_ms):
        return NotBefore(now_ms, Reason.HOURS)
    today = _wall(hours.zone, now_ms).date()
    reason = Reason.HOLIDAY if _in_window(hours, now_ms) else Reason.HOURS
    for ahead in range(FARTHEST_DAYS):
        moments = [at for at in _edges(hours, today + ahead * DAY) if at > now_ms and opens(hours, at)]
        if moments:
            return NotBefore(min(moments), reason)
    return NotBefore(now_ms + FARTHEST_DAYS * DAY_MS, reason)


def open_until(hours: Hours, now_ms: int) -> int:
    """Inside the hours now: until when for certain (at least until the day after tomorrow, or they end before)."""
    today = _wall(hours.zone, now_ms).date()
    edges = sorted(at for ahead in range(3) for at in _edges(hours, today + ahead * DAY) if at > now_ms)
    return next((at for at in edges if not opens(hours, at)), edges[-1])


def opens(hours: Hours, now_ms: int) -> bool:
    wall = _wall(hours.zone, now_ms)
    if _is_holiday(hours, wall.date()):
        return False
    began = (one.shows(wall.weekday(), _minute(wall)) for one in hours.windows)
    return any(ago == 0 or (ago == 1 and not _is_holiday(hours, wall.date() - DAY)) for ago in began)


def _in_window(hours: Hours, now_ms: int) -> bool:
    wall = _wall(hours.zone, now_ms)
    return any(one.shows(wall.weekday(), _minute(wall)) is not None for one in hours.windows)


def _edges(hours: Hours, day: date) -> tuple[int, ...]:
    """All moments of a day at which the hours may begin or end: also midnight, and where the clock is put."""
    minutes = {0, *(minute % DAY_MINUTES for window in hours.windows for minute in (window.start, window.end))}
    return _moments(hours.zone, day, frozenset(minutes))


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
        today = _wall(zone, now_ms).date()
        for ahead in range(3):
            ends.update(_moments(zone, today + ahead * DAY, frozenset({night.end % DAY_MINUTES})))
    days = (at for at in sorted(ends) if at >= now_ms)
    return next((at for at in days if not any(_is_night(night, zone, at) for zone in zones)), None)


def _is_night(night: Window, zone: str, at_ms: int) -> bool:
    wall = _wall(zone, at_ms)
    return night.shows(wall.weekday(), _minute(wall)) is not None


# ------------------------------------------------------------ wall clocks and calendars


def _wall(zone: str, at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, _zone(zone))


def _minute(wall: datetime) -> int:
    return 60 * wall.hour + wall.minute


def _ms(wall: datetime) -> int:
    return int(wall.timestamp()) * 1000


@lru_cache(maxsize=4096)
def _moments(zone: str, day: date, minutes: frozenset[int]) -> tuple[int, ...]:
    """When the clock of `zone` shows these minutes of the day, each time that it does, and when it is put."""
    midnight = datetime.combine(day, time(), _zone(zone))
    walls = [midnight + timedelta(minutes=minute) for minute in minutes]
    moments = {_ms(wall.replace(fold=fold)) for wall in walls for fold in (0, 1)}
    return tuple(moments.union(_put(zone, _ms(midnight), _ms(midnight + DAY))))


def _put(zone: str, start: int, end: int) -> list[int]:
    """The moment between the two at which the clock is put forward or back, if there is one."""
    before = _offset(zone, start)
    if before == _offset(zone, end):
        return []
    while end - start > 1000:
        middle = (start + end) // 2000 * 1000
        start, end = (middle, end) if _offset(zone, middle) == before else (start, middle)
    return [end]


def _offset(zone: str, at_ms: int) -> timedelta | None:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(_zone(zone)).utcoffset()


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _is_holiday(hours: Hours, day: date) -> bool:
    return hours.holidays is not None and day in _calendar(hours.holidays)


@lru_cache(maxsize=16)
def _calendar(code: str) -> Any:
    """The public holidays of a country; it grows by the years that are asked for."""
    from holidays import country_holidays  # a sixth of a second, only for those who use it

    country, _, state = code.partition("-")
    return country_holidays(country, subdiv=state or None)
