"""Kinbox' webhooks, whose payloads are not public (PROVIDERS 2.3): a reply is read where one can be made out.

A POST has a `type`; the message and its contact are somewhere below. A reply needs a client's number and a
sign that the client wrote it: who does not say that a message came in is taken for us, because our own
echo must release nothing. Evolution's shape is read as well.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from dispatcher.domain.account import Account
from dispatcher.domain.inbound import InboundEvent, InboundKind
from dispatcher.providers import evolution
from dispatcher.providers.inbound_fields import client_key, digest, part, text, yes_no
from dispatcher.providers.stamps import read_stamp

_WRAPPINGS = ("data", "payload", "body", "message", "conversation", "session")
_PEOPLE = ("contact", "contactInfo", "customer", "lead", "client", "sender", "from", "author")
_PHONES = ("phone", "phoneNumber", "number", "whatsapp", "remoteJid", "chatid", "sender", "from")
_TEXTS = ("content", "text", "textRaw", "message", "body", "caption")
_STAMPS = ("timestamp", "messageTimestamp", "createdAt", "sentAt", "date", "created_at")
_IDS = ("idMessage", "messageId", "id", "_id", "externalId")
_FROM_US = ("fromMe", "isFromMe", "isMe", "outgoing")
_WAYS = ("direction", "way", "origin", "senderType", "sentBy", "authorType")
_IN = frozenset({"in", "inbound", "incoming", "received", "contact", "customer", "client", "lead"})
_ABOUT_MESSAGES = ("message", "mensagem")
_NOT_NEW = ("status", "update", "delete", "ack", "edit")
_DEPTH = 4


def read_inbound(account: Account, body: Any) -> tuple[InboundEvent, ...]:
    """The reply in a webhook body; none where there is none, or none can be made out."""
    envelope = part(body)
    if _is_about_a_message(envelope) and (found := tuple(_replies(envelope))):
        return found
    return evolution.read_inbound(body)


def _is_about_a_message(envelope: Mapping[str, Any]) -> bool:
    kind = text(envelope.get("type"), envelope.get("event")).lower()
    return any(word in kind for word in _ABOUT_MESSAGES) and not any(word in kind for word in _NOT_NEW)


def _replies(envelope: Mapping[str, Any]) -> Iterator[InboundEvent]:
    nodes = list(_nodes(envelope, _DEPTH))
    if not _came_in(nodes) or any(yes_no(node.get("isGroup")) for node in nodes):
        return
    people = [part(node.get(name)) for node in nodes for name in _PEOPLE]
    client = client_key(*_values([*people, *nodes], _PHONES))
    if client:
        message = _message(nodes)
        yield InboundEvent(
            InboundKind.REPLY,
            f"reply:{text(*_values([message], _IDS)) or digest(envelope)}",
            next(filter(None, map(read_stamp, _values([message, *nodes], _STAMPS))), 0),
            key=client,
            text=_text_of(message),
            sender_name=text(*_values(nodes, ("channelId",))),
        )


def _nodes(node: Mapping[str, Any], depth: int) -> Iterator[Mapping[str, Any]]:
    """An object and those that it wraps, outer ones first."""
    yield node
    for name in _WRAPPINGS:
        if depth and (inner := part(node.get(name))):
            yield from _nodes(inner, depth - 1)


def _message(nodes: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The innermost object with a text, else the one that says which way it went: not the conversation around it."""
    inner_first = nodes[::-1]
    said = (node for node in inner_first if _text_of(node))
    signed = (node for node in inner_first if list(_values([node], (*_FROM_US, *_WAYS))))
    return next(said, None) or next(signed, nodes[0])


def _text_of(node: Mapping[str, Any]) -> str:
    return next((one for one in _values([node], _TEXTS) if isinstance(one, str) and one), "")


def _came_in(nodes: list[Mapping[str, Any]]) -> bool:
    """Said so at least once, and nowhere denied."""
    ours = [yes_no(one) for one in _values(nodes, _FROM_US)]
    ways = [one.lower() for one in _values(nodes, _WAYS) if isinstance(one, str)]
    signs = [*(one is False for one in ours if one is not None), *(one in _IN for one in ways)]
    return bool(signs) and all(signs)


def _values(nodes: list[Mapping[str, Any]], names: tuple[str, ...]) -> Iterator[Any]:
    for node in nodes:
        yield from (node[name] for name in names if node.get(name) is not None)
