"""What each type of message needs, as a table."""

from typing import Any

import pytest

from dispatcher.domain.content import NEEDS, check_content

WHOLE: dict[str, Any] = {
    "text": "oi",
    "file": "https://example.com/a.pdf",
    "fullName": "Ana",
    "phoneNumber": "5511900000001",
    "latitude": -23.5,
    "longitude": -46,
    "listButton": "Ver",
}
CHOICES = {
    "button": ["Sim|sim"],
    "list": ["[Seção]", "Linha|id"],
    "poll": ["a", "b"],
    "carousel": ["[Cartão]", "Ver|https://example.com"],
}


def whole(kind: str) -> dict[str, Any]:
    content = {field: WHOLE[field] for field in NEEDS[kind] if field != "choices"}
    return {"type": kind, **content, **({"choices": CHOICES[kind]} if kind in CHOICES else {})}


@pytest.mark.parametrize("kind", NEEDS)
def test_a_whole_message_has_no_problems(kind: str) -> None:
    assert check_content(whole(kind)) == []


@pytest.mark.parametrize(("kind", "field"), [(kind, field) for kind, fields in NEEDS.items() for field in fields])
@pytest.mark.parametrize("absent", [{}, {"value": None}, {"value": "  "}], ids=["left out", "null", "blank"])
def test_what_a_type_needs_is_named_when_it_is_absent(kind: str, field: str, absent: dict[str, Any]) -> None:
    content = whole(kind)
    del content[field]
    if absent:
        content[field] = absent["value"]
    fields = [where for where, _ in check_content(content)]
    assert field in fields


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"type": "list", "listButton": None}, ("listButton", "is required for a list")),
        ({"type": "image", "file": None}, ("file", "is required for an image")),
        ({"type": "image", "file": 3}, ("file", "must be a text")),
        ({"type": "location", "latitude": "-23"}, ("latitude", "must be a number of degrees")),
        ({"type": "location", "latitude": True}, ("latitude", "must be a number of degrees")),
        ({"type": "poll", "selectableCount": -1}, ("selectableCount", "must be a whole number")),
        ({"type": "button", "choices": ["Sim", 7]}, ("choices[1]", "must be a text, and not an empty one")),
        ({"type": "text", "footerText": []}, ("footerText", "must be a text")),
        ({"type": "text", "linkPreview": "yes"}, ("linkPreview", "must be true or false")),
    ],
)
def test_a_rule_that_is_broken_is_named(changed: dict[str, Any], problem: tuple[str, str]) -> None:
    assert problem in check_content({**whole(changed["type"]), **changed})


@pytest.mark.parametrize("kind", [None, 7, "", "fax", ["text"]])
def test_an_unknown_type_is_one_problem(kind: Any) -> None:
    [(field, rule)] = check_content({"type": kind})
    assert field == "type"
    assert "carousel" in rule


def test_fields_that_are_no_content_are_not_judged() -> None:
    assert check_content({**whole("text"), "number": 5, "track_id": {}}) == []
