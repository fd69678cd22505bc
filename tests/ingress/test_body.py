"""Bodies: what is not a JSON object that can be stored is refused, and the place of the fault is named."""

import json

import pytest

from dispatcher.ingress.body import read_leniently
from dispatcher.providers.contract import BadRequest
from dispatcher.providers.jsonbody import read_object


def refusal(body: bytes) -> tuple[str, str]:
    with pytest.raises(BadRequest) as caught:
        read_object(body)
    [problem] = caught.value.problems
    return problem


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"a": 1}', id="plain"),
        pytest.param(b'\xef\xbb\xbf{"a": 1}', id="byte order mark"),
        pytest.param(b' \r\n{"a": 1}\n', id="blanks around"),
    ],
)
def test_an_object_is_read(body: bytes) -> None:
    assert read_object(body) == {"a": 1}


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        pytest.param(b"", "valid JSON", id="empty"),
        pytest.param(b"{", "valid JSON", id="cut"),
        pytest.param(b'{"a": 1} x', "valid JSON", id="more behind it"),
        pytest.param(b'{"a": NaN}', "valid JSON", id="NaN"),
        pytest.param(b'{"a": -Infinity}', "valid JSON", id="infinity"),
        pytest.param(b'{"a": "\xe3"}', "valid JSON", id="Latin-1"),
        pytest.param('{"a": 1}'.encode("utf-16"), "valid JSON", id="UTF-16"),
        pytest.param(b'{"a": "\xed\xa0\x80"}', "valid JSON", id="half a surrogate pair in raw bytes"),
        pytest.param(b'{"a": ' + b"9" * 5_000 + b"}", "valid JSON", id="a number of 5,000 digits"),
        pytest.param(b"[" * 100_000, "nested too deep", id="brackets without end"),
        pytest.param(b"[]", "must be a JSON object", id="a list"),
        pytest.param(b"null", "must be a JSON object", id="null"),
        pytest.param(b'"text"', "must be a JSON object", id="a text"),
    ],
)
def test_what_is_no_object_is_refused(body: bytes, rule: str) -> None:
    where, found = refusal(body)
    assert where == ""
    assert rule in found


@pytest.mark.parametrize(
    ("body", "where"),
    [
        pytest.param(rb'{"messages": [{"text": "ok"}, {"text": "a\u0000b"}]}', "messages[1].text", id="NUL"),
        pytest.param(rb'{"messages": [{"text": "\ud83d"}]}', "messages[0].text", id="half a surrogate pair"),
        pytest.param(rb'{"text": "\uDC00\uD83D"}', "text", id="halves in the wrong order"),
        pytest.param(rb'{"a": {"k\u0000": 1}}', "a", id="in a key"),
    ],
)
def test_text_that_cannot_be_stored_is_refused_by_its_place(body: bytes, where: str) -> None:
    assert refusal(body) == (where, "holds a NUL character or half a surrogate pair")


@pytest.mark.parametrize(
    "number",
    ["1e400", "-1e400", "1E+0309", "9" * 290 + "e99", "1" + "0" * 309 + ".0"],
)
def test_a_number_that_would_become_an_infinity_is_refused_by_its_place(number: str) -> None:
    assert refusal(b'{"messages": [{"x": %s}]}' % number.encode()) == (
        "messages[0].x",
        "is a number beyond all bounds",
    )


@pytest.mark.parametrize(
    ("body", "where"),
    [(b'{"a": 1, "a": 1}', "a"), (b'{"messages": [{"text": "x", "b": 2, "text": "y"}]}', "text")],
)
def test_a_field_that_is_given_twice_is_named(body: bytes, where: str) -> None:
    assert refusal(body) == (where, "is given twice in one object")


def test_large_numbers_and_texts_that_look_like_them_are_fine() -> None:
    assert read_object(b'{"a": 1e300, "b": "1e400", "c": 1e-400}') == {"a": 1e300, "b": "1e400", "c": 0.0}


def test_a_whole_surrogate_pair_and_an_escaped_backslash_are_fine() -> None:
    assert read_object(rb'{"a": "\ud83d\ude00", "b": "\\u0000"}') == {"a": "😀", "b": r"\u0000"}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        pytest.param(rb'{"text": "a\u0000\u0000b"}', {"text": "ab"}, id="NUL is taken out"),
        pytest.param(rb'{"text": "\\u0000"}', {"text": r"\u0000"}, id="an escaped backslash stays"),
        pytest.param(rb'{"text": "\ud83d!"}', {"text": "?!"}, id="half a surrogate pair"),
        pytest.param(b"[1]", [1], id="any JSON"),
    ],
)
def test_a_webhook_is_read_leniently(body: bytes, found: object) -> None:
    read = read_leniently(body)
    assert read == found
    json.dumps(read, ensure_ascii=False).encode()


def test_a_webhook_that_is_no_json_is_refused() -> None:
    with pytest.raises(BadRequest):
        read_leniently(b"event=messages")
