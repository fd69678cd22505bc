"""How much memory a process holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

EVERY_S = 0.2


def resident_mib(pid: int) -> int:
    """What of a process is in memory now; raises OSError when it is gone."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) // 1024


@dataclass
class Memory:
    """Samples in MiB, the oldest first."""

    samples: list[int] = field(default_factory=list)

    @property
    def most_mib(self) -> int:
        return max(self.samples)


@contextmanager
def watched(pid: int) -> Iterator[Memory]:
    memory, over = Memory([resident_mib(pid)]), Event()

    def look() -> None:
        while not over.wait(EVERY_S):
            memory.samples.append(resident_mib(pid))

    thread = Thread(target=look, daemon=True)
    thread.start()
    try:
        yield memory
    finally:
        over.set()
        thread.join()
