"""Times on the wire: read in whatever spelling a provider has for them, written as ISO 8601."""

import re
from datetime import UTC, datetime
from typing import Any

_MS_FROM = 10**11  # seconds reach it in the year 5138, milliseconds reached it in 1973
_MICROSECONDS_FROM = 10**14
_LAST_MS = 253_402_300_799_999  # the end of the year 9999, beyond which nobody can keep a moment
_NUMBER = re.compile(r"[0-9]{1,17}(?:\.[0-9]+)?")


def read_stamp(value: Any) -> int | None:
    """The latest millisecond (UTC epoch) that a stamp can mean; None where it is no stamp.

    Seconds, ms or µs as number or text, or ISO 8601 with an offset, from 1970 to 9999. A stamp in whole
    seconds means the last millisecond of its second.
    """
    if isinstance(value, bool) or value is None:
        return None
    text = str(value).strip()
    at_ms = _from_number(text) if _NUMBER.fullmatch(text) else _from_iso(text)
    return at_ms if at_ms is not None and 0 < at_ms <= _LAST_MS else None


def _from_number(text: str) -> int | None:
    whole, _, fraction = text.partition(".")
    number = int(whole)
    if not number:
        return None
    if number >= _MICROSECONDS_FROM:
        return number // 1000
    if number >= _MS_FROM:
        return number
    return number * 1000 + (int(f"{fraction:0<3}"[:3]) if fraction.strip("0") else 999)


def _from_iso(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return int(moment.timestamp()) * 1000 + (moment.microsecond // 1000 if "." in text else 999)


def iso(at_ms: int | None) -> str | None:
    """`2026-11-07T05:31:56.000Z`; None stays None."""
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
