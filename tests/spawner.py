"""Processes that start in no time: one that has imported everything forks them.

Each is a process of its own, with its own connections, that can be killed and be waited for; only the second or two
that a fresh interpreter needs for its imports is saved. What is about those, about memory or about what an operator
has on the screen starts interpreters of its own (cli, overload, demo, bench).

Read by lines of JSON, answered by lines of JSON:

    {"start": [module, argument…], "env": {…}, "log": path}   its number, and its pid
    {"status": number}                                        the exit status, negative for a signal; null: it runs

The system gives a pid out again when its process has ended, several times in a run of the suite: each thread takes one.
"""

import ctypes
import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import zoneinfo
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Protocol, Self

from dispatcher.providers.connections import trusted
from dispatcher.providers.registry import names, provider
from tests.waiting import wait_until

ENDS_WITHIN_S = 30.0
PR_SET_PDEATHSIG = 1  # of Linux; where it is not, the end of the input is all there is
_pids: list[int] = []
_ended: dict[int, int] = {}


class Process(Protocol):
    """What a test does with a process, however it was started: subprocess.Popen has it all."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int, /) -> None: ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


class Starter(Protocol):
    """Starts `python -m module argument…` with exactly this environment; what it says is appended to the log."""

    def start(self, module: str, *arguments: str, env: Mapping[str, str], log: Path) -> Process: ...


class Fresh:
    """Starts interpreters that know nothing; `inside`: a command that runs them somewhere else."""

    def __init__(self, inside: Sequence[str] = ()) -> None:
        self._inside = inside

    def start(self, module: str, *arguments: str, env: Mapping[str, str], log: Path) -> Process:
        argv = [*self._inside, sys.executable, "-m", module, *arguments]
        with log.open("ab") as out:
            return subprocess.Popen(argv, env=env, stdout=out, stderr=subprocess.STDOUT)


class Spawned:
    """One process. `status` is None while it runs; -9: it was killed."""

    def __init__(self, spawner: "Spawner", number: int, pid: int, log: Path) -> None:
        self._spawner = spawner
        self._number = number
        self.pid = pid
        self.log = log

    @property
    def status(self) -> int | None:
        status: int | None = self._spawner.ask({"status": self._number})
        return status

    def poll(self) -> int | None:
        return self.status

    def wait(self, timeout: float | None = None) -> int:
        wait_until(lambda: self.status is not None, ENDS_WITHIN_S if timeout is None else timeout)
        status = self.status
        assert status is not None
        return status

    def send_signal(self, sig: int, /) -> None:
        if self.status is None:
            os.kill(self.pid, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Returns when it is gone."""
        self.send_signal(signal.SIGKILL)
        self.wait()


class Spawner:
    """Threads may share one."""

    def __enter__(self) -> Self:
        self._lock = Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=60)  # the end of its input is its end, and its children's

    def start(self, module: str, *arguments: str, env: Mapping[str, str], log: Path) -> Spawned:
        """`python -m module argument…` with exactly this environment; what it says is appended to the log."""
        log.touch()
        asked = {"start": [module, *arguments], "env": dict(env), "log": str(log)}
        number, pid = self.ask(asked)
        return Spawned(self, number, pid, log)

    def ask(self, question: Mapping[str, Any]) -> Any:
        with self._lock:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())


IMPORTED = (
    "dispatcher.cli.app",
    "dispatcher.ingress.app",
    "dispatcher.ingress.serve",
    "dispatcher.wiring.counter",
    "dispatcher.embedded",
    "dispatcher.simulator.listen",
    "dispatcher.simulator.server",
    "workers.tasks",  # not celeryconfig: it reads the environment
    "psycopg2.extras",
    "importlib.resources.readers",
    "celery.bin.celery",
    "celery.bin.worker",
    "celery.apps.worker",
    "celery.worker.consumer",
    "celery.worker.components",
    "celery.worker.autoscale",
    "celery.worker.pidbox",
    "celery.concurrency.thread",
    "celery.app.amqp",
    "celery.app.control",
    "celery.app.events",
    "celery.app.log",
    "kombu.transport.redis",
    "kombu.asynchronous.http.curl",
    "billiard.pool",
    "celery.worker.strategy",
    "celery.worker.consumer.delayed_delivery",
    "httpx",
    "httpcore",
    "certifi",
    "h11",
    "anyio",
    "httpcore._backends.sync",
    "uvicorn.protocols.http.h11_impl",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "uvicorn.loops.auto",
    "uvicorn.loops.asyncio",
    "uvicorn.lifespan.on",
    "uvicorn.lifespan.off",
    "billiard.connection",
)


def _serve() -> None:
    for name in IMPORTED:
        with suppress(ImportError):  # what is not there a program imports for itself, or has no use for
            import_module(name)
    for name in names():
        provider(name)
    trusted()  # reads the certificates of all authorities
    gc.collect()
    gc.freeze()  # children share the pages
    for line in sys.stdin:
        asked = json.loads(line)
        answer = _start(asked) if "start" in asked else _status(asked["status"])
        print(json.dumps(answer), flush=True)
    for number, pid in enumerate(_pids):
        if _status(number) is None:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _status(number: int) -> int | None:
    """Until it was asked here nobody else can have its pid."""
    if number not in _ended:
        found, status = os.waitpid(_pids[number], os.WNOHANG)
        if not found:
            return None
        _ended[number] = os.waitstatus_to_exitcode(status)
    return _ended[number]


def _start(asked: Mapping[str, Any]) -> tuple[int, int]:
    """In the child it never returns: what ends there ends the interpreter, as it does in one of its own."""
    pid = os.fork()
    if pid:
        _pids.append(pid)
        return len(_pids) - 1, pid
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # nobody outlives who started it, whatever ends that
    _become(asked["start"], asked["env"], asked["log"])
    sys.exit()


def _become(argv: Sequence[str], env: Mapping[str, str], log: str) -> None:
    os.environ.clear()
    os.environ.update(env)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for ours, theirs in ((nothing, 0), (out, 1), (out, 2)):
        os.dup2(ours, theirs)
    sys.stdin = open(os.devnull)  # noqa: SIM115  # for as long as the process lives
    zoneinfo.reset_tzpath()  # as the environment says
    module, *sys.argv[1:] = argv
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _serve()
