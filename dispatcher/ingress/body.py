"""Request bodies: read up to a limit, then JSON that PostgreSQL and every provider can take.

Refused are bodies over the limit (413, found while reading), packed ones (415: a small one may unpack to
anything), and what is not a JSON object, is nested deeper than Python's stack, holds a NUL character or half
a surrogate pair, NaN or an infinity (400), in whatever spelling: 1e400 is one, too.
"""

import json
import re
from collections.abc import Iterator
from functools import cached_property
from math import isinf
from typing import Any, NoReturn

from starlette.requests import Request

from dispatcher.ingress.refusals import Refused
from dispatcher.providers.contract import BadRequest

LIMIT_BYTES = 64 * 1024 * 1024
_DRAINED_BYTES = 4 * LIMIT_BYTES  # most clients read the answer only when they have sent everything

_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|\x00|\d[eE]\+?\d{3}|\d{200}")
_UNFIT = re.compile("[\0\ud800-\udfff]")
_ESCAPED_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


class Document:
    """A body as it came; `object` is the JSON object in it, read when first asked for (raises BadRequest)."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    @cached_property
    def object(self) -> dict[str, Any]:
        return read_object(self.raw)


async def read_body(request: Request) -> Document:
    """The whole body; raises Refused (413) when it is longer than LIMIT_BYTES, and 415 when it is packed."""
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        rule = ("Content-Encoding", "is not understood: send the body as it is")
        raise Refused(415, ": ".join(rule))
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > LIMIT_BYTES and request.headers.get("expect"):
        raise _too_large()
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > _DRAINED_BYTES:
            break
        if size <= LIMIT_BYTES:
            pieces.append(piece)
        else:
            pieces.clear()
    if size > LIMIT_BYTES:
        raise _too_large()
    return Document(b"".join(pieces))


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; raises BadRequest."""
    try:
        found = json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant)
    except RecursionError:
        raise BadRequest(("", "the body is nested too deep")) from None
    except ValueError:
        raise BadRequest(("", "the body is not valid JSON in UTF-8")) from None
    if not isinstance(found, dict):
        raise BadRequest(("", "the body must be a JSON object"))
    if _SUSPECT.search(body) and (unfit := next(_unfit(found), None)) is not None:
        raise BadRequest(unfit)
    return found


def _too_large() -> Refused:
    return Refused(413, f"the body is larger than {LIMIT_BYTES} bytes")


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


def read_leniently(body: bytes) -> Any:
    """Any JSON, with what cannot be stored taken out of it; raises BadRequest when it is none."""
    try:
        found = json.loads(_ESCAPED_NUL.sub(r"\1", body.decode("utf-8-sig")))
        return json.loads(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise BadRequest(("", "the body is not valid JSON in UTF-8")) from None
