"""Bodies of any dialect as JSON that PostgreSQL and every provider can take, from bytes and from Python.

Refused is what is no JSON object, is nested deeper than Python's stack, names a field twice (which of the two is
meant?), holds a NUL character or half a surrogate pair, NaN or an infinity, in whatever spelling: 1e400 is one, too.
"""

import json
import re
from collections.abc import Iterator
from math import isinf
from typing import Any, NoReturn

from dispatcher.providers.contract import BadRequest

NOT_JSON = "the body is not valid JSON in UTF-8"
TOO_DEEP = "the body is nested too deep"
NO_OBJECT = "the body must be a JSON object"

_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_UNFIT = re.compile("[\0\ud800-\udfff]")


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; raises BadRequest."""
    beyond: list[str] = []

    def number(text: str) -> float:
        value = float(text)
        if isinf(value):
            beyond.append(text)
        return value

    try:
        text = body.decode("utf-8-sig")
        found = json.loads(text, parse_constant=_no_constant, parse_float=number, object_pairs_hook=_once)
    except RecursionError:
        raise BadRequest(("", TOO_DEEP)) from None
    except BadRequest:
        raise
    except ValueError:
        raise BadRequest(("", NOT_JSON)) from None
    if not isinstance(found, dict):
        raise BadRequest(("", NO_OBJECT))
    if (beyond or b"\0" in body or _SUSPECT.search(body)) and (unfit := next(_unfit(found), None)) is not None:
        raise BadRequest(unfit)
    return found


def as_read(body: Any) -> dict[str, Any]:
    """A Python object as it would be read from JSON, a copy that nobody else holds; raises BadRequest."""
    if not isinstance(body, dict):
        raise BadRequest(("", NO_OBJECT))
    try:
        written = json.dumps(body, allow_nan=False)
    except RecursionError:
        raise BadRequest(("", TOO_DEEP)) from None
    except TypeError:
        raise BadRequest(("", "the body holds something that JSON has no word for")) from None
    except ValueError:
        raise BadRequest(("", "the body holds NaN or an infinity, or itself")) from None
    return read_object(written.encode())


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; raises BadRequest when a field is named twice in it."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise BadRequest((next(name for name in found if names.count(name) > 1), "is given twice in one object"))
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_TEXT = "holds a NUL character or half a surrogate pair"
_NUMBER = "is a number beyond all bounds"


def _unfit(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Where there is what cannot be stored, and why; the path of a key is that of its object."""
    unread: list[tuple[str, Any]] = [("", found)]
    while unread:
        where, node = unread.pop()
        if isinstance(node, str):
            if _UNFIT.search(node):
                yield where, _TEXT
        elif isinstance(node, float):
            if isinf(node):
                yield where, _NUMBER
        elif isinstance(node, dict):
            if any(map(_UNFIT.search, node)):
                yield where, _TEXT
            else:
                unread += [(f"{where}.{key}" if where else key, value) for key, value in node.items()]
        elif isinstance(node, list):
            unread += [(f"{where}[{index}]", value) for index, value in enumerate(node)]
