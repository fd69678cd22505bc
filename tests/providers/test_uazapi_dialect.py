"""Bodies of `POST /sender/advanced` in, a draft or named problems out."""

import time
from typing import Any

import pytest

from dispatcher.domain.campaign import DraftMessage
from dispatcher.domain.pacing import Pacing
from dispatcher.providers.contract import BadRequest
from dispatcher.providers.uazapi.dialect import parse, recognises
from tests.providers.jobs import NOW_MS, PHONES, context
from tests.simulator.seeds import UAZAPI as SEED


def text(number: Any = PHONES[0], **other: Any) -> dict[str, Any]:
    return {"number": number, "type": "text", "text": "oi", **other}


def problems(**body: Any) -> list[tuple[str, str]]:
    with pytest.raises(BadRequest) as refused:
        parse(body, context("uazapi"))
    return list(refused.value.problems)


def fields(**body: Any) -> list[str]:
    return [where for where, _ in problems(**body)]


def test_the_seed_is_read_whole() -> None:
    draft = parse(SEED, context("uazapi"))
    assert (draft.name, draft.dialect) == ("teste avançado", "uazapi")
    assert draft.pacing == Pacing(3000, 6000)
    assert draft.scheduled_for_ms == NOW_MS + 60_000
    assert draft.options == {"delayMin": 3, "delayMax": 6, "info": "teste avançado", "scheduled_for": 1}
    number = "5511999999999"
    without_numbers = [{k: v for k, v in one.items() if k != "number"} for one in SEED["messages"]]
    assert list(draft.messages) == [DraftMessage(number, number, one, written=number) for one in without_numbers]


def test_delays_that_may_be_milliseconds_are_told() -> None:
    assert parse({**SEED, "delayMax": 30_000}, context("uazapi")).warnings[0].startswith("delayMax: 30000 s")
    assert parse({**SEED, "delayMax": 600}, context("uazapi")).warnings == ()


@pytest.mark.parametrize(
    ("number", "phone", "key"),
    [
        ("5511900000001", "5511900000001", "5511900000001"),
        (5511900000001, "5511900000001", "5511900000001"),
        ("558190000001", "558190000001", "5581990000001"),
        ("553190000001@s.whatsapp.net", "553190000001", "5531990000001"),
        ("+55 (11) 90000-0001", "5511900000001", "5511900000001"),
        ("+45 32 12 34 56", "4532123456", "4532123456"),
        ("120363000000000001@g.us", "120363000000000001@g.us", ""),
    ],
)
def test_numbers_come_as_digits_ids_and_groups(number: Any, phone: str, key: str) -> None:
    (message,) = parse({"messages": [text(number)]}, context("uazapi")).messages
    assert (message.phone, message.key) == (phone, key)


def test_unknown_fields_of_a_message_go_through_and_the_text_is_sent_to_the_letter() -> None:
    (message,) = parse({"messages": [text(text="oi {{name}}", replyid="3EB0", delay=1200)]}, context("uazapi")).messages
    assert message.content == {"type": "text", "text": "oi {{name}}", "replyid": "3EB0", "delay": 1200}
    assert message.fields is None


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"file": "https://x.example/a/Documento%20final.pdf?v=1"}, "Documento final.pdf"),
        ({"file": "https://x.example/"}, "documento"),
        ({"file": "https://[x/a.pdf"}, "documento"),
        ({"file": "https://x.example/a%00b.pdf"}, "ab.pdf"),
        ({"file": "data:application/pdf;base64,AAAA"}, "documento"),
        ({"file": "https://x.example/a.pdf", "docName": "B.pdf"}, "B.pdf"),
    ],
)
def test_a_document_always_has_a_name(given: dict[str, str], name: str) -> None:
    body = {"messages": [{"number": PHONES[0], "type": "document", **given}]}
    (message,) = parse(body, context("uazapi")).messages
    assert message.content is not None
    assert message.content["docName"] == name


ALONE: list[tuple[dict[str, Any], str]] = [
    ({"type": "text"}, "text"),
    ({"type": "text", "text": " "}, "text"),
    ({"type": "text", "text": 5}, "text"),
    ({"type": "list", "text": "a", "choices": ["Um|1"]}, "listButton"),
    ({"type": "list", "text": "a", "listButton": "Ver"}, "choices"),
    ({"type": "list", "text": "a", "listButton": "Ver", "choices": []}, "choices"),
    ({"type": "button", "text": "a"}, "choices"),
    ({"type": "button", "text": "a", "choices": ["|x"]}, "choices[0]"),
    ({"type": "poll", "text": "a"}, "choices"),
    ({"type": "carousel", "text": "a", "choices": ["Comprar|x"]}, "choices[0]"),
    *(({"type": kind}, "file") for kind in ["image", "video", "audio", "ptt", "myaudio", "sticker", "document"]),
    ({"type": "contact", "phoneNumber": PHONES[1]}, "fullName"),
    ({"type": "contact", "fullName": "Ana"}, "phoneNumber"),
    ({"type": "location", "latitude": -23.5}, "longitude"),
    ({"type": "location", "longitude": -46.6}, "latitude"),
    ({"type": "location", "latitude": "a", "longitude": 1}, "latitude"),
    ({"type": "fax", "text": "a"}, "type"),
    ({"text": "a"}, "type"),
]


@pytest.mark.parametrize(("message", "field"), ALONE)
def test_a_message_without_what_its_type_needs_is_named(message: dict[str, Any], field: str) -> None:
    body = [text(), text(), text(), {"number": PHONES[0], **message}]
    assert fields(messages=body) == [f"messages[3].{field}"]


@pytest.mark.parametrize("number", [None, "", " ", "123", "abc", True, "1@lid", "1@newsletter", "status@broadcast"])
def test_a_number_that_is_none_is_named_and_not_repeated(number: Any) -> None:
    (problem,) = problems(messages=[text(number)])
    assert problem[0] == "messages[0].number"
    assert str(number) not in problem[1] or not str(number).strip()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "x"}, "messages"),
        ({"messages": ["x"]}, "messages[0]"),
        ({"delayMin": -1}, "delayMin"),
        ({"delayMax": 86_401}, "delayMax"),
        ({"delayMin": 7, "delayMax": 6}, "delayMin"),
        ({"delayMin": "x"}, "delayMin"),
        ({"delayMin": True}, "delayMin"),
        ({"delayMax": False}, "delayMax"),
        ({"scheduled_for": True}, "scheduled_for"),
        ({"info": 5}, "info"),
        ({"scheduled_for": -1}, "scheduled_for"),
        ({"scheduled_for": 100_000}, "scheduled_for"),
        ({"scheduled_for": 10**12 - 1}, "scheduled_for"),
        ({"scheduled_for": NOW_MS - 60_001}, "scheduled_for"),
        ({"scheduled_for": NOW_MS * 1000}, "scheduled_for"),
        ({"scheduled_for": "amanhã"}, "scheduled_for"),
    ],
)
def test_the_rules_of_the_envelope(body: dict[str, Any], field: str) -> None:
    rest = {} if "messages" in body or not body else {"messages": [text()]}
    assert fields(**body, **rest) == [field]


@pytest.mark.parametrize(
    ("given", "start_ms"),
    [
        ({}, None),
        ({"scheduled_for": None}, None),
        ({"scheduled_for": 0}, None),
        ({"scheduled_for": 1}, NOW_MS + 60_000),
        ({"scheduled_for": "5"}, NOW_MS + 300_000),
        ({"scheduled_for": 99_999}, NOW_MS + 99_999 * 60_000),
        ({"scheduled_for": NOW_MS + 1}, NOW_MS + 1),
        ({"scheduled_for": NOW_MS - 60_000}, NOW_MS - 60_000),
    ],
)
def test_a_start_is_minutes_from_now_or_epoch_ms(given: dict[str, Any], start_ms: int | None) -> None:
    assert parse({"messages": [text()], **given}, context("uazapi")).scheduled_for_ms == start_ms


@pytest.mark.parametrize(
    ("given", "pacing"),
    [
        ({}, Pacing(5000, 9000)),
        ({"delayMin": 0, "delayMax": 0}, Pacing(0, 0)),
        ({"delayMin": 20}, Pacing(20_000, 20_000)),
        ({"delayMax": 2}, Pacing(2000, 2000)),
        ({"delayMin": 1.5, "delayMax": "2"}, Pacing(1500, 2000)),
        ({"delayMin": 601, "delayMax": 86_400}, Pacing(601_000, 86_400_000)),
    ],
)
def test_the_accounts_delays_stand_in_for_those_that_are_missing(given: dict[str, Any], pacing: Pacing) -> None:
    there = context("uazapi", delay_min_ms=5000, delay_max_ms=9000)
    assert parse({"messages": [text()], **given}, there).pacing == pacing


def test_no_more_than_twenty_problems_are_named() -> None:
    assert len(fields(messages=[text("x")] * 100)) == 20


def test_a_body_that_is_no_object_is_refused() -> None:
    with pytest.raises(BadRequest):
        parse(["x"], context("uazapi"))


def test_a_hundred_thousand_messages_are_read_in_a_few_seconds() -> None:
    menu = {"type": "button", "text": "Olá", "choices": ["Sim|1", "Não|2", "Ver|https://x.example"]}
    body = {"messages": [{"number": f"55119{number:08}", **menu} for number in range(100_000)]}
    begun = time.process_time()
    assert len(list(parse(body, context("uazapi")).messages)) == 100_000
    assert time.process_time() - begun < 6


@pytest.mark.parametrize(
    ("body", "ours"),
    [
        (SEED, True),
        ({"messages": [{"number": "1"}]}, True),
        ({"account": "loja", "messages": [text()]}, False),
        ({"campaign": "c", "tag": "t", "messages": [text()]}, False),
        ({"messages": [{"phone": "1"}]}, False),
        ({"messages": []}, False),
        ({"messages": "x"}, False),
        ([text()], False),
    ],
)
def test_a_body_is_recognised_by_its_messages(body: Any, ours: bool) -> None:
    assert recognises(body) is ours
