"""What uazapi asks of a message of each type (PROVIDERS.md 1.2, 1.5, 1.7; the first seed).

`problem(message)` says what is wrong, or nothing.
"""

import itertools
import re
from collections.abc import Callable
from typing import Any

Message = dict[str, Any]
FILES = ("image", "document", "audio", "ptt", "myaudio", "sticker", "video")
_LABEL = re.compile(r"^[^|\n]+(?:[|\n].*)?$", re.S)
_CARD = re.compile(r"^\[.+\]$", re.S)
_PICTURE = re.compile(r"^\{.+\}$", re.S)
TEXTS = (
    *("text", "file", "docName", "footerText", "buttonText", "listButton", "imageButton", "fullName"),
    *("phoneNumber", "organization", "email", "url", "name", "address", "info"),
)


def problem(message: Message) -> str | None:
    """Text for the `error` of a 400; None for a message that may be sent."""
    for name in TEXTS:
        if name in message and not isinstance(message[name], str):
            return f"{name} must be a string"
    kind = message.get("type")
    check = _CHECKS.get(kind) if isinstance(kind, str) else None
    return check(message) if check else f"invalid type: {kind}"


def _needs(*names: str) -> Callable[[Message], str | None]:
    def check(message: Message) -> str | None:
        missing = next((name for name in names if not message.get(name)), None)
        return f"{missing} is required for type {message['type']}" if missing else None

    return check


def _location(message: Message) -> str | None:
    for name, most in (("latitude", 90), ("longitude", 180)):
        value = message.get(name)
        if not isinstance(value, int | float) or isinstance(value, bool) or abs(value) > most:
            return f"{name} must be a number within ±{most}"
    return None


def choices(message: Message) -> list[str] | None:
    """The choices when they are a list of texts, at least one, none empty."""
    found = message.get("choices")
    if isinstance(found, list) and found and all(isinstance(c, str) and c.strip() for c in found):
        return found
    return None


def _buttons(message: Message) -> str | None:
    found = choices(message)
    if not message.get("text") or found is None:
        return "text and choices are required for type button"
    bad = next((c for c in found if not _LABEL.match(c)), None)
    return f"invalid choice: {bad}" if bad else None


def _list(message: Message) -> str | None:
    found = choices(message)
    if not message.get("text") or found is None:
        return "text and choices are required for type list"
    if not message.get("listButton"):
        return "listButton is required for type list"
    rows = [c for c in found if not _CARD.match(c)]
    return None if rows and all(len(row.split("|")) <= 3 for row in rows) else "a list needs rows: Text|id|description"


def _poll(message: Message) -> str | None:
    found = choices(message)
    if not message.get("text") or found is None:
        return "text and choices are required for type poll"
    most = message.get("selectableCount", 1)
    return None if type(most) is int and 0 <= most <= len(found) else "selectableCount must be a number of options"


def _carousel(message: Message) -> str | None:
    """`[Card]`, then `{image}`, then its buttons, for each card; or `carousel` objects as /send/carousel has."""
    if isinstance(message.get("carousel"), list):
        cards = message["carousel"]
        return None if cards and all(map(_is_card, cards)) else "carousel: each card needs text, image and buttons"
    found = choices(message)
    if found is None:
        return "choices is required for type carousel"
    if not _CARD.match(found[0]):
        return "a carousel starts with a card: [Card text]"
    for before, choice in itertools.pairwise(found):
        if _PICTURE.match(choice) and not _CARD.match(before):
            return "an image follows its card: {image url}"
    return None


def _is_card(card: Any) -> bool:
    """{text, image, buttons: [{id, text, type}]} of /send/carousel [1.5]."""
    if not isinstance(card, dict) or not card.get("text") or not isinstance(card.get("buttons"), list):
        return False
    return all(
        isinstance(b, dict) and b.get("id") and b.get("text") and b.get("type") in ("REPLY", "URL", "COPY", "CALL")
        for b in card["buttons"]
    )


_CHECKS: dict[str, Callable[[Message], str | None]] = {
    "text": _needs("text"),
    **{kind: _needs("file") for kind in FILES},
    "contact": _needs("fullName", "phoneNumber"),
    "location": _location,
    "button": _buttons,
    "list": _list,
    "poll": _poll,
    "carousel": _carousel,
}
