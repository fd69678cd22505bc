"""What apps tell us of clients.

POST /v1/inbound         `{"phone", "at", "event_id", "text"?, "account"?}`   a reply
POST /v1/suppressions    `{"phone", "reason"?}`                               asked not to be contacted
"""

from collections.abc import Callable, Mapping
from typing import Any

from dispatcher.domain.inbound import InboundEvent, InboundKind
from dispatcher.domain.phone import InvalidPhone, canonical
from dispatcher.providers.contract import BadRequest
from dispatcher.providers.stamps import read_stamp

OPERATOR = "operator"  # the reason of a suppression that came without one
_LONGEST_ID = 255


def read_reply(body: dict[str, Any]) -> tuple[str | None, InboundEvent]:
    """The account's name, if one is given, and the event; raises BadRequest naming every wrong field."""
    readers = {"phone": _phone, "at": _moment_ms, "event_id": _event_id, "text": _text, "account": _text}
    key, at_ms, event_id, text, account = _read(body, readers)
    return account or None, InboundEvent(InboundKind.REPLY, f"api:{event_id}", at_ms, key, text)


def read_suppression(body: dict[str, Any]) -> tuple[str, str]:
    """The client's canonical number and the reason; raises BadRequest naming every wrong field."""
    key, reason = _read(body, {"phone": _phone, "reason": _reason})
    return key, reason or OPERATOR


def _read(body: dict[str, Any], readers: Mapping[str, Callable[[Any], Any]]) -> list[Any]:
    problems: list[tuple[str, str]] = []
    found = []
    for name, reader in readers.items():
        try:
            found.append(reader(body.get(name)))
        except (ValueError, OverflowError) as wrong:
            problems.append((name, str(wrong)))
    if problems:
        raise BadRequest(*problems)
    return found


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


def _reason(given: Any) -> str:
    if len(reason := _text(given)) > _LONGEST_ID:
        raise ValueError(f"must have at most {_LONGEST_ID} characters")
    return reason
