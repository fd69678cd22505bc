"""What all measures stand on: the servers, a fast target, worker processes, and who used how much CPU."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Event
from time import monotonic

import httpx
import psutil
from sqlalchemy import text

from dispatcher.cli.bench.target import LOOPBACK
from dispatcher.cli.machine import Running, Wanted, machine
from dispatcher.domain.accounts_file import read_accounts
from dispatcher.embedded import EmbeddedValkey
from dispatcher.embedded.child import Child
from dispatcher.embedded.home import Home
from dispatcher.embedded.ports import becomes_true, free_port
from dispatcher.settings import Settings
from dispatcher.wiring import Wiring

GIVE_UP_S = 600.0
ENDS_WITHIN_S = 60.0  # a worker finishes the calls in flight
ACCOUNT = "bench"
_pause = Event()

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ground:
    """A running installation without workers, and the ledger's and Redis's doors. `crew`: workers in a run."""

    running: Running
    wiring: Wiring
    valkey: EmbeddedValkey
    say: Say
    crew: int = 2

    @property
    def environment(self) -> dict[str, str]:
        return dict(self.running.environment)

    @property
    def redis_url(self) -> str:
        return self.environment["DISPATCHER_REDIS_URL"]

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.environment['DISPATCHER_ADMIN_TOKEN']}"}

    def execute(self, statement: str, **values: object) -> None:
        with self.wiring.engine.begin() as connection:
            connection.execute(text(statement), values)

    def clean(self) -> None:
        """Forget all campaigns and locks, and what Redis holds."""
        self.execute("TRUNCATE message, campaign_count, contact_lock")
        self.execute("UPDATE campaign SET state = 'cancelled', finished_at = now() WHERE finished_at IS NULL")
        self.wiring.redis.flushall()
        self.wiring.rebuild_clock()


@contextmanager
def ground(folder: Path, say: Say, crew: int = 2) -> Iterator[Ground]:
    """An installation of its own in this folder: PostgreSQL, Valkey, the web; gone with the context."""
    home = folder / "home"
    with EmbeddedValkey(Home(home).valkey, password="bench") as valkey:
        more = {"DISPATCHER_ALLOW_PRIVATE_URLS": "true", "DISPATCHER_REDIS_URL": valkey.url}
        wanted = Wanted(home, flower_port=None, workers=0, more=more)
        with machine(wanted, say, _migrate) as running, wired(running.environment) as wiring:
            yield Ground(running, wiring, valkey, say, crew)


@contextmanager
def wired(environment: Mapping[str, str]) -> Iterator[Wiring]:
    ours = {key: value for key, value in environment.items() if key.startswith("DISPATCHER_")}
    wiring = Wiring(Settings(**{key.removeprefix("DISPATCHER_").lower(): value for key, value in ours.items()}))  # type: ignore[arg-type]
    try:
        yield wiring
    finally:
        wiring.close()


def _migrate(environment: Mapping[str, str], simulator: str | None) -> None:
    with wired(environment) as wiring:
        wiring.upgrade()


@contextmanager
def target(answer_ms: int) -> Iterator[str]:
    """The URL of a fast provider that takes this long to answer."""
    port = free_port()
    argv = [sys.executable, "-m", "dispatcher.cli.bench.target", str(port), str(answer_ms)]
    url = f"http://{LOOPBACK}:{port}"
    with running([argv], dict(os.environ), Path(os.devnull)) as (child,):
        if not becomes_true(lambda: _answers(url), alive=lambda: child.running, within_s=10):
            raise TimeoutError("the target did not start")
        yield url


@cache
def _asking() -> httpx.Client:
    """One for all: a new one each time, with the certificates that it reads, took half a core from what is measured."""
    return httpx.Client(trust_env=False, timeout=60)


def _answers(url: str) -> bool:
    try:
        return _asking().get(f"{url}/calls").is_success
    except httpx.TransportError:
        return False


def calls(url: str) -> dict[str, list[float]]:
    """What a target was asked: `at_s` (monotonic, s) and `tokens`."""
    told: dict[str, list[float]] = _asking().get(f"{url}/calls").json()
    return told


def count(url: str) -> int:
    """How many calls a target got: cheap enough to be asked for all the time."""
    return int(_asking().get(f"{url}/count").text)


def use_account(ground: Ground, url: str, lanes: int, more: str = "") -> None:
    """One uazapi account in mode `direct`, so that a message is one call, with this many lines."""
    senders = "".join(f'[[account.sender]]\nname = "line{n}"\ntoken = "line{n}"\n' for n in range(lanes))
    head = f'[[account]]\nname = "{ACCOUNT}"\nprovider = "uazapi"\nmode = "direct"\nbase_urls = ["{url}"]\n'
    written = f'{head}ingress_token = "bench"\n{more}[account.credentials]\ntoken = "bench"\n{senders}'
    ground.wiring.accounts.apply(read_accounts(written, {}))


@contextmanager
def workers(ground: Ground, *options: str) -> Iterator[list[int]]:
    """Worker processes of ours, ready when the context begins; their process ids."""
    argv = [sys.executable, "-m", "celery", "-A", "workers", "worker", "--without-gossip", "--without-mingle", *options]
    with _celery(argv, ground.crew, ground.environment, ground.running.home.log) as pids:
        yield pids


@contextmanager
def bare_workers(ground: Ground, url: str, *options: str) -> Iterator[list[int]]:
    """The same of the bare application."""
    argv = [sys.executable, "-m", "celery", "-A", "dispatcher.cli.bench.bare", "worker"]
    argv += ["--without-gossip", "--without-mingle", "--without-heartbeat", *options]
    environment = ground.environment | {"BENCH_BROKER": ground.redis_url, "BENCH_TARGET": url}
    with _celery(argv, ground.crew, environment, ground.running.home.log) as pids:
        yield pids


@contextmanager
def _celery(argv: list[str], count: int, environment: dict[str, str], logs: Path) -> Iterator[list[int]]:
    log = logs / f"bench-{monotonic():.0f}.log"
    each = [[*argv, "--loglevel", "INFO", "-n", f"bench{n}@%h"] for n in range(count)]
    with running(each, environment, log) as children:
        if not becomes_true(lambda: _ready(log) >= count, alive=lambda: _live(children), within_s=60):
            raise TimeoutError(f"the workers did not start: {log}")
        yield [child.pid for child in children if child.pid is not None]


def _ready(log: Path) -> int:
    return sum(" ready" in line or "process.started" in line for line in log.read_text(errors="replace").splitlines())


def _live(children: Sequence[Child]) -> bool:
    return all(child.running for child in children)


@contextmanager
def running(commands: Sequence[list[str]], environment: dict[str, str], log: Path) -> Iterator[list[Child]]:
    """Processes that are told to end, and waited for, with the context, and end with us, however we end."""
    started: list[Child] = []
    try:
        for argv in commands:
            started.append(Child(argv, env=environment, log=log, grace_s=ENDS_WITHIN_S))
            started[-1].start()
        yield started
    finally:
        for child in started:
            child.ask_to_stop()
        for child in started:
            child.wait()


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Raises TimeoutError after ten minutes."""
    give_up = monotonic() + GIVE_UP_S
    while not is_so():
        if monotonic() > give_up:
            raise TimeoutError(f"not within {GIVE_UP_S:.0f} s: {what}")
        _pause.wait(0.02)


def rest(seconds: float) -> None:
    """Let the others work."""
    _pause.wait(seconds)


class Cpu:
    """CPU seconds by who used them, since this was made: workers, web, PostgreSQL, Redis."""

    def __init__(self, ground: Ground, workers: Sequence[int]) -> None:
        self._parts = {"workers": list(workers), **servers(ground)}
        self._before = {name: _seconds(pids) for name, pids in self._parts.items()}

    def used_s(self) -> dict[str, float]:
        return {name: _seconds(pids) - self._before[name] for name, pids in self._parts.items()}


def servers(ground: Ground) -> dict[str, list[int]]:
    """The process ids of what a ground runs beside workers."""
    home = ground.running.home
    marks = {"web": "dispatcher.cli web", "postgresql": str(home.postgres), "redis": str(home.valkey)}
    ours = str(home.root)
    found: dict[str, list[int]] = {name: [] for name in marks}
    for process in psutil.process_iter(["cmdline", "environ"]):
        line = " ".join(process.info["cmdline"] or [])
        if ours not in line and (process.info["environ"] or {}).get("DISPATCHER_HOME") != ours:
            continue
        for name, mark in marks.items():
            if mark in line:
                found[name].append(process.pid)
    return {name: _topmost(pids) for name, pids in found.items()}


def ours_s(ground: Ground) -> float:
    """CPU seconds of all that belongs to the bench: this process, what it started, and the servers."""
    pids = {os.getpid(), *(pid for found in servers(ground).values() for pid in found)}
    return _seconds([pid for pid in pids if not any(above.pid in pids for above in psutil.Process(pid).parents())])


def family(pids: Sequence[int]) -> list[int]:
    """These processes and those that they started."""
    each = [psutil.Process(pid) for pid in pids]
    return [one.pid for process in each for one in (process, *process.children(recursive=True))]


def _topmost(pids: Sequence[int]) -> list[int]:
    """Without those that another of them started: CPU is counted with all that a process started."""
    return [pid for pid in pids if psutil.Process(pid).ppid() not in pids]


def _seconds(pids: Sequence[int]) -> float:
    """Of these processes and of all that they started, those that ended included."""
    total = 0.0
    for pid in pids:
        total += _of(psutil.Process(pid))
    return total


def _of(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
        own = times.user + times.system + times.children_user + times.children_system
        return float(own + sum(_of(child) for child in process.children()))
    except psutil.NoSuchProcess:  # it ended between the listing and the reading
        return 0.0
