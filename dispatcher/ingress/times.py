"""Moments on the wire: ISO 8601 in UTC, with milliseconds."""

from datetime import UTC, datetime


def iso(at_ms: int | None) -> str | None:
    """`2026-11-07T05:31:56.000Z`; None stays None."""
    if at_ms is None:
        return None
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
