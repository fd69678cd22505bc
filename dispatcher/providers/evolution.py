"""Webhooks in the shape of Evolution API (PROVIDERS 5), which is accepted on every provider's account.

    messages.upsert     a client's reply
    messages.update     what became of a message of ours
    connection.update   a line went up or down
    logout.instance, remove.instance, qrcode.updated   it is down until somebody scans its code

Names may be written `MESSAGES_UPSERT` or `messages-upsert`; `data` may be a list of what it usually is one of.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from dispatcher.domain.inbound import InboundEvent, InboundKind, ReceiptState
from dispatcher.domain.outcomes import without_numbers
from dispatcher.providers.inbound_fields import client_key, digest, part, parts, text, yes_no
from dispatcher.providers.lines import is_up, why_down
from dispatcher.providers.stamps import read_stamp

_STATES = {
    "0": ReceiptState.FAILED,
    "2": ReceiptState.SENT,
    "3": ReceiptState.DELIVERED,
    "4": ReceiptState.READ,
    "5": ReceiptState.READ,
    "ERROR": ReceiptState.FAILED,
    "SERVER_ACK": ReceiptState.SENT,
    "DELIVERY_ACK": ReceiptState.DELIVERED,
    "READ": ReceiptState.READ,
    "PLAYED": ReceiptState.READ,
}
_NOT_SAID_BY_HAND = ("reaction", "protocol", "edited", "senderkeydistribution")
_TEXTS = (
    ("conversation",),
    ("extendedTextMessage", "text"),
    ("imageMessage", "caption"),
    ("videoMessage", "caption"),
    ("documentMessage", "caption"),
    ("buttonsResponseMessage", "selectedDisplayText"),
    ("templateButtonReplyMessage", "selectedDisplayText"),
    ("listResponseMessage", "title"),
)


def read_inbound(body: Any) -> tuple[InboundEvent, ...]:
    """The events in a webhook body of this shape; none in any other."""
    envelope = part(body)
    read = READERS.get(text(envelope.get("event")).lower().replace("_", ".").replace("-", "."))
    if read is None:
        return ()
    return tuple(event for data in (parts(envelope.get("data")) or [{}]) for event in read(envelope, data))


def is_said_by_hand(message_type: str) -> bool:
    """Is a message of this type something that the client answers with? Reactions, edits and protocol are not."""
    return not message_type.lower().startswith(_NOT_SAID_BY_HAND)


def _replies(envelope: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[InboundEvent]:
    key, message = part(data.get("key")), part(data.get("message"))
    jid = text(key.get("remoteJid"))
    kinds = [text(data.get("messageType")), *(name for name in message if name != "messageContextInfo")]
    if yes_no(key.get("fromMe")) is not False or not all(map(is_said_by_hand, kinds)):
        return
    client = client_key(jid, *(key.get(name) for name in _OTHER_JIDS)) if _is_person(jid) else ""
    if client:
        yield InboundEvent(
            InboundKind.REPLY,
            f"reply:{text(key.get('id')) or digest(data)}",
            read_stamp(data.get("messageTimestamp")) or 0,
            key=client,
            text=_text_of(message),
            sender_name=text(envelope.get("instance")),
        )


_OTHER_JIDS = ("remoteJidAlt", "senderPn")


def _is_person(jid: str) -> bool:
    """Of a hidden id (`@lid`) the number may stand elsewhere; of groups, lists and newsletters it must not be used."""
    return jid.endswith(("@s.whatsapp.net", "@c.us", "@lid")) or "@" not in jid


def _text_of(message: Mapping[str, Any]) -> str:
    for first, *rest in _TEXTS:
        found = message.get(first)
        for step in rest:
            found = part(found).get(step)
        if isinstance(found, str) and found:
            return found
    return ""


def _receipts(envelope: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[InboundEvent]:
    key, update = part(data.get("key")), part(data.get("update"))
    reference = text(key.get("id"), data.get("keyId"))
    state = _STATES.get(text(data.get("status"), update.get("status")).upper())
    ours = yes_no(key.get("fromMe", data.get("fromMe")))
    if reference and state is not None and ours:
        yield InboundEvent(
            InboundKind.RECEIPT,
            f"receipt:{reference}:{state.value}",
            read_stamp(data.get("messageTimestamp")) or read_stamp(envelope.get("date_time")) or 0,
            key=client_key(key.get("remoteJid"), data.get("remoteJid")),
            provider_ref=reference,
            receipt=state,
            sender_name=text(envelope.get("instance")),
        )


def _connections(envelope: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[InboundEvent]:
    connected = is_up(data.get("state"))
    if connected is not None:
        yield _connection(envelope, data, connected, why_down(text(data.get("statusReason"), data.get("state"))))


def _logged_out(envelope: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[InboundEvent]:
    yield _connection(envelope, data, False, "logged out")


def _connection(envelope: Mapping[str, Any], data: Mapping[str, Any], connected: bool, why: str) -> InboundEvent:
    """Without the QR code, which is a new one every time, and what else tells one of them from the next."""
    line = text(envelope.get("instance"), data.get("instance"))
    return InboundEvent(
        InboundKind.CONNECTION,
        f"connection:{digest([line, connected, why, envelope.get('date_time')])}",
        read_stamp(envelope.get("date_time")) or 0,
        sender_name=line,
        connected=connected,
        reason="" if connected else without_numbers(why),
    )


READERS = {
    "messages.upsert": _replies,
    "messages.update": _receipts,
    "connection.update": _connections,
    **dict.fromkeys(("logout.instance", "remove.instance", "qrcode.updated"), _logged_out),
}
