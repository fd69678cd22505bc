"""`[account.hours]` as an operator writes it and the ledger keeps it. docs/policies.md describes each word."""

import re
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dispatcher.domain.hours import Hours, Window
from dispatcher.domain.wallclock import calendar

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_DAY = "(?:" + "|".join(DAYS) + ")"
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d"
_COUNTRY = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_SPAN = re.compile(rf"({_TIME})-({_TIME}|24:00)")
_WINDOW = re.compile(rf"({_DAY}(?:-{_DAY})?(?:,{_DAY}(?:-{_DAY})?)*) ({_TIME}-(?:{_TIME}|24:00))")


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
    """Days and a span of time. Raises ValueError that says how it must read."""
    found = _WINDOW.fullmatch(text)
    if not found:
        raise ValueError('must read like "mon-fri 08:00-20:00" or "sat 09:00-13:00"')
    start, end = _span(found[2])
    return Window(frozenset(day for part in found[1].split(",") for day in _days(part)), start, end)


def read_night(text: str) -> Window:
    """A span of time on every day. Raises ValueError that says how it must read."""
    if not _SPAN.fullmatch(text):
        raise ValueError('must read like "21:00-08:00"')
    return Window(frozenset(range(7)), *_span(text))


def zone_name(name: str) -> str:
    """The name as it is. Raises ValueError when no time zone has it."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("is no time zone, such as America/Sao_Paulo") from error
    return name


def holiday_country(code: str) -> str:
    """`BR`, or with a state `BR-SP`. Raises ValueError for one whose holidays are not known."""
    rule = "is no country whose holidays are known, such as BR, or with its state BR-SP"
    if not _COUNTRY.fullmatch(code):
        raise ValueError(rule)
    try:
        calendar(code)
    except NotImplementedError as error:  # what the library says of a country that it does not know
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
