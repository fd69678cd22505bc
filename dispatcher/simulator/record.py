"""Everything the simulator received, in columns: the calls, and the deliveries that they led to.

Columns instead of objects, because a benchmark leaves millions here. Times are monotonic seconds inside
and milliseconds outside, where the wall clock's are computed from one common offset, so that a clock set
while it runs bends nothing.
"""

import json
import time
from array import array
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from dispatcher.simulator.lanes import Lanes
from dispatcher.simulator.numbers import digits_of, person, spellings
from dispatcher.simulator.settings import Settings
from dispatcher.simulator.tally import Tally, job_of
from dispatcher.simulator.wire import Call

WALL = time.time() - time.monotonic()
OPEN = -1.0  # the end of a call that is still open
MOST_PLACES = 100_000
Place = tuple[str, str, str, str, str]  # provider, sender, link, method, path


@dataclass(slots=True, eq=False)
class Job:
    """What the caller named its work: uazapi's `info` or track_id, Kinbox' campaign name, job_id, idMessage.

    `group` keeps markers of different origin apart where the caller numbers them itself (a CPC campaign).
    """

    marker: str
    group: str = ""
    folder: str = ""
    source: str = ""

    def key(self) -> str:
        """Equal for all attempts of one job; empty where the caller gave no marker."""
        return f"{self.group}\n{job_of(self.marker)}" if self.marker else ""


class Record:
    """`on_delivery(delivery id)` is called for each delivery: receipts and replies start there."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.on_delivery: Callable[[int], None] | None = None
        self.forget()

    def forget(self) -> None:
        """Empties everything; calls that are open now are forgotten as well."""
        self.epoch = getattr(self, "epoch", 0) + 1
        self.lanes = Lanes()
        self.tally = Tally()
        self.received: Counter[str] = Counter()
        self.statuses: Counter[tuple[str, int]] = Counter()
        self.faults: Counter[str] = Counter()
        self.errors: list[str] = []
        self.notes: deque[str] = deque(maxlen=100)
        self.unfilled = 0
        self.call_base = 0
        self.calls: list[Place] = []
        self._places: dict[Place, Place] = {}
        self.call_fault: list[str] = []
        self.call_started, self.call_ended = array("d"), array("d")
        self.call_status, self.call_delivered = array("h"), array("l")
        self.base = 0
        self.numbers: list[str] = []
        self.jobs: list[Job] = []
        self.contents: list[str] = []
        self.delivered = array("d")
        self.call_of, self.job_keys, self.content_keys = array("q"), array("q"), array("q")

    # ------------------------------------------------------------------ writing

    def begin(self, call: Call) -> None:
        route = call.route
        provider = route.provider if route else ""
        call.index = self.call_base + len(self.calls)
        call.epoch = self.epoch
        self.calls.append(self._shared((provider, call.sender, call.link, call.method, call.path)))
        self.call_fault.append("")
        self.call_started.append(call.started)
        self.call_ended.append(OPEN)
        self.call_status.append(0)
        self.call_delivered.append(0)
        if route and route.sends and call.sender:
            self.lanes.of(provider, call.sender).begin(call.started)
        if len(self.calls) > self.settings.keep * 1.1 + 100:
            self._drop_calls(len(self.calls) - self.settings.keep)

    def _shared(self, place: Place) -> Place:
        """One tuple for all calls of the same kind."""
        if len(self._places) > MOST_PLACES:
            self._places.clear()
        return self._places.setdefault(place, place)

    def close(self, call: Call) -> None:
        """The call's end in time: its answer was written, its line cut, or its client left before."""
        at = call.index - self.call_base
        if call.epoch != self.epoch or at < 0 or self.call_ended[at] != OPEN:
            return
        self.call_ended[at] = ended = time.monotonic()
        if call.route and call.route.sends and call.sender:
            self.lanes.of(call.route.provider, call.sender).close(ended)

    def finish(self, call: Call, status: int, fault: str = "") -> None:
        """All is known about the call now. `status` 0: the client got no answer."""
        self.close(call)
        call.is_finished = True
        at = call.index - self.call_base
        if call.epoch != self.epoch or at < 0:
            return
        provider = call.route.provider if call.route else ""
        self.statuses[(provider, status)] += 1
        if fault:
            self.faults[fault] += 1
        self.call_status[at], self.call_fault[at] = status, fault
        if call.delivered and call.route and call.sender:
            self.lanes.of(provider, call.sender).delivered(call.started, self.call_ended[at])

    def deliver(self, call: Call, number: str, job: Job, content: Any, aside: Collection[str] = ()) -> int:
        """A message reached a recipient; returns its id.

        `aside` names the fields of the content that do not make it another message: number and marker.
        """
        if call.epoch != self.epoch:
            return -1
        text = json.dumps(content)
        essence = json.dumps({k: v for k, v in content.items() if k not in aside}) if aside else text
        content_key = hash((person(number), essence))
        key = job.key()
        job_key = hash((key, content_key)) if key else 0
        delivery = self.base + len(self.numbers)
        self.numbers.append(number)
        self.jobs.append(job)
        self.contents.append(text)
        self.delivered.append(time.monotonic())
        self.call_of.append(call.index)
        self.job_keys.append(job_key)
        self.content_keys.append(content_key)
        self.tally.add(delivery, job_key, content_key)
        self.unfilled += "{{" in text
        self._count(call)
        if len(self.numbers) > self.settings.keep * 1.1 + 100:
            self._drop_deliveries(len(self.numbers) - self.settings.keep)
        if self.on_delivery is not None:
            self.on_delivery(delivery)
        return delivery

    def _count(self, call: Call) -> None:
        provider = call.route.provider if call.route else ""
        self.received[provider] += 1
        call.delivered += 1
        at = call.index - self.call_base
        if at >= 0:
            self.call_delivered[at] += 1
        if call.sender:
            lane = self.lanes.of(provider, call.sender)
            lane.deliveries += 1
            if call.delivered == 1 and call.is_finished and at >= 0:
                lane.delivered(call.started, self.call_ended[at])  # after the call: its leads were fetched

    def _drop_calls(self, count: int) -> None:
        del self.calls[:count], self.call_fault[:count], self.call_started[:count], self.call_ended[:count]
        del self.call_status[:count], self.call_delivered[:count]
        self.call_base += count

    def _drop_deliveries(self, count: int) -> None:
        self.tally.forget(self.job_keys[:count], self.content_keys[:count])
        del self.numbers[:count], self.jobs[:count], self.contents[:count], self.delivered[:count]
        del self.call_of[:count], self.job_keys[:count], self.content_keys[:count]
        self.base += count

    # ------------------------------------------------------------------ reading

    def holds(self, delivery: int) -> bool:
        return self.base <= delivery < self.base + len(self.numbers)

    def number(self, delivery: int) -> str:
        return self.numbers[delivery - self.base]

    def job(self, delivery: int) -> Job:
        return self.jobs[delivery - self.base]

    def owner(self, delivery: int) -> tuple[str, str]:
        """Provider and sender of a delivery."""
        at = self.call_of[delivery - self.base] - self.call_base
        return self.calls[at][:2] if at >= 0 else ("", "")

    def ids(self, number: str = "", after: int = -1) -> Iterator[int]:
        """Deliveries in order; `number` in any spelling."""
        wanted = spellings(number) if number else None
        for at in range(max(after + 1 - self.base, 0), len(self.numbers)):
            if wanted is None or digits_of(self.numbers[at]) in wanted:
                yield self.base + at

    def ids_of_marker(self, marker: str) -> list[int]:
        return [self.base + at for at, job in enumerate(self.jobs) if job.marker == marker]

    def latest(self, number: str, provider: str = "", sender: str = "") -> int:
        """The last delivery to a person, -1 when there was none."""
        wanted = spellings(number)
        for at in range(len(self.numbers) - 1, -1, -1):
            if digits_of(self.numbers[at]) in wanted:
                owner = self.owner(self.base + at)
                if owner == (provider or owner[0], sender or owner[1]):
                    return self.base + at
        return -1


def message_id(delivery: int) -> str:
    """WhatsApp's id of a delivered message, made from the delivery's."""
    return f"3EB0{delivery:016X}"


def delivery_of(message: str) -> int:
    """The delivery behind a message id, bare or as `owner:id`; -1 for a foreign one."""
    bare = message.rpartition(":")[2]
    try:
        return int(bare[4:], 16) if bare.startswith("3EB0") and len(bare) == 20 else -1
    except ValueError:
        return -1
