"""The words with which providers say that a line is up or down: one table for webhooks and for answers to a probe.

up      connected · open
down    disconnected · hibernated · close(d) · refused · logged out · banned · conflict · a QR code to be scanned
else    on its way (connecting, …): says nothing
"""

from typing import Any

_UP = ("connected", "open")
_DOWN = (
    *("disconnected", "hibernated", "close", "closed", "refused"),
    *("loggedout", "logout", "banned", "conflict", "qrcode", "qr", "removed"),
)
_LINES = dict.fromkeys(_UP, True) | dict.fromkeys(_DOWN, False)

_REASONS = {
    "401": "logged out",
    "403": "banned",
    "408": "timed out",
    "411": "other devices do not match",
    "428": "connection closed",
    "440": "conflict: connected elsewhere",
    "500": "bad session",
    "503": "WhatsApp is not available",
    "515": "restarts",
}


def is_up(*words: Any) -> bool | None:
    """What the first word of the table says of a line; None where none does."""
    for word in words:
        known = _LINES.get("".join(filter(str.isalnum, word.lower()))) if isinstance(word, str) else None
        if known is not None:
            return known
    return None


def why_down(status: str) -> str:
    """A disconnect's number with its meaning: "401: logged out"; other words as they are."""
    return f"{status}: {_REASONS[status]}" if status in _REASONS else status
