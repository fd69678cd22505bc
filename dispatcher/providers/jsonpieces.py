"""A large JSON body, whose one long array is read a piece at a time while what came before is being stored.

    {"delayMin": 3, "messages": [          the head, up to the first array
    {…}, {…}, …, {…}                       pieces, each cut off behind a `}` that a comma follows
    ], "info": "x"}                        the tail, from the last `]` on

What stands in front of a cut is read as an array of its own. If that is JSON, the cut was between two of its items:
a reader that came from the front would stand there as well. If it is not, more is taken. When the last piece, up to
the tail, is JSON too, all of the body is.

This knows no error and repairs nothing: where anything may be wrong it gives up (`ReadWithCare`), and the whole body is
read by `jsonbody`, which says what is wrong.
"""

import re
from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json, to_json

LARGE = 1024 * 1024  # bytes; a smaller body is read in 10 ms
PIECE = 256 * 1024
_SUSPECT = re.compile(rb"\\u(?:0000|0022|[dD][89a-fA-F])")


class ReadWithCare(Exception):
    """Something in the body may be wrong, and nothing of it may be stored before somebody has looked."""


class Pieces:
    """The items of an array, as lists, read when they are asked for; ReadWithCare in the middle of it."""

    def __init__(self, body: bytes, start: int, end: int, piece: int) -> None:
        self._body, self._start, self._end, self._piece = body, start, end, piece

    def __iter__(self) -> Iterator[list[Any]]:
        at, least = self._start, self._piece
        while cut := self._body.find(b"},", at + least, self._end) + 1:
            items = _read(b"[%b]" % self._body[at:cut])
            if items:
                yield items
                at, least = cut + 1, self._piece
            else:
                least *= 2
        items = _read(b"[%b]" % self._body[at : self._end])
        if not items:
            raise ReadWithCare
        yield items


def open_large(body: bytes, array: str, large: int = LARGE, piece: int = PIECE) -> dict[str, Any] | None:
    """The object in a large body, with `Pieces` for this array; None for another, or where something may be wrong."""
    start, end = body.find(b"[") + 1, body.rfind(b"]")
    if len(body) < large or not start or start > end:
        return None
    head, tail = _read(body[:start] + b"]}"), _read(b'{"":[' + body[end:])
    if not isinstance(head, dict) or not isinstance(tail, dict) or list(head)[-1:] != [array]:
        return None
    if head.pop(array) != [] or tail.pop("") != [] or array in tail or not head.keys().isdisjoint(tail):
        return None
    return head | {array: Pieces(body, start, end, piece)} | tail


def _read(text: bytes) -> Any:
    """What is written there; None where something may be wrong with it.

    The reader keeps the last of two fields of one name, and makes infinity of 1e400. So what it read is written again:
    a field that is gone takes its quotes along, and nothing else changes their number, where no quote is spelt \\u0022.
    """
    if _SUSPECT.search(text):
        return None
    try:
        read = from_json(text, allow_inf_nan=False, cache_strings="keys")
        written = to_json(read)
    except ValueError:
        return None
    return read if written.count(b'"') == text.count(b'"') and b"Infinity" not in written else None
