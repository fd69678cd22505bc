"""Whatever JSON comes in, no reader breaks on it, and what it makes of it can be stored."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.inbound import InboundEvent
from dispatcher.providers import evolution, registry
from dispatcher.providers.lines import is_up, why_down
from dispatcher.providers.uazapi import webhook as uazapi
from tests.providers.made import account

NAMES = (
    *("EventType", "event", "type", "owner", "instance", "chat", "message", "data", "status", "state", "key", "update"),
    *("id", "messageid", "chatid", "sender_pn", "fromMe", "isGroup", "messageTimestamp", "content", "vote", "text"),
    *("Chat", "MessageIDs", "Timestamp", "Type", "remoteJid", "keyId", "statusReason", "contact", "phone", "createdAt"),
)
WORDS = (
    *uazapi.READERS,
    *evolution.READERS,
    *("message.created", "Delivered", "READ", "5511900000001@s.whatsapp.net", "1@lid", "true", "False", "close"),
    *("3EB0", "1764000000", "LoggedOut", ""),
)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.sampled_from(WORDS)
JSON = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=8),
    max_leaves=30,
)


@pytest.mark.parametrize("name", registry.names())
@given(body=JSON)
def test_no_body_breaks_a_reader(name: str, body: Any) -> None:
    for event in registry.provider(name).read_inbound(account(name), body):
        assert isinstance(event, InboundEvent)
        assert event.event_id
        assert event.at_ms >= 0


@pytest.mark.parametrize("word", ["connected", "open", "Connected"])
def test_words_for_a_line_that_is_up(word: str) -> None:
    assert is_up(word) is True


@pytest.mark.parametrize(
    "word", ["disconnected", "hibernated", "close", "refused", "LoggedOut", "logged_out", "banned"]
)
def test_words_for_a_line_that_is_down(word: str) -> None:
    assert is_up(word) is False


@pytest.mark.parametrize("word", ["connecting", "", None, 5, [], {}])
def test_other_words_say_nothing_of_a_line(word: Any) -> None:
    assert is_up(word) is None
    assert is_up(word, "open") is True


def test_a_disconnect_is_told_with_its_meaning() -> None:
    assert why_down("403") == "403: banned"
    assert why_down("went for lunch") == "went for lunch"
