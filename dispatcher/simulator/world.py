"""What all providers of one simulator share."""

import asyncio
import ipaddress
import random
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

from dispatcher.simulator.faults import Faults
from dispatcher.simulator.numbers import jid, spellings
from dispatcher.simulator.record import Record
from dispatcher.simulator.settings import Settings


class World:
    """`on_forget`: called when everything is to be forgotten."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.record = Record(self.settings)
        self.faults = Faults()
        self.dice = random.Random(0)
        self.on_forget: list[Callable[[], None]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def forget(self) -> None:
        self.record.forget()
        for forget in self.on_forget:
            forget()

    def absent(self, number: str) -> str | None:
        """The error that uazapi gives for a number without a WhatsApp account [1.4, 1.6]; None for all others."""
        absent = self.settings.not_on_whatsapp
        if absent and any(spellings(number) & spellings(other) for other in absent):
            return f"the number {self.jid(number)} is not on WhatsApp"
        return None

    def jid(self, number: str) -> str:
        return jid(number, self.settings.jid_rule)

    def later(self, delay_s: float, step: Callable[[], None]) -> None:
        """Runs a step on the server's loop; the pace of folders and campaigns hangs on these."""
        asyncio.get_running_loop().call_later(max(delay_s, 0.0), step)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Work beside the calls, such as fetching a file of leads."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.record.errors.append(repr(error))

    def may_reach(self, url: str) -> bool:
        """The simulator talks to this machine only, and to the hosts in `allow_hosts`."""
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            return False
        if parts.scheme not in ("http", "https"):
            return False
        return host == "localhost" or host in self.settings.allow_hosts or _is_loopback(host)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
