"""Kinbox' webhooks: guesses at a shape that is not public, read leniently and never wrongly."""

from typing import Any

import pytest

from dispatcher.domain.inbound import InboundEvent, InboundKind
from dispatcher.providers.kinbox import PROVIDER
from dispatcher.simulator import events
from tests.providers.made import ANA, NOW_MS, account

HOLDER = account("kinbox")
CONTACT = {"phone": "+55 (11) 90000-0001", "name": "Ana"}
DATA = {"id": "m1", "content": "oi", "fromMe": False, "channelId": "canal", "contact": CONTACT, "createdAt": NOW_MS}
REPLY = InboundEvent(InboundKind.REPLY, "reply:m1", NOW_MS, key=ANA, text="oi", sender_name="canal")


def read(body: Any) -> tuple[InboundEvent, ...]:
    return PROVIDER.read_inbound(HOLDER, body)


UNDERSTOOD = [
    {"type": "message", "data": {**DATA, "conversation": {"id": "c7", "createdAt": 1_700_000_000_000}}},
    {"type": "message.created", "data": DATA},
    {"type": "new_message", "data": DATA | {"fromMe": "false", "createdAt": "2026-11-07T12:00:00.000Z"}},
    {"type": "Nova Mensagem", **DATA},
    {"event": "message:new", "payload": {"message": {**DATA, "fromMe": None, "direction": "inbound"}}},
    {"type": "message", "data": {"conversation": {"contact": CONTACT}, "message": {**DATA, "contact": None}}},
    {
        "type": "message",
        "id": "e9",
        "data": {**DATA, "contact": {"number": "5511900000001@c.us"}, "senderType": "contact"},
    },
]


@pytest.mark.parametrize("body", UNDERSTOOD)
def test_a_reply_is_found_in_the_likely_places(body: Any) -> None:
    assert read(body) == (REPLY,)


def test_a_picture_has_no_text_but_is_a_reply() -> None:
    data = {**DATA, "content": "", "conversation": {"id": "c7", "createdAt": 1_700_000_000_000}}
    [event] = read({"type": "message", "data": data})
    assert (event.event_id, event.at_ms, event.text) == ("reply:m1", NOW_MS, "")


NOTHING = [
    {"type": "message.created", "data": DATA | {"fromMe": True}},
    {"type": "message.created", "data": {**DATA, "direction": "outbound", "fromMe": False}},  # contradicts itself
    {"type": "message.created", "data": {name: value for name, value in DATA.items() if name != "fromMe"}},
    {"type": "message.created", "data": DATA | {"isGroup": "true"}},
    {"type": "message.created", "data": DATA | {"contact": {"phone": "120363025246125486@g.us"}}},
    {"type": "message.created", "data": DATA | {"contact": {}}},
    {"type": "message.status", "data": DATA},
    {"type": "conversation.created", "data": DATA},
    {"type": "tag.applied", "data": {"contact": CONTACT}},
    {"data": DATA},
    {"type": 7, "data": [DATA]},
    {"type": "message.created", "data": "oi"},
    {},
    [],
    None,
    "message",
]


@pytest.mark.parametrize("body", NOTHING)
def test_what_is_not_surely_a_reply_is_nothing(body: Any) -> None:
    assert read(body) == ()


def test_an_event_without_an_id_is_known_again_by_its_content() -> None:
    bare = {"type": "message", "data": {name: value for name, value in DATA.items() if name != "id"}}
    [first], [again] = read(bare), read(bare)
    [other] = read({"type": "message", "data": {**bare["data"], "content": "outra"}})  # type: ignore[dict-item]
    assert first.event_id == again.event_id != other.event_id


def test_without_a_stamp_nobody_knows_when_it_was() -> None:
    data = {name: value for name, value in DATA.items() if name != "createdAt"}
    assert [event.at_ms for event in read({"type": "message", "data": data})] == [0]


@pytest.mark.parametrize("shape", ["kinbox", "evolution"])
def test_the_simulators_replies_are_understood(shape: str) -> None:
    given = {"provider": "kinbox", "identity": "canal", "number": ANA, "text": "oi", "message_id": "m1", "shape": shape}
    [event] = read(events.reply(events.options(events.REPLY, given)).body)
    assert (event.kind, event.key, event.text, event.sender_name) == (InboundKind.REPLY, ANA, "oi", "canal")
    assert event.event_id == "reply:m1"


@pytest.mark.parametrize("shape", ["kinbox", "evolution"])
@pytest.mark.parametrize("how", [{"from_me": True}, {"group": True}])
def test_the_simulators_echoes_and_groups_are_nothing(shape: str, how: dict[str, Any]) -> None:
    given = {"provider": "kinbox", "number": ANA, "shape": shape, **how}
    body = events.reply(events.options(events.REPLY, given)).body
    if not (shape == "kinbox" and "group" in how):  # its shape has no groups
        assert read(body) == ()
