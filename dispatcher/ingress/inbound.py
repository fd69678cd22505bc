"""A reply as `POST /v1/inbound` takes it: `{"phone", "at", "event_id", "text"?, "account"?}`."""

from datetime import datetime
from typing import Any

from dispatcher.domain.inbound import InboundEvent, InboundKind
from dispatcher.domain.phone import InvalidPhone, canonical
from dispatcher.providers.contract import BadRequest

_MS_FROM = 10**11  # as seconds this is the year 5138, as milliseconds 1973: no reply is in between
_LONGEST_ID = 255


def read_reply(body: dict[str, Any]) -> tuple[str | None, InboundEvent]:
    """The account's name, if one is given, and the event; raises BadRequest naming every wrong field."""
    problems: list[tuple[str, str]] = []

    def read(name: str, reader: Any) -> Any:
        try:
            return reader(body.get(name))
        except (ValueError, OverflowError) as wrong:
            problems.append((name, str(wrong)))

    key, at_ms = read("phone", _phone), read("at", moment_ms)
    event_id, text, account = read("event_id", _event_id), read("text", _text), read("account", _text)
    if problems:
        raise BadRequest(*problems)
    return account or None, InboundEvent(InboundKind.REPLY, f"api:{event_id}", at_ms, key, text)


def moment_ms(given: Any) -> int:
    """A moment as UTC epoch ms: ISO 8601 with an offset, or epoch seconds or ms.

    What is in whole seconds may mean any moment of its second and counts as its last millisecond, so that a
    reply in the second of the send is not taken for an older one.
    """
    if isinstance(given, str):
        return _iso_ms(given)
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not 0 < given < 10**14:
        raise ValueError("is required: ISO 8601 with an offset, or epoch seconds or milliseconds")
    if given >= _MS_FROM:
        return int(given)
    return int(given * 1000) + (999 if given == int(given) else 0)


def _iso_ms(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("is not a moment in ISO 8601") from None
    if moment.tzinfo is None:
        raise ValueError("needs an offset, such as Z or -03:00")
    whole_seconds = "." not in text and "," not in text
    return int(moment.timestamp() * 1000) + (999 if whole_seconds else 0)


def _phone(given: Any) -> str:
    if not isinstance(given, str):
        raise InvalidPhone("is required, a text")
    return canonical(given)


def _event_id(given: Any) -> str:
    if not isinstance(given, str) or not 0 < len(given) <= _LONGEST_ID:
        raise ValueError(f"is required, a text of at most {_LONGEST_ID} characters")
    return given


def _text(given: Any) -> str:
    if not isinstance(given, (str, type(None))):
        raise ValueError("must be a text")
    return given or ""
