"""A body that is read in pieces is the body that is read whole, or nobody reads it in pieces to its end."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dispatcher.providers.contract import BadRequest
from dispatcher.providers.jsonbody import read_object
from dispatcher.providers.jsonpieces import Pieces, ReadWithCare, open_large

words = st.sampled_from(
    ["", "a", "},{", "]", '"', '"},{"', "\\", "Infinity", "[", "\0", "\ud83d", "é", "messages"]
) | st.text(max_size=4)
scalars = words | st.sampled_from([None, True, 0, -0.0, 1.5, 1e300, 10**40, 0.1, -1]) | st.floats()
values = st.recursive(
    scalars, lambda one: st.lists(one, max_size=3) | st.dictionaries(words, one, max_size=3), max_leaves=5
)
items = st.lists(st.dictionaries(words, values, max_size=3) | values, max_size=6)
about = st.dictionaries(st.sampled_from(["delayMin", "info", "", "messages"]), values, max_size=2)
spoilt = st.none() | st.tuples(
    st.integers(0, 400), st.sampled_from(["", "}", "]", ",", '"', "},", "]}", '"a":1,', " ", "1e400"])
)


def in_pieces(body: bytes, piece: int) -> dict[str, Any] | None:
    """What is read, unless something may be wrong."""
    found = open_large(body, "messages", large=0, piece=piece)
    if found is None:
        return None
    assert isinstance(found["messages"], Pieces)
    try:
        return {**found, "messages": [one for some in found["messages"] for one in some]}
    except ReadWithCare:
        return None


def written(before: Any, messages: Any, after: Any, layout: dict[str, Any], change: tuple[int, str] | None) -> bytes:
    parts = [(name, value) for one in (before, {"messages": messages}, after) for name, value in one.items()]
    text = "{" + ", ".join(f"{json.dumps(name)}: {json.dumps(value, **layout)}" for name, value in parts) + "}"
    if change is not None:
        place = change[0] % (len(text) + 1)
        text = text[:place] + change[1] + text[place:]
    return text.encode("utf-8", "replace")


@given(
    before=about,
    messages=items,
    after=about,
    layout=st.sampled_from([{}, {"ensure_ascii": False}, {"indent": 1}, {"separators": (",", ":")}]),
    change=spoilt,
    piece=st.integers(1, 60),
)
@example({}, [{"a": 1}, {"a": 2}], {}, {"separators": (",", ":")}, (30, ","), 1)
@example({}, [{"a": "},{"}, {"a": [{}, {}]}], {"info": "]"}, {"separators": (",", ":")}, None, 1)
def test_what_is_read_in_pieces_is_what_is_read_whole(
    before: Any, messages: Any, after: Any, layout: dict[str, Any], change: tuple[int, str] | None, piece: int
) -> None:
    body = written(before, messages, after, layout, change)
    found = in_pieces(body, piece)
    if found is not None:
        assert repr(found) == repr(read_object(body)), "and whole it is not refused"


MANY = [{"number": f"55119{number:08d}", "type": "text", "text": 'Olá, "Ana" },{ ]'} for number in range(50)]


@pytest.mark.parametrize("layout", [{}, {"indent": 2}, {"separators": (",", ":"), "ensure_ascii": False}])
@pytest.mark.parametrize("piece", [1, 100, 1000, 100_000])
def test_an_ordinary_body_is_read_in_pieces(layout: dict[str, Any], piece: int) -> None:
    body = {"delayMin": 3, "messages": MANY, "delayMax": 6, "info": "x"}
    assert in_pieces(json.dumps(body, **layout).encode(), piece) == body


@pytest.mark.parametrize(
    "body",
    [
        b'{"messages": [{"a": 1}, {"b": 1, "b": 2}]}',
        b'{"messages": [{"a": 1}, {"b": 1e400}]}',
        b'{"messages": [{"a": 1}, {"b": NaN}]}',
        b'{"messages": [{"a": 1}, {"b": "\\u0000"}]}',
        b'{"messages": [{"a": 1}, {"b": "\\ud800"}]}',
        b'{"messages": [{"a": 1},]}',
        b'{"messages": [{"a": 1}, {"b": 1}',
        b'{"messages": [{"a": 1}, {"b": 1}]]}',
        b'{"messages": [{"a": 1}], "messages": [{"a": 2}]}',
        b'{"messages": [{"a": 1}], "a": 1, "a": 2}',
        b'{"a": 1, "messages": [{"a": 1}], "a": 2}',
    ],
)
def test_what_is_refused_is_not_read_to_its_end(body: bytes) -> None:
    with pytest.raises(BadRequest):
        read_object(body)
    assert in_pieces(body, 1) is None


def test_a_small_body_is_read_whole() -> None:
    assert open_large(b'{"messages": [{"a": 1}]}', "messages") is None
