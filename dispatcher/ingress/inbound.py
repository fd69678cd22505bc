"""A reply as `POST /v1/inbound` takes it: `{"phone", "at", "event_id", "text"?, "account"?}`."""

from typing import Any

from dispatcher.domain.inbound import InboundEvent, InboundKind
from dispatcher.domain.phone import InvalidPhone, canonical
from dispatcher.providers.contract import BadRequest
from dispatcher.providers.stamps import read_stamp

_LONGEST_ID = 255


def read_reply(body: dict[str, Any]) -> tuple[str | None, InboundEvent]:
    """The account's name, if one is given, and the event; raises BadRequest naming every wrong field."""
    problems: list[tuple[str, str]] = []

    def read(name: str, reader: Any) -> Any:
        try:
            return reader(body.get(name))
        except (ValueError, OverflowError) as wrong:
            problems.append((name, str(wrong)))

    key, at_ms = read("phone", _phone), read("at", _moment_ms)
    event_id, text, account = read("event_id", _event_id), read("text", _text), read("account", _text)
    if problems:
        raise BadRequest(*problems)
    return account or None, InboundEvent(InboundKind.REPLY, f"api:{event_id}", at_ms, key, text)


def _moment_ms(given: Any) -> int:
    """A stamp in whole seconds counts as the last millisecond of its second, as everywhere."""
    at_ms = read_stamp(given)
    if at_ms is None:
        raise ValueError("is required: ISO 8601 with an offset, or epoch seconds or milliseconds")
    return at_ms


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
