"""uazapi's webhooks as seen on live servers (PROVIDERS 1.8): `messages`, `messages_update`, `connection`,
`sender`.

The body carries the instance's token and nothing signs it: it is read and let go, never kept or logged.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from dispatcher.domain.account import Account
from dispatcher.domain.inbound import InboundEvent, InboundKind, ReceiptState
from dispatcher.domain.outcomes import without_numbers
from dispatcher.providers import evolution
from dispatcher.providers.inbound_fields import client_key, digest, part, parts, text, yes_no
from dispatcher.providers.lines import is_up, why_down
from dispatcher.providers.stamps import read_stamp

_STATES = {
    "sent": ReceiptState.SENT,
    "delivered": ReceiptState.DELIVERED,
    "read": ReceiptState.READ,
    "played": ReceiptState.READ,
    "failed": ReceiptState.FAILED,
    "error": ReceiptState.FAILED,
}
_NOT_LEFT = frozenset({"queued", "scheduled", "failed", "canceled", "error"})
_PERSON = ("@s.whatsapp.net", "@c.us")
_CROWD = ("@g.us", "@newsletter", "@broadcast")


def read_inbound(account: Account, body: Any) -> tuple[InboundEvent, ...]:
    """The events in a webhook body; the spec's own form (`event`, `data`) and Evolution's are read as well."""
    envelope = part(body)
    read = READERS.get(text(envelope.get("EventType"), envelope.get("event")).lower())
    return tuple(read(envelope)) if read else evolution.read_inbound(body)


def _sender(envelope: Mapping[str, Any]) -> str:
    """The number that it concerns, which is what senders are called; the instance's name where no number is told."""
    instance = part(envelope.get("instance"))
    return text(
        envelope.get("owner"), instance.get("owner"), envelope.get("instanceName"), instance.get("name")
    ).partition("@")[0]


# ---------------------------------------------------------------- messages


def _replies(envelope: Mapping[str, Any]) -> Iterator[InboundEvent]:
    chat = part(envelope.get("chat"))
    for message in parts(envelope.get("message", envelope.get("data"))):
        yield from _echoes(envelope, message, chat)
        client = _client(message, chat) if _is_reply(message) and not _is_crowd(chat) else ""
        if client:
            yield InboundEvent(
                InboundKind.REPLY,
                f"reply:{_bare(text(message.get('messageid'), message.get('id'))) or digest(message)}",
                read_stamp(message.get("messageTimestamp")) or 0,
                key=client,
                text=_text_of(message),
                sender_name=_sender(envelope),
            )


def _echoes(envelope: Mapping[str, Any], message: Mapping[str, Any], chat: Mapping[str, Any]) -> Iterator[InboundEvent]:
    """A message of a mass send of ours: until now we know only the mass send's name. `sender_pn` is our own line."""
    own = _bare(text(message.get("messageid"), message.get("id")))
    job = text(message.get("send_folder_id"))
    client = _client({**message, "sender_pn": ""}, chat)
    left = text(message.get("status")).lower() not in _NOT_LEFT
    if own and job and client and left and yes_no(message.get("fromMe")) and not _is_crowd(chat):
        at_ms = read_stamp(message.get("messageTimestamp")) or 0
        line = _sender(envelope)
        yield InboundEvent(
            InboundKind.ECHO, f"echo:{own}", at_ms, key=client, provider_ref=own, job_ref=job, sender_name=line
        )


def _is_reply(message: Mapping[str, Any]) -> bool:
    """From a client, by hand, to us alone. Who does not say that it is not from us is taken for us."""
    return (
        yes_no(message.get("fromMe")) is False
        and not yes_no(message.get("wasSentByApi"))
        and not yes_no(message.get("isGroup"))
        and not text(message.get("chatid")).endswith(_CROWD)
        and evolution.is_said_by_hand(text(message.get("messageType")))
    )


def _is_crowd(chat: Mapping[str, Any]) -> bool:
    """A group whose message names its member alone shows in the chat around it."""
    return bool(yes_no(chat.get("wa_isGroup"))) or text(chat.get("wa_chatid")).endswith(_CROWD)


def _bare(message_id: str) -> str:
    """A message's id without its owner: `owner:messageid` and `messageid` are one message."""
    return message_id.rpartition(":")[2]


def _client(message: Mapping[str, Any], chat: Mapping[str, Any]) -> str:
    chatid = text(message.get("chatid"))
    own = chatid if chatid.endswith(_PERSON) else ""
    return client_key(own, message.get("sender_pn"), chat.get("phone"), chat.get("wa_chatid"))


def _text_of(message: Mapping[str, Any]) -> str:
    """A tap on a button has no text but an id, a row of a list its title in `vote`."""
    content = message.get("content")
    return text(
        message.get("text"),
        content if isinstance(content, str) else part(content).get("text"),
        message.get("vote"),
        message.get("buttonOrListid"),
    )


# ---------------------------------------------------------------- messages_update


def _receipts(envelope: Mapping[str, Any]) -> Iterator[InboundEvent]:
    for event in parts(envelope.get("event")) or parts(envelope.get("data", envelope)):
        state = _STATES.get(text(envelope.get("state"), event.get("Type"), event.get("status")).lower())
        if state is None or yes_no(event.get("IsFromMe")) or yes_no(event.get("IsGroup")):
            continue
        for reference in _references(event):
            yield InboundEvent(
                InboundKind.RECEIPT,
                f"receipt:{reference}:{state.value}",
                read_stamp(event.get("Timestamp", event.get("timestamp"))) or 0,
                key=client_key(event.get("Chat"), event.get("chatid")),
                provider_ref=reference,
                receipt=state,
                sender_name=_sender(envelope),
                reason=without_numbers(text(event.get("error"), envelope.get("error"))),
            )


def _references(event: Mapping[str, Any]) -> list[str]:
    """Bare message ids; one event may speak of several."""
    ids = event.get("MessageIDs", event.get("messageid", event.get("id")))
    found = [_bare(text(one)) for one in (ids if isinstance(ids, list) else [ids])]
    return [one for one in dict.fromkeys(found) if one]


# ---------------------------------------------------------------- connection


def _connections(envelope: Mapping[str, Any]) -> Iterator[InboundEvent]:
    instance = part(envelope.get("instance")) or part(envelope.get("data"))
    kind = is_up(envelope.get("type"))
    connected = False if kind is False else is_up(instance.get("status"), envelope.get("status"))
    if connected is not None:
        why = why_down(text(instance.get("lastDisconnectReason"))) or "disconnected"
        yield InboundEvent(
            InboundKind.CONNECTION,
            f"connection:{digest(envelope)}",
            0 if connected else read_stamp(instance.get("lastDisconnect")) or 0,
            sender_name=_sender(envelope),
            connected=connected,
            reason="" if connected else without_numbers(why),
        )


# ---------------------------------------------------------------- sender


def _progress(envelope: Mapping[str, Any]) -> Iterator[InboundEvent]:
    """A mass send begins or ends. Its form is uncertain: nothing is taken from it but whose it is."""
    nodes = [envelope, *(one for name in ("data", "event", "sender", "folder") for one in parts(envelope.get(name)))]
    folder = text(*(node.get(name) for node in nodes for name in ("folder_id", "send_folder_id")))
    if folder:
        yield InboundEvent(
            InboundKind.PROGRESS,
            f"progress:{folder}:{digest(envelope)}",
            0,
            sender_name=_sender(envelope),
            job_ref=folder,
        )


READERS = {
    "messages": _replies,
    "messages_update": _receipts,
    "connection": _connections,
    "sender": _progress,
}
