"""The start that an upstream app asks for as ISO 8601 (Kinbox' scheduledTo, Builder's scheduled_date)."""

from datetime import UTC, datetime

from dispatcher.providers.contract import BadRequest

OVERDUE_MS = 60_000  # a start this far in the past is a mistake, less is a slow network


def start_ms(given: str, now_ms: int, field: str) -> int | None:
    """The start (UTC epoch, ms) if it lies ahead; without an offset it is UTC. Raises BadRequest about `field`."""
    if not given.strip():
        return None
    try:
        moment = datetime.fromisoformat(given.strip())
    except ValueError:
        raise BadRequest((field, "must be a valid ISO 8601 date string")) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    start = int(moment.timestamp() * 1000)
    if start < now_ms - OVERDUE_MS:
        raise BadRequest((field, "lies in the past"))
    return start if start > now_ms else None
