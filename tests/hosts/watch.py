"""Who sends, host by host: read from the workers' logs while they write them."""

import re
from bisect import bisect_left
from collections import Counter
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from time import monotonic

from tests.hosts.place import Place

LOOK_EVERY_S = 0.25
SENT = b"send.finished"
STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT[0-9:.]+Z)")


class Watch(Thread):
    """`seen`: host -> when (ms, monotonic) it wrote outcomes down."""

    def __init__(self, place: Place) -> None:
        super().__init__(daemon=True)
        self._place = place
        self._halted = Event()
        self._read: Counter[Path] = Counter()  # bytes
        self.seen: dict[str, list[float]] = {name: [] for name in place.hosts}

    def run(self) -> None:
        while not self._halted.wait(LOOK_EVERY_S):
            self._look()

    def stop(self) -> None:
        self._halted.set()
        self.join(30)
        self._look()

    def first_after(self, host: str, since_ms: float) -> float | None:
        """When (ms) the host first wrote an outcome down after that; None: not any more."""
        times = self.seen[host]
        place = bisect_left(times, since_ms)
        return times[place] if place < len(times) else None

    def _look(self) -> None:
        for host, logs in list(self._place.logs.items()):
            for log in list(logs):
                self.seen[host] += [monotonic() * 1000] * self._new_lines(log)

    def _new_lines(self, log: Path) -> int:
        with log.open("rb") as written:
            written.seek(self._read[log])
            whole, end, _ = written.read().rpartition(b"\n")
        self._read[log] += len(whole) + len(end)
        return whole.count(SENT)


def ahead_s(log: Path) -> float:
    """By how much (s) the clock of who writes a log is ahead of ours, which the file system goes by."""
    lines = [line for line in log.read_bytes().splitlines() if STAMP.search(line)]
    found = STAMP.search(lines[-1])
    assert found is not None
    written = datetime.fromisoformat(found[1].decode().replace("Z", "+00:00"))
    return written.timestamp() - log.stat().st_mtime
