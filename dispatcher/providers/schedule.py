"""When and how fast an upstream app wants its campaign, whatever the dialect's own words for it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from dispatcher.domain.account import Account
from dispatcher.providers.contract import BadRequest

MAX_DELAY_S = 86_400  # a delay over a day is a mistake in the unit
LONG_DELAY_S = 600  # somebody sent 5000 and 30000 and meant milliseconds (PROVIDERS 1.3)
FARTHEST_MS = 100 * 366 * 86_400_000  # a start further ahead is a mistake in the unit, and soon beyond all calendars
OVERDUE_MS = 60_000  # a start this far in the past is a mistake, less is a slow network


def start_ms(given: str, now_ms: int, field: str) -> int | None:
    """The start (UTC epoch, ms) if it lies ahead, from ISO 8601; without an offset it is UTC.

    Raises BadRequest about `field`.
    """
    if not given.strip():
        return None
    try:
        moment = datetime.fromisoformat(given.strip())
    except ValueError:
        raise BadRequest((field, "must be a valid ISO 8601 date string")) from None
    return ahead(moment if moment.tzinfo else moment.replace(tzinfo=UTC), now_ms, field)


def start_problems(given: Any, now_ms: int, field: str) -> Iterator[tuple[str, str]]:
    """What `start_ms` would refuse, to be told with all else that is wrong; what is no text is not its concern."""
    try:
        start_ms(given if isinstance(given, str) else "", now_ms, field)
    except BadRequest as refused:
        yield from refused.problems


def ahead(moment: datetime, now_ms: int, field: str) -> int | None:
    """A moment as a start (UTC epoch, ms); None when it is over. Raises BadRequest as `not_past` does."""
    at_ms = not_past(int(moment.timestamp() * 1000), now_ms, field)
    return at_ms if at_ms > now_ms else None


def not_past(at_ms: int, now_ms: int, field: str) -> int:
    """The start itself; raises BadRequest about `field` when it was more than a minute ago, or is a century away."""
    if at_ms < now_ms - OVERDUE_MS:
        raise BadRequest((field, "lies in the past"))
    if at_ms > now_ms + FARTHEST_MS:
        raise BadRequest((field, "lies more than a hundred years ahead"))
    return at_ms


def delays_ms(
    least_s: float | None, most_s: float | None, account: Account, fields: tuple[str, str]
) -> tuple[int, int]:
    """Both ends of the delay: the account's where the request brings none; beside one it brings, the other gives way.

    Raises BadRequest about `fields`, the names of the two.
    """
    least, most = to_ms(least_s), to_ms(most_s)
    if least is None:
        least = account.delay_min_ms if most is None else min(account.delay_min_ms, most)
    if most is None:
        most = max(account.delay_max_ms, least)
    if least > most:
        raise BadRequest((fields[0], f"must not be over {fields[1]}"))
    return least, most


def long_delay(most_s: float | None, field: str) -> tuple[str, ...]:
    """A warning about a delay that may have been meant in milliseconds; it counts as it stands."""
    if most_s is None or most_s <= LONG_DELAY_S:
        return ()
    return (f"{field}: {most_s:g} s are {most_s / 60:.0f} minutes between two messages; delays are seconds",)


def to_ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
