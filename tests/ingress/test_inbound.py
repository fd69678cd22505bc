"""A reply that an app saw itself."""

from itertools import product
from typing import Any

import pytest

from dispatcher.ingress.inbound import read_reply
from dispatcher.providers.contract import BadRequest

REPLY = {"phone": "+55 (11) 90000-0001", "at": "2026-11-07T12:00:00.250Z", "event_id": "e-1", "text": "oi"}


def test_a_reply_is_read_under_the_canonical_number() -> None:
    account, event = read_reply({**REPLY, "account": "loja"})
    assert account == "loja"
    assert (event.key, event.text, event.event_id) == ("5511900000001", "oi", "api:e-1")
    assert event.at_ms == 1_794_052_800_250


def test_text_and_account_may_be_left_out() -> None:
    account, event = read_reply({name: REPLY[name] for name in ("phone", "at", "event_id")})
    assert (account, event.text) == (None, "")


def test_a_moment_in_whole_seconds_is_the_last_it_can_mean() -> None:
    assert read_reply({**REPLY, "at": "2026-11-07T09:00:00-03:00"})[1].at_ms == 1_794_052_800_999


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *product(["phone"], [None, "", "123", 5511900000001, "120363@g.us"]),
        *product(["at"], [None, "", "yesterday", "2026-11-07T12:00:00", "9999-12-31T23:59:59-12:00", True, -1, []]),
        *product(["event_id"], [None, "", 7, "x" * 256]),
        ("text", 7),
        ("account", ["loja"]),
    ],
)
def test_a_wrong_field_is_named(field: str, value: Any) -> None:
    with pytest.raises(BadRequest) as caught:
        read_reply({**REPLY, field: value})
    assert [where for where, _ in caught.value.problems] == [field]


def test_all_wrong_fields_are_named_at_once() -> None:
    with pytest.raises(BadRequest) as caught:
        read_reply({})
    assert [where for where, _ in caught.value.problems] == ["phone", "at", "event_id"]
