"""The native body: what it may say and what is refused, as tables."""

from dataclasses import replace
from typing import Any

import pytest

from dispatcher.domain.account import Account, OnLocked
from dispatcher.domain.campaign import Draft
from dispatcher.domain.pacing import Pacing
from dispatcher.domain.phone import canonical
from dispatcher.providers.contract import BadRequest, ParseContext
from dispatcher.providers.native import parse, recognises

NOW_MS = 1_794_052_800_000  # 2026-11-07T12:00:00Z
ANA, BIA = "5511900000001", "5511900000002"
ONE = {"account": "loja", "messages": [{"phone": ANA, "text": "oi"}]}
LIST = {"account": "loja", "text": "oi {{name}}", "recipients": [{"phone": ANA, "name": "Ana"}]}


def no_leads(url: str) -> Any:
    raise AssertionError("nothing is fetched here")


def read(body: Any, provider: str = "uazapi", **account: Any) -> Draft:
    holder = Account(1, "loja", provider, ("https://example.com",), **account)
    draft = parse(body, ParseContext(holder, NOW_MS, no_leads))
    return replace(draft, messages=list(draft.messages))


def refusals(body: Any, provider: str = "uazapi") -> list[str]:
    with pytest.raises(BadRequest) as caught:
        read(body, provider)
    return [where for where, _ in caught.value.problems]


@pytest.mark.parametrize(
    ("body", "ours"),
    [(ONE, True), (LIST, True), ({"messages": []}, False), ({"account": "loja"}, False), ([], False)],
)
def test_a_native_body_is_known_by_its_account(body: Any, ours: bool) -> None:
    assert recognises(body) is ours


def test_cpc_needs_an_operator_from_the_message_or_the_account() -> None:
    """Without one the first message would halt its tag, and the campaigns of others with it."""
    assert refusals(ONE, "cpc") == ["messages[0].specialistCode"]
    assert refusals(LIST, "cpc") == ["recipients"]
    for code in (" ", None, {"a": 1}, True):
        body = {**ONE, "messages": [{"phone": ANA, "text": "oi", "specialistCode": code}]}
        assert refusals(body, "cpc") == ["messages[0].specialistCode"]
    assert read({**ONE, "messages": [{"phone": ANA, "text": "oi", "specialistCode": "a"}]}, "cpc").messages
    for body in (ONE, LIST):
        assert read(body, "cpc", options={"specialist_code": "equipe"}).messages


def test_delays_that_may_be_milliseconds_are_told() -> None:
    assert read({**ONE, "delayMin": 5, "delayMax": 30_000}).warnings[0].startswith("delay_max: 30000 s")


def test_a_message_is_a_text_unless_it_says_otherwise() -> None:
    [message] = read(ONE).messages
    assert (message.phone, message.key, message.content) == (ANA, ANA, {"type": "text", "text": "oi"})
    assert (message.fields, message.params, message.problem) == (None, None, None)


def test_promise_5_a_number_from_abroad_has_the_key_that_its_reply_will_have() -> None:
    """Without its plus this one would pass for a Brazilian number."""
    abroad = {"phone": "+45 32 12 34 56"}
    [message] = read({"account": "loja", "messages": [{**abroad, "text": "oi"}]}).messages
    [recipient] = read({"account": "loja", "text": "oi", "recipients": [abroad]}).messages
    assert message.key == recipient.key == canonical("4532123456@s.whatsapp.net")


def test_a_message_may_be_in_uazapis_shape() -> None:
    menu = {"number": "11 90000-0001", "type": "list", "text": "Escolha", "listButton": "Ver", "choices": ["A|a"]}
    [message] = read({"account": "loja", "messages": [menu]}).messages
    assert message.phone == ANA
    assert message.content == {name: value for name, value in menu.items() if name != "number"}


def test_what_is_beside_the_content_goes_to_the_provider_and_to_the_template() -> None:
    own = {"contract": "91757", "specialistCode": "a"}
    given = {"phone": ANA, "text": "oi {{name}}", **own, "fields": {"name": "Ana", "age": 41, "x": None}}
    [message] = read({"account": "loja", "messages": [given]}, "cpc").messages
    assert message.params == own
    assert message.fields == {"name": "Ana", "age": "41"}


def test_recipients_share_a_text_and_bring_their_fields() -> None:
    draft = read({**LIST, "recipients": [{"phone": ANA, "name": "Ana"}, {"number": 5511900000002, "n": 1.5}]})
    assert draft.content == {"type": "text", "text": "oi {{name}}"}
    assert [message.fields for message in draft.messages] == [{"phone": ANA, "name": "Ana"}, {"phone": BIA, "n": "1.5"}]


def test_a_recipient_without_a_good_number_does_not_stop_the_others() -> None:
    draft = read({**LIST, "recipients": [{"phone": "123"}, {"phone": ANA}, {"name": "nobody"}, {"phone": ["x"]}]})
    assert [message.problem for message in draft.messages] == [
        "invalid_number",
        None,
        "invalid_number",
        "invalid_number",
    ]


def test_a_group_has_no_key() -> None:
    [message] = read({"account": "loja", "messages": [{"phone": "1203631@g.us", "text": "oi"}]}).messages
    assert (message.phone, message.key) == ("1203631@g.us", "")


@pytest.mark.parametrize(
    ("asked", "account", "pacing"),
    [
        ({}, {}, Pacing()),
        ({}, {"delay_min_ms": 2_000, "delay_max_ms": 5_000}, Pacing(2_000, 5_000)),
        ({"delay_min": 3, "delay_max": 6}, {}, Pacing(3_000, 6_000)),
        ({"delayMin": 3, "delayMax": 6.5}, {}, Pacing(3_000, 6_500)),
        ({"delay_min": 9}, {"delay_min_ms": 2_000, "delay_max_ms": 5_000}, Pacing(9_000, 9_000)),
        ({"delay_max": 1}, {"delay_min_ms": 2_000, "delay_max_ms": 5_000}, Pacing(1_000, 1_000)),
        ({"chunkSize": 50, "secondsBetweenChunks": 3}, {}, Pacing(chunk_size=50, chunk_gap_ms=3_000)),
        ({"chunk_size": 50, "seconds_between_chunks": 0.5}, {}, Pacing(chunk_size=50, chunk_gap_ms=500)),
    ],
)
def test_pace_in_either_spelling_with_the_accounts_as_default(
    asked: dict[str, Any], account: dict[str, Any], pacing: Pacing
) -> None:
    assert read({**ONE, **asked}, **account).pacing == pacing


def test_policies_are_carried_over() -> None:
    draft = read(
        {
            **ONE,
            "name": "Lançamento",
            "senders": ["a", "b"],
            "scheduled_for": "2026-11-07T13:00:00Z",
            "cpc": True,
            "on_locked": "defer",
            "validity_s": 60,
            "priority": 2,
            "callback_url": "https://example.com/hook",
            "follow_ups": [{"after_s": 3_600, "text": "ainda aí?"}],
            "chunks_count": 4,
        }
    )
    assert (draft.name, draft.dialect, draft.senders) == ("Lançamento", "native", ("a", "b"))
    assert draft.scheduled_for_ms == NOW_MS + 3_600_000
    assert (draft.guarded, draft.on_locked, draft.validity_s, draft.priority) == (True, OnLocked.DEFER, 60, 2)
    assert draft.callback_url == "https://example.com/hook"
    assert draft.follow_ups == ({"after_s": 3_600, "text": "ainda aí?"},)
    assert draft.chunks_count == 4


@pytest.mark.parametrize("start", ["2026-11-07T12:00:00Z", "2026-11-07T08:59:30-03:00"])
def test_a_start_that_is_now_is_no_schedule(start: str) -> None:
    assert read({**ONE, "scheduled_for": start}).scheduled_for_ms is None


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": {}}, "messages"),
        ({"messages": ["oi"]}, "messages[0]"),
        ({"messages": [{"phone": ANA}]}, "messages[0].text"),
        ({"messages": [{"phone": ANA, "text": 7}]}, "messages[0].text"),
        ({"messages": [{"text": "oi"}]}, "messages[0].phone"),
        ({"messages": [{"phone": "123", "text": "oi"}]}, "messages[0].phone"),
        ({"messages": [{"number": "123", "text": "oi"}]}, "messages[0].number"),
        ({"messages": [{"phone": ANA, "type": "fax"}]}, "messages[0].type"),
        ({"messages": [{"phone": ANA, "type": "list", "text": "x", "choices": ["a"]}]}, "messages[0].listButton"),
        ({"messages": [{"phone": ANA, "text": "oi", "fields": 3}]}, "messages[0].fields"),
        ({"text": "oi"}, "text"),
        ({"recipients": [{"phone": ANA}]}, "messages"),
        ({"delay_min": -1}, "delay_min"),
        ({"delayMin": 86_401}, "delayMin"),
        ({"delay_min": "3"}, "delay_min"),
        ({"delay_min": 6, "delay_max": 3}, "delay_min"),
        ({"chunk_size": 1.5}, "chunk_size"),
        ({"scheduled_for": "2026-11-07T11:58:00Z"}, "scheduled_for"),
        ({"scheduled_for": "2026-11-07T13:00:00"}, "scheduled_for"),
        ({"scheduled_for": "amanhã"}, "scheduled_for"),
        ({"scheduled_for": 1_794_052_800}, "scheduled_for"),
        ({"on_locked": "queue"}, "on_locked"),
        ({"on_locked": []}, "on_locked"),
        ({"cpc": "yes"}, "cpc"),
        ({"priority": 101}, "priority"),
        ({"callback_url": "ftp://example.com"}, "callback_url"),
        ({"follow_ups": [{"after_s": 0, "text": "x"}]}, "follow_ups[0].after_s"),
        ({"delaymin": 3}, "delaymin"),
    ],
)
def test_a_wrong_field_is_named(changed: dict[str, Any], field: str) -> None:
    assert refusals({**ONE, **changed}) == [field]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"text": None}, "text"),
        ({"text": "  "}, "text"),
        ({"content": {"type": "text", "text": "oi"}}, "text"),
        ({"text": None, "content": {"type": "image"}}, "content.file"),
        ({"recipients": []}, "recipients"),
        ({"recipients": [{"phone": ANA, "address": {"street": "x"}}]}, "recipients[0]"),
    ],
)
def test_a_wrong_field_beside_recipients_is_named(changed: dict[str, Any], field: str) -> None:
    assert refusals({**LIST, **changed}) == [field]


def test_a_provider_of_texts_is_not_given_a_document() -> None:
    document = {"phone": ANA, "type": "document", "file": "https://example.com/a.pdf"}
    assert refusals({"account": "loja", "messages": [document]}, "kinbox") == ["messages[0].type"]


def test_a_refusal_never_repeats_what_was_sent() -> None:
    with pytest.raises(BadRequest) as caught:
        read({**ONE, "messages": [{"phone": "55119000000017", "text": ["secreto"]}], "cpc": "segredo"})
    assert "secreto" not in str(caught.value)
    assert "segredo" not in str(caught.value)
    assert "9000" not in str(caught.value)


def test_at_most_twenty_problems_are_named() -> None:
    assert len(refusals({"account": "loja", "messages": [{"phone": "1"}] * 50})) == 20
