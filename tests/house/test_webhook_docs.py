"""docs/webhooks.md tells every event that a reader takes, and what it becomes."""

from typing import Any

import pytest

from dispatcher.domain.inbound import InboundEvent
from dispatcher.providers import evolution, lines, registry
from dispatcher.providers.uazapi import webhook as uazapi
from dispatcher.simulator import events
from tests.house.documents import rows, section
from tests.providers.made import ANA, account

PAGE = "docs/webhooks.md"
TOLD = [row for row in rows(section(PAGE, "## Events")) if row[0] != "any"]
LOGGED_OUT = ("logout.instance", "remove.instance", "qrcode.updated")
OURS = {"number": ANA, "from_me": True, "by_api": True, "folder": "r1"}
BODIES: dict[tuple[str, str], Any] = {
    ("uazapi", "messages"): events.reply(events.options(events.REPLY, {"number": ANA})).body,
    ("uazapi", "`messages`, of ours"): events.reply(events.options(events.REPLY, OURS)).body,
    ("uazapi", "messages_update"): events.receipt(
        events.options(events.RECEIPT, {"number": ANA, "message_ids": ["3EB0"]})
    ).body,
    ("uazapi", "sender"): {"EventType": "sender", "data": {"folder_id": "r1", "status": "done"}},
    ("uazapi", "connection"): events.connection(events.CONNECTION).body,
    ("Kinbox", "message"): events.reply(events.options(events.REPLY, {"number": ANA, "provider": "kinbox"})).body,
    ("Evolution", "messages.upsert"): events.reply(
        events.options(events.REPLY, {"number": ANA, "shape": "evolution"})
    ).body,
    ("Evolution", "messages.update"): events.receipt(
        events.options(events.RECEIPT, {"number": ANA, "message_ids": ["3EB0"], "shape": "evolution"})
    ).body,
    ("Evolution", "connection.update"): events.connection({**events.CONNECTION, "shape": "evolution"}).body,
    **{("Evolution", name): {"event": name, "instance": "x", "data": {}} for name in LOGGED_OUT},
}


def test_every_event_that_a_reader_takes_is_documented() -> None:
    told = {(shape, name) for shape, name, *_ in TOLD}
    known = {("uazapi", name) for name in uazapi.READERS} | {("Evolution", name) for name in evolution.READERS}
    assert told == known | {("Kinbox", "message"), ("uazapi", "`messages`, of ours")}


@pytest.mark.parametrize(("shape", "name", "becomes"), [row[:3] for row in TOLD])
def test_an_event_becomes_what_is_documented(shape: str, name: str, becomes: str) -> None:
    provider = {"Kinbox": "kinbox"}.get(shape, "uazapi")
    found: tuple[InboundEvent, ...] = registry.provider(provider).read_inbound(account(provider), BODIES[shape, name])
    assert [event.kind for event in found] == [becomes]


def test_every_provider_is_told_what_to_enter() -> None:
    assert {name for name, *_ in rows(section(PAGE, "## What to enter at the provider"))} == set(registry.names())


def test_the_words_for_lines_are_the_tables() -> None:
    [[down, up, _]] = rows(section(PAGE, "## Connections"))
    assert {lines.is_up(word.replace("close(d)", "close")) for word in down.split(", ")} == {False}
    assert {lines.is_up(word) for word in up.split(", ")} == {True}
