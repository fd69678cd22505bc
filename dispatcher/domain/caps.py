"""How much a sender may send on a day, and how close together: daily limit, warm-up, least gap.

A sender's days are those of its account's zone, from midnight to midnight. All its lanes count together.

    warm_up = { 1 = 50, 3 = 100, 7 = 400 }     days 1 and 2: 50, days 3 to 6: 100, from day 7 on: 400

Day 1 is the day on which the ramp began. After the last line its limit stays, until the ramp is taken away.
Where there is also a daily limit the smaller of the two counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from dispatcher.domain.notbefore import NotBefore, Reason, latest


@dataclass(frozen=True, slots=True)
class Caps:
    """`daily_limit` 0: none. `warm_up`: (day, limit) in order of the days; it began at `warm_up_from_ms`."""

    daily_limit: int = 0
    min_gap_ms: int = 0
    warm_up: tuple[tuple[int, int], ...] = ()
    warm_up_from_ms: int = 0
    zone: str = "America/Sao_Paulo"


@dataclass(frozen=True, slots=True)
class Sent:
    """What a sender sent: `today` messages on the day of `last_ms`, the moment of its last send (0: none yet)."""

    today: int = 0
    last_ms: int = 0


def read_warm_up(written: Mapping[str, object]) -> tuple[tuple[int, int], ...]:
    """The ramp as a table, day → limit. Raises ValueError that names the day."""
    ramp = []
    for day, limit in written.items():
        if not (day.isascii() and day.isdigit() and 1 <= len(day) <= 4 and int(day)):
            raise ValueError("days are whole numbers from 1 on")
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
            raise ValueError(f"day {int(day)}: the limit must be a whole number from 1 on")
        ramp.append((int(day), limit))
    ramp.sort()
    if len({day for day, _ in ramp}) < len(ramp):
        raise ValueError("a day stands there twice")
    if ramp and ramp[0][0] != 1:
        raise ValueError("the ramp must begin with day 1")
    return tuple(ramp)


def limit_at(caps: Caps, now_ms: int) -> tuple[int, Reason] | None:
    """How many messages the day of `now_ms` may have, and whose rule it is. None: any number."""
    limits = [(caps.daily_limit, Reason.DAILY_LIMIT)] if caps.daily_limit else []
    if caps.warm_up:
        number = (day_of(caps.zone, now_ms) - day_of(caps.zone, caps.warm_up_from_ms)).days + 1
        reached = [limit for day, limit in caps.warm_up if day <= max(1, number)]
        limits.append((reached[-1], Reason.WARM_UP))
    return min(limits, default=None)


def room(caps: Caps, sent: Sent, now_ms: int) -> int | None:
    """How many more messages may leave on the day of `now_ms`; None: any number. A batch must not be larger."""
    limit = limit_at(caps, now_ms)
    return None if limit is None else max(0, limit[0] - _sent_on_day(caps, sent, now_ms))


def not_before(caps: Caps, sent: Sent, now_ms: int) -> NotBefore:
    """The first moment from now on at which the sender may send one more message."""
    answers = [NotBefore(now_ms, Reason.MIN_GAP)]
    if caps.min_gap_ms and sent.last_ms:
        answers.append(NotBefore(max(now_ms, sent.last_ms + caps.min_gap_ms), Reason.MIN_GAP))
    limit = limit_at(caps, now_ms)
    if limit and _sent_on_day(caps, sent, now_ms) >= limit[0]:
        answers.append(NotBefore(next_midnight(caps.zone, now_ms), limit[1]))
    return latest(answers) or answers[0]


def day_of(zone: str, now_ms: int) -> datetime:
    """The calendar day in `zone`, as a midnight without zone: days of summer time are 24 h apart too."""
    wall = datetime.fromtimestamp(now_ms / 1000, ZoneInfo(zone))
    return datetime.combine(wall.date(), time())


def times(caps: Caps, senders: int) -> Caps:
    """The limits of so many senders of these caps, taken as one."""
    ramp = tuple((day, limit * senders) for day, limit in caps.warm_up)
    return replace(caps, daily_limit=caps.daily_limit * senders, warm_up=ramp)


def in_zone(caps: Caps, zone: str) -> Caps:
    return replace(caps, zone=zone)


def midnight(zone: str, now_ms: int) -> int:
    """The moment at which the day of `now_ms` began."""
    return int(day_of(zone, now_ms).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1000


def next_midnight(zone: str, now_ms: int) -> int:
    """The moment at which the next day begins, also where summer time skips its first hour."""
    return int((day_of(zone, now_ms) + timedelta(days=1)).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1000


def _same_day(zone: str, before_ms: int, now_ms: int) -> bool:
    """False for a `before_ms` of 0: there was none."""
    return bool(before_ms) and day_of(zone, before_ms) >= day_of(zone, now_ms)


def _sent_on_day(caps: Caps, sent: Sent, now_ms: int) -> int:
    return sent.today if _same_day(caps.zone, sent.last_ms, now_ms) else 0
