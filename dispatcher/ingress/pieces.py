"""A body's pieces as they arrive: never one that waits for ever, and thrown away where nobody wants them.

Most clients read the answer only when they have sent everything: who is refused before is heard out, and nothing is
kept.
"""

from asyncio import timeout
from collections.abc import AsyncIterator
from contextlib import suppress

from starlette.requests import ClientDisconnect
from starlette.types import Receive

SILENT_S = 120.0  # who sends nothing for so long holds a place for nothing; a busy host may take half a minute
DRAINED_BYTES = 256 * 1024 * 1024  # four times the largest body that is taken


async def pieces(receive: Receive, silent_s: float = SILENT_S) -> AsyncIterator[bytes]:
    """Raises ClientDisconnect when the client goes away before the end, TimeoutError when it is silent for so long."""
    more = True
    while more:
        async with timeout(silent_s):
            message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect()
        yield message.get("body", b"")
        more = message.get("more_body", False)


async def drain(receive: Receive) -> None:
    """Read what is left of a body and keep nothing of it."""
    size = 0
    with suppress(TimeoutError, ClientDisconnect):
        async for piece in pieces(receive):
            size += len(piece)
            if size > DRAINED_BYTES:
                return
