"""What a clock on the wall shows in a time zone, when it shows it, and which days are holidays.

Where summer time skips an hour its minutes come after it; where an hour comes twice, they come twice.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


def shown_at(zone: str, at_ms: int) -> datetime:
    """At a moment (UTC epoch, ms)."""
    return datetime.fromtimestamp(at_ms / 1000, _zone(zone))


def minute_of(read: datetime) -> int:
    """Of its day, from 0."""
    return 60 * read.hour + read.minute


def _ms(read: datetime) -> int:
    return int(read.timestamp()) * 1000


@lru_cache(maxsize=4096)
def times_of(zone: str, day: date, minutes: frozenset[int]) -> tuple[int, ...]:
    """When (UTC epoch, ms) the clock of `zone` shows these minutes of the day, each time, and when it is put."""
    midnight = datetime.combine(day, time(), _zone(zone))
    walls = [midnight + timedelta(minutes=minute) for minute in minutes]
    found = {_ms(one.replace(fold=fold)) for one in walls for fold in (0, 1)}
    return tuple(found.union(_put(zone, _ms(midnight), _ms(midnight + DAY))))


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


@lru_cache(maxsize=16)
def calendar(code: str) -> Any:
    """The public holidays of a country; it grows by the years that are asked for."""
    from holidays import country_holidays  # a sixth of a second, only for those who use it

    country, _, state = code.partition("-")
    return country_holidays(country, subdiv=state or None)
