"""One Kinbox campaign: its leads, its pace, its counts (PROVIDERS.md 2.2).

processing ─ leads fetched ─→ scheduled ─→ executing ⇄ awaiting-chunk ─→ done
     │                            └────── paused ⇄ ──────┘
     └─ no leads to be had ─→ failed            DELETE: canceled
"""

import math
import time
from datetime import UTC, datetime
from typing import Any

from dispatcher.simulator import leads
from dispatcher.simulator.record import Job
from dispatcher.simulator.wire import Call
from dispatcher.simulator.world import World

OVER = {"done", "done-sent", "failed", "canceled"}
ASIDE = ("phone",)
BURST = 500


class Campaign:
    def __init__(self, world: World, call: Call, name: str, given: dict[str, Any]) -> None:
        self.world, self.call, self.id, self.given = world, call, name, dict(given)
        self.job = Job(given["name"], folder=name)
        self.status = "processing"
        self.leads: list[dict[str, str]] = []
        self.states: list[str] = []  # of each lead: sent, error; shorter than leads while it runs
        self.counts = {"sent": 0, "received": 0, "read": 0, "answered": 0}
        self.created_s = self.updated_s = time.time()
        self.processed_s: float | None = None
        self.is_running = False

    # ------------------------------------------------------------------ going on

    def start(self, found: list[dict[str, str]]) -> None:
        """The leads are here: wait for the date, or begin."""
        if self.status in OVER:
            return
        self.leads = found
        due = moment(self.given.get("scheduledTo", ""))
        wait_s = due - time.time() if due is not None else 0.0
        if self.status != "paused":
            self.status = "scheduled"
            self._go_on(wait_s if self.world.settings.honour_schedule else 0.0)

    def resume(self) -> None:
        if self.status == "paused":
            self.status = "executing"
            self._go_on(0.0)

    def stop(self, status: str) -> None:
        if self.status not in OVER:
            self.status = status

    def _go_on(self, wait_s: float) -> None:
        if not self.is_running:
            self.is_running = True
            self.world.later(wait_s, self._wake)

    def _wake(self) -> None:
        self.is_running = False
        if self.status != "paused" and self.status not in OVER:
            self._step()

    def _step(self) -> None:
        """Sends one lead or, without `pace`, as many as do not hold up the other calls."""
        self.status = "executing"
        begun = len(self.states)
        for lead in self.leads[begun : begun + (1 if self.world.settings.pace else BURST)]:
            self._send(lead)
        if len(self.states) == len(self.leads):
            self.status = "done"
        elif self.world.settings.pace:
            self._pause_between()
        else:
            self._go_on(0.0)

    def _pause_between(self) -> None:
        if len(self.states) % self.chunk_size() == 0:
            self.status = "awaiting-chunk"
            self._go_on(self.given.get("secondsBetweenChunks", 0))
        else:
            self._go_on(self.given.get("secondsBetweenMessages", 0))

    def _send(self, lead: dict[str, str]) -> None:
        self.processed_s = self.updated_s = time.time()
        if self.world.absent(lead["phone"]):
            self.states.append("error")
            return
        self.world.record.deliver(self.call, lead["phone"], self.job, self._content(lead), ASIDE)
        self.states.append("sent")
        self.counts["sent"] += 1

    def _content(self, lead: dict[str, str]) -> dict[str, Any]:
        texts = {name: leads.fill(self.given[name], lead) for name in ("message", "textRaw") if self.given.get(name)}
        more = {name: self.given[name] for name in ("assetsUrls", "template") if self.given.get(name)}
        return {"phone": lead["phone"], **texts, **more}

    # ------------------------------------------------------------------ showing

    def chunk_size(self) -> int:
        """`chunksCount` alone divides the leads evenly."""
        size = self.given.get("chunkSize") or 0
        count = self.given.get("chunksCount") or 1
        return int(size) or max(math.ceil(len(self.leads) / count), 1)

    def chunk_leads(self) -> list[dict[str, Any]]:
        size = self.chunk_size()
        waiting = ["pending"] * (len(self.leads) - len(self.states))
        states = [*self.states, *waiting]
        return [
            {"chunkId": str(at // size), "phone": lead["phone"], "status": state}
            for at, (lead, state) in enumerate(zip(self.leads, states, strict=True))
        ]

    def as_dict(self) -> dict[str, Any]:
        """Every field of the seed's response."""
        given, processed = self.given, len(self.states)
        size = self.chunk_size()
        done = math.ceil(processed / size)
        chunks = {str(n): {"sent": self.states[n * size : (n + 1) * size].count("sent")} for n in range(done)}
        last = iso(self.processed_s) if self.processed_s else None
        return {
            "id": self.id,
            "_id": self.id,
            "operatorId": "1",
            **{name: given.get(name) for name in GIVEN},
            "nextScheduledTo": given.get("scheduledTo") if self.status == "scheduled" else None,
            "active": self.status not in OVER,
            "shouldCreateConversation": False,
            "status": self.status,
            "leadsCount": len(self.leads),
            "trackAllChannels": False,
            "trackMaxHours": 96,
            "chunksCount": math.ceil(len(self.leads) / size) if self.leads else given.get("chunksCount", 0),
            "progress": round(100 * processed / len(self.leads)) if self.leads else 0,
            "resultCounts": {**self.counts, "chunksExecuted": processed // size, "byChunkId": chunks},
            "messagesProcessed": processed,
            "lastMessageProcessedAt": last,
            "healthCheckData": {"messagesProcessed": processed, "lastMessageProcessedAt": last},
            "workspaceId": 1,
            "createdAt": iso(self.created_s),
            "lastUpdateAt": iso(self.updated_s),
            "updatedAt": iso(self.updated_s),
        }


GIVEN = (
    *("name", "channelId", "operatorName", "businessHoursId", "channelType", "leadType", "scheduledTo"),
    *("originalScheduledTo", "finishedAtPrediction", "leadsAssetUrl", "message", "textRaw", "assetsUrls"),
    *("secondsBetweenMessages", "secondsBetweenChunks", "chunkSize", "template"),
)


def iso(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> float | None:
    """Epoch seconds of an ISO 8601 date; one without a zone is UTC. None for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
