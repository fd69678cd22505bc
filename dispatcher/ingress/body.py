"""Request bodies: read up to a limit, then JSON that PostgreSQL and every provider can take.

Refused are bodies over the limit (413, found while reading), packed ones (415: a small one may unpack to
anything), those that stop coming (408), those for which there is no room now (429, 503: nothing of them is kept), and
what `providers.jsonbody` refuses (400).
"""

import json
import re
from functools import cached_property
from typing import Any

from starlette.requests import Request

from dispatcher.ingress.pieces import DRAINED_BYTES, SILENT_S, drain, pieces
from dispatcher.ingress.places import Room
from dispatcher.ingress.refusals import Refused
from dispatcher.providers.contract import BadRequest
from dispatcher.providers.jsonbody import read_object
from dispatcher.providers.jsonpieces import open_large

LIMIT_BYTES = 64 * 1024 * 1024

_ESCAPED_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


class Document:
    """A body as it came; `object` is the JSON object in it, read when first asked for (raises BadRequest)."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    @cached_property
    def object(self) -> dict[str, Any]:
        return read_object(self.raw)

    def opened(self, array: str) -> dict[str, Any] | None:
        """The object of a large body with `Pieces` for this array of it; None: read it whole."""
        return open_large(self.raw, array)


async def read_body(request: Request) -> Document:
    """The whole body; raises Refused (413) when it is longer than LIMIT_BYTES, 415 when it is packed, 408 when the rest
    of it does not come, and what its room raises.
    """
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        rule = ("Content-Encoding", "is not understood: send the body as it is")
        raise Refused(415, ": ".join(rule))
    try:
        return Document(await _read(request, request.state.room))
    except TimeoutError:
        raise Refused(408, f"nothing more of the body came for {SILENT_S:g} seconds") from None


async def _read(request: Request, room: Room) -> bytes:
    declared = request.headers.get("content-length", "")
    size = int(declared) if declared.isdigit() else 0
    try:
        if size > LIMIT_BYTES and request.headers.get("expect"):
            raise _too_large()
        room.grow(min(size, LIMIT_BYTES))
        return await _kept(request, room)
    except Refused as refused:
        if refused.status != 413 and not request.headers.get("expect"):
            await drain(request.receive)
        raise


async def _kept(request: Request, room: Room) -> bytes:
    kept, size = [], 0
    async for piece in pieces(request.receive):
        size += len(piece)
        if size > DRAINED_BYTES:
            break
        if size <= LIMIT_BYTES:
            room.grow(size)
            kept.append(piece)
        else:
            kept.clear()
    if size > LIMIT_BYTES:
        raise _too_large()
    return b"".join(kept)


def _too_large() -> Refused:
    return Refused(413, f"the body is larger than {LIMIT_BYTES} bytes")


def read_leniently(body: bytes) -> Any:
    """Any JSON, with what cannot be stored taken out of it; raises BadRequest when it is none."""
    try:
        found = json.loads(_ESCAPED_NUL.sub(r"\1", body.decode("utf-8-sig")))
        return json.loads(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise BadRequest(("", "the body is not valid JSON in UTF-8")) from None
