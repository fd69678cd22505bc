"""`/sender/simple`: one content for many numbers, as a draft, or refused with the names of the fields."""

from typing import Any

import pytest

from dispatcher.domain.campaign import DraftMessage
from dispatcher.domain.pacing import Pacing
from dispatcher.providers.contract import BadRequest
from dispatcher.providers.registry import recognise
from dispatcher.providers.uazapi.simple import parse
from tests.providers.jobs import NOW_MS, context

GOOD = {"numbers": ["5511900000001"], "type": "text", "text": "oi", "delayMin": 3, "delayMax": 6, "scheduled_for": 1}


def fields(**changed: Any) -> list[str]:
    """The fields that the body is refused for; a field changed to None is left out."""
    body = {name: value for name, value in {**GOOD, **changed}.items() if value is not None}
    try:
        parse(body, context("uazapi"))
    except BadRequest as refused:
        return [where for where, _ in refused.problems]
    return []


def test_one_content_goes_to_every_number_in_any_spelling() -> None:
    numbers = ["5511900000001", 5511900000002, "5511900000003@s.whatsapp.net", "120363000000000001@g.us"]
    draft = parse({**GOOD, "numbers": numbers, "folder": "Oferta", "info": "i", "delay": 900}, context("uazapi"))
    assert [(one.phone, one.content) for one in draft.messages] == [
        ("5511900000001", None),
        ("5511900000002", None),
        ("5511900000003", None),
        ("120363000000000001@g.us", None),
    ]
    assert draft.content == {"type": "text", "text": "oi", "delay": 900}
    assert (draft.name, draft.dialect, draft.pacing) == ("Oferta", "uazapi", Pacing(3000, 6000))
    assert draft.scheduled_for_ms == NOW_MS + 60_000
    assert draft.options == {"delayMin": 3, "delayMax": 6, "scheduled_for": 1, "folder": "Oferta", "info": "i"}


def test_a_document_without_a_name_is_called_after_its_file() -> None:
    draft = parse({**GOOD, "type": "document", "file": "https://x.example/a%20b.pdf"}, context("uazapi"))
    assert (draft.content or {})["docName"] == "a b.pdf"


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({}, []),
        ({"scheduled_for": None}, []),
        ({"scheduled_for": 0}, []),
        ({"numbers": None}, ["numbers"]),
        ({"numbers": []}, ["numbers"]),
        ({"numbers": "5511900000001"}, ["numbers"]),
        ({"numbers": ["5511900000001", "12", None]}, ["numbers[1]", "numbers[2]"]),
        ({"type": None}, ["type"]),
        ({"type": "hologram"}, ["type"]),
        ({"text": None}, ["text"]),
        ({"text": 5}, ["text"]),
        ({"type": "list", "choices": ["A"]}, ["listButton"]),
        ({"delayMin": None}, ["delayMin"]),
        ({"delayMax": None}, ["delayMax"]),
        ({"delayMin": 0}, ["delayMin"]),
        ({"delayMin": 7}, ["delayMin"]),
        ({"delayMax": 86_401}, ["delayMax"]),
        ({"folder": 5}, ["folder"]),
        ({"scheduled_for": 100_000}, ["scheduled_for"]),
        ({"scheduled_for": NOW_MS - 60_001}, ["scheduled_for"]),
    ],
)
def test_a_body_is_refused_by_the_names_of_its_fields(changed: dict[str, Any], named: list[str]) -> None:
    assert fields(**changed) == named


def test_the_mistake_that_a_real_client_makes_is_told_what_is_missing() -> None:
    with pytest.raises(BadRequest) as refused:
        parse({"numbers": ["5511900000001"], "message": "oi", "name": "x"}, context("uazapi"))
    assert {where for where, _ in refused.value.problems} == {"delayMin", "delayMax", "type"}


def test_no_more_than_twenty_problems_are_named() -> None:
    assert len(fields(numbers=["x"] * 100)) == 20


def test_delays_that_may_be_milliseconds_are_told() -> None:
    assert parse({**GOOD, "delayMin": 600, "delayMax": 600}, context("uazapi")).warnings == ()
    [told] = parse({**GOOD, "delayMin": 5000, "delayMax": 30000}, context("uazapi")).warnings
    assert told == "delayMax: 30000 s are 500 minutes between two messages; delays are seconds"


def test_the_body_is_recognised_by_its_shape() -> None:
    speaker = recognise(GOOD)
    assert speaker.name == "uazapi"
    [message] = speaker.parse(GOOD, context("uazapi")).messages
    assert message == DraftMessage("5511900000001", "5511900000001", written="5511900000001")
