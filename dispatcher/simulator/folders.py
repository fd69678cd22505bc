"""uazapi's folders: mass sends with their messages, at once or at their own pace (PROVIDERS.md 1.2 to 1.4)."""

import time
from dataclasses import dataclass, field
from typing import Any

from dispatcher.simulator.record import Job
from dispatcher.simulator.wire import Call
from dispatcher.simulator.world import World

Message = dict[str, Any]
OVER = {"done", "deleting"}


@dataclass(slots=True, eq=False)
class Folder:
    call: Call
    job: Job
    delay_min_s: int
    delay_max_s: int
    created_ms: int
    scheduled_ms: int = 0
    status: str = "queued"
    total: int = 0
    sent: list[int] = field(default_factory=list)  # delivery ids
    failed: list[tuple[Message, str]] = field(default_factory=list)
    waiting: list[Message] = field(default_factory=list)  # the next one last: there may be 100,000 folders
    is_running: bool = False
    delivered: int = 0
    read: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Delays in milliseconds and `log_sucess`, as the real one answers [1.4]."""
        return {
            "id": self.job.folder,
            "info": self.job.marker,
            "status": self.status,
            "scheduled_for": self.scheduled_ms,
            "delayMin": self.delay_min_s * 1000,
            "delayMax": self.delay_max_s * 1000,
            "log_total": self.total,
            "log_sucess": len(self.sent),
            "log_failed": len(self.failed),
            "log_delivered": self.delivered,
            "log_read": self.read,
            "log_played": 0,
            "owner": self.call.sender,
            "created": self.created_ms,
            "updated": int(time.time() * 1000),
        }


class Sending:
    """Sends the messages of folders."""

    def __init__(self, world: World) -> None:
        self.world = world

    def start(self, folder: Folder) -> None:
        wait_s = folder.scheduled_ms / 1000 - time.time()
        if folder.scheduled_ms and wait_s > 0 and self.world.settings.honour_schedule:
            folder.status = "scheduled"
            self._go_on(folder, wait_s)
        elif self.world.settings.pace and len(folder.waiting) > 1:
            self._step(folder)
        else:
            self._all(folder)

    def resume(self, folder: Folder) -> None:
        if folder.status == "paused":
            folder.status = "scheduled"
            self._go_on(folder, 0)

    def _all(self, folder: Folder) -> None:
        while folder.waiting:
            self._send(folder)
        folder.status = "done"

    def _go_on(self, folder: Folder, wait_s: float) -> None:
        if not folder.is_running:
            folder.is_running = True
            self.world.later(wait_s, lambda: self._wake(folder))

    def _wake(self, folder: Folder) -> None:
        folder.is_running = False
        if folder.status != "paused" and folder.status not in OVER:
            if self.world.settings.pace:
                self._step(folder)
            else:
                self._all(folder)

    def _step(self, folder: Folder) -> None:
        folder.status = "sending"
        self._send(folder)
        if folder.waiting:
            self._go_on(folder, self.world.dice.uniform(folder.delay_min_s, folder.delay_max_s))
        else:
            folder.status = "done"

    def _send(self, folder: Folder) -> None:
        message = folder.waiting.pop()
        number = message["number"]
        if error := self.world.absent(number):
            folder.failed.append((message, error))
        else:
            sent = self.world.record.deliver(folder.call, number, folder.job, message, ("number",))
            folder.sent.append(sent)
