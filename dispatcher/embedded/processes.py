"""Runs the processes of an installation: web, workers, Flower.

    started → running → (dies by itself) → waiting → started …
                 └────→ (we stop) → ended

A process that dies by itself is started again after a pause that doubles with each death in a row. All
are stopped in reverse order of their start: SIGTERM, on which Celery finishes the calls in flight, then
SIGKILL when their grace is over. Under the guards of `child` they also end when we are killed.
"""

import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from dispatcher.embedded.child import Child, EmbeddedError

WATCH_S = 0.1
STEADY_S = 60.0  # whoever ran this long starts over with the shortest pause


@dataclass(frozen=True)
class Process:
    """What to run. `env` is the whole environment, None: ours. `grace_s`: time to end by itself."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] | None = None
    grace_s: float = 30.0


@dataclass(frozen=True)
class Backoff:
    """Pauses before a process is started again, in seconds."""

    first_s: float = 1.0
    most_s: float = 30.0

    def pause_s(self, deaths: int) -> float:
        """After so many deaths in a row (from 1)."""
        return min(self.most_s, self.first_s * 2.0 ** min(deaths - 1, 30))


@dataclass
class _Kept:
    """A process and what became of it so far."""

    process: Process
    child: Child
    started_at: float
    deaths: int = 0
    due_at: float | None = field(default=None)  # when it is to be started again; None: it runs


class Supervisor:
    """Use as a context: what was started is stopped at its end, whatever ends it.

    In the main thread, Ctrl-C and SIGTERM both arrive as KeyboardInterrupt, once; while we stop, a second
    one kills what is left instead of waiting for it. `say` gets one line for each event worth telling.
    With `log_dir`, each process writes to `<name>.log` there, otherwise to our standard error.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        log_dir: Path | None = None,
        backoff: Backoff | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say = say
        self._log_dir = log_dir
        self._backoff = backoff or Backoff()
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._handlers: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._handlers[number] = signal.signal(number, self._interrupted)
        self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        finally:
            for number, handler in self._handlers.items():
                signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal gave us

    def start(self, process: Process) -> None:
        """EmbeddedError, one line, when it cannot be executed at all."""
        log = self._log_dir / f"{process.name}.log" if self._log_dir else None
        child = Child(process.argv, env=process.env, log=log, grace_s=process.grace_s)
        with self._lock:
            if process.name in self._kept:
                raise ValueError(f"there is already a process {process.name}")
            child.start()
            self._kept[process.name] = _Kept(process, child, self._clock())

    def wait(self) -> None:
        """Until Ctrl-C or SIGTERM comes, or another thread calls `stop`."""
        try:
            self._stopping.wait()
        except KeyboardInterrupt:
            return

    def pid(self, name: str) -> int | None:
        """The process's id; that of its last life while it waits to be started again."""
        return self._kept[name].child.pid

    def is_running(self, name: str) -> bool:
        return self._kept[name].child.running

    def kill(self, name: str) -> None:
        """SIGKILL, as a crash would; it will be started again."""
        self._kept[name].child.kill()

    def stop(self) -> None:
        """Stop all, the last started first, each within its grace."""
        self._stopping.set()
        if self._watcher.is_alive():
            self._watcher.join()
        for kept in reversed(list(self._kept.values())):
            if kept.child.running:
                self._say(f"stopping {kept.process.name}")
            kept.child.stop()

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        if not self._stopping.is_set():
            self._stopping.set()
            raise KeyboardInterrupt
        for kept in self._kept.values():
            kept.child.kill_now()

    def _watch(self) -> None:
        while not self._stopping.wait(WATCH_S):
            with self._lock:
                for kept in list(self._kept.values()):
                    self._look_after(kept)

    def _look_after(self, kept: _Kept) -> None:
        if kept.due_at is not None:
            if self._clock() >= kept.due_at:
                self._start_again(kept)
        elif not kept.child.running:
            self._plan_restart(kept, f"ended with status {kept.child.returncode}")

    def _plan_restart(self, kept: _Kept, what_happened: str) -> None:
        now = self._clock()
        kept.deaths = 1 if now - kept.started_at >= STEADY_S else kept.deaths + 1
        pause_s = self._backoff.pause_s(kept.deaths)
        kept.due_at = now + pause_s
        self._say(f"{kept.process.name} {what_happened}, starting it again in {pause_s:g} s")

    def _start_again(self, kept: _Kept) -> None:
        kept.started_at, kept.due_at = self._clock(), None
        try:
            kept.child.start()
        except EmbeddedError as error:
            self._plan_restart(kept, f"could not be started ({error})")
