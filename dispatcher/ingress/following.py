"""Server-sent events of one campaign: how far it is, each time that changes, until it is over.

    event: counts    state and counts, at once and whenever they change
    : still here     nothing changed for a while; keeps proxies from hanging up
    event: end       the last counts; the stream is closed after it

The one asynchronous place here: a thread for everybody who watches would soon be all threads there are. For the same
reason all who watch a campaign share one look, and looks have a few threads of their own.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from anyio import CapacityLimiter, to_thread

from dispatcher.domain.trouble import DispatcherTrouble

LOOK_EVERY_S = 0.5
HEARTBEAT_S = 15.0
LOOKING = 4  # threads that look: the others are for those who want something
_TOLD = ("id", "state", "paused_reason", "total", "counts", "progress", "finish_prediction", "finished_at")
_NEWS = ("state", "paused_reason", "counts", "finished_at")


class Looks:
    """One look at each campaign in LOOK_EVERY_S, however many ask for it."""

    def __init__(self) -> None:
        self._threads = CapacityLimiter(LOOKING)
        self._looks: dict[str, asyncio.Future[dict[str, Any]]] = {}

    async def at(self, campaign: str, look: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What `look` gives or raises, called in a thread unless somebody did just now."""
        found = self._looks.get(campaign)
        if found is None:
            found = self._looks[campaign] = asyncio.ensure_future(to_thread.run_sync(look, limiter=self._threads))
            found.add_done_callback(lambda _: self._keep(campaign))
        return await asyncio.shield(found)

    def _keep(self, campaign: str) -> None:
        asyncio.get_running_loop().call_later(LOOK_EVERY_S / 2, self._looks.pop, campaign, None)


async def follow(
    look: Callable[[], Awaitable[dict[str, Any]]],
    is_leaving: Callable[[], bool],
    every_s: float = LOOK_EVERY_S,
    heartbeat_s: float = HEARTBEAT_S,
) -> AsyncIterator[str]:
    """`look` gives the campaign as it is shown; what it raises while a server is away is waited out.

    Ends without `end` when we are told to leave: an EventSource asks again, and gets the counts as they are then.
    """
    clock = asyncio.get_running_loop()
    told: dict[str, Any] | None = None
    spoke_s = clock.time()
    while not is_leaving():
        try:
            shown = await look()
        except DispatcherTrouble:
            shown = told or {}
        if shown and (told is None or any(shown[name] != told[name] for name in _NEWS)):
            told, spoke_s = shown, clock.time()
            yield _event("counts", shown)
        if shown and shown["finished_at"] is not None:
            yield _event("end", shown)
            return
        if clock.time() - spoke_s >= heartbeat_s:
            spoke_s = clock.time()
            yield ": still here\n\n"
        await asyncio.sleep(every_s)


def _event(name: str, shown: dict[str, Any]) -> str:
    data = json.dumps({one: shown[one] for one in _TOLD}, ensure_ascii=False)
    return f"event: {name}\ndata: {data}\n\n"
