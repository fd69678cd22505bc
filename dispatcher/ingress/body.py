"""Request bodies: read up to a limit, then JSON that PostgreSQL and every provider can take.

Refused are bodies over the limit (413, found while reading), packed ones (415: a small one may unpack to
anything), and what `providers.jsonbody` refuses (400).
"""

import json
import re
from functools import cached_property
from typing import Any

from starlette.requests import Request

from dispatcher.ingress.refusals import Refused
from dispatcher.providers.contract import BadRequest
from dispatcher.providers.jsonbody import read_object

LIMIT_BYTES = 64 * 1024 * 1024
_DRAINED_BYTES = 4 * LIMIT_BYTES  # most clients read the answer only when they have sent everything

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


def _too_large() -> Refused:
    return Refused(413, f"the body is larger than {LIMIT_BYTES} bytes")


def read_leniently(body: bytes) -> Any:
    """Any JSON, with what cannot be stored taken out of it; raises BadRequest when it is none."""
    try:
        found = json.loads(_ESCAPED_NUL.sub(r"\1", body.decode("utf-8-sig")))
        return json.loads(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise BadRequest(("", "the body is not valid JSON in UTF-8")) from None
