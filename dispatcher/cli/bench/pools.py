"""How fast two workers send, by the kind and size of their pool."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import monotonic
from typing import NamedTuple

import httpx

from dispatcher.cli.machine import Running, Wanted, machine
from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.ids import campaign_text
from dispatcher.domain.lifecycle import MessageState
from dispatcher.producer import submit
from dispatcher.settings import Settings
from dispatcher.wiring import Wiring

WORKERS = 2
LANES = 200
GIVE_UP_S = 300.0
ACCOUNT = "bench"
_pause = Event()


class Result(NamedTuple):
    per_second: float
    cpu_ms: float


Key = tuple[str, int, int]
"""Pool, concurrency, and how long the target takes to answer (ms)."""


def measure(
    folder: Path,
    pools: list[tuple[str, int]],
    answers_ms: list[int],
    messages: int,
    runs: int,
    say: Callable[[str], None],
) -> dict[Key, list[Result]]:
    """Every pool with every answer time, `runs` times, in turns."""
    wanted = Wanted(folder / "home", flower_port=None, simulator_port=0, workers=0)
    found: dict[Key, list[Result]] = {}
    with machine(wanted, say, _migrate) as running, _wired(running.environment) as wiring:
        wiring.accounts.apply(read_accounts(_accounts(str(running.simulator)), {}))
        for run in range(runs):
            for answer_ms in answers_ms:
                for pool, concurrency in pools:
                    with _workers(running, pool, concurrency) as pids:
                        result = _send(wiring, running, pids, messages, answer_ms)
                    found.setdefault((pool, concurrency, answer_ms), []).append(result)
                    say(f"run {run + 1}: {pool}:{concurrency}, {answer_ms} ms: {result.per_second:.0f}/s")
    return found


def _send(wiring: Wiring, running: Running, pids: list[int], messages: int, answer_ms: int) -> Result:
    """One campaign from its acceptance to its last outcome, the first messages being a warm-up."""
    fault = {"kind": "latency", "provider": "uazapi", "ms": answer_ms, "sends": True}
    httpx.put(f"{running.simulator}/_sim/faults", json=[fault] if answer_ms else [], trust_env=False)
    _run(wiring, LANES)
    before, started = _cpu_s(pids), monotonic()
    _run(wiring, messages)
    took_s = monotonic() - started
    return Result(messages / took_s, (_cpu_s(pids) - before) / messages * 1000)


def _run(wiring: Wiring, messages: int) -> None:
    recipients = [{"phone": f"55119{10_000_000 + number:08d}"} for number in range(messages)]
    accepted = submit(wiring.stations, ACCOUNT, {"account": ACCOUNT, "text": "Olá", "recipients": recipients})
    give_up = monotonic() + GIVE_UP_S
    while wiring.campaigns.counts(accepted.campaign_id).get(MessageState.SENT, 0) < messages:
        if monotonic() > give_up:
            raise TimeoutError(f"campaign {campaign_text(accepted.campaign_id)} was not sent in {GIVE_UP_S:.0f} s")
        _pause.wait(0.05)


@contextmanager
def _workers(running: Running, pool: str, concurrency: int) -> Iterator[list[int]]:
    """Worker processes with this pool, stopped at the end; their process ids."""
    argv = [sys.executable, "-m", "celery", "-A", "workers", "worker", "-P", pool, "-c", str(concurrency)]
    argv += ["--without-gossip", "--without-mingle"]
    with (running.home.log / f"{pool}-{concurrency}.log").open("ab") as log:
        started = [
            subprocess.Popen([*argv, "-n", f"bench{n}@%h"], env=dict(running.environment), stdout=log, stderr=log)
            for n in range(WORKERS)
        ]
    try:
        yield [process.pid for process in started]
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(60)


def _cpu_s(pids: list[int]) -> float:
    """CPU seconds of these processes and of their children, from /proc."""
    tick = os.sysconf("SC_CLK_TCK")
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it ended between the listing and the reading
            continue
        if int(stat.parent.name) in pids or int(fields[1]) in pids:
            total += int(fields[11]) + int(fields[12])
    return total / tick


def _accounts(simulator: str) -> str:
    senders = "".join(f'[[account.sender]]\nname = "line{n}"\ntoken = "line{n}"\n' for n in range(LANES))
    head = (
        f'[[account]]\nname = "{ACCOUNT}"\nprovider = "uazapi"\nbase_urls = ["{simulator}"]\ningress_token = "bench"\n'
    )
    return f'{head}[account.credentials]\ntoken = "bench"\n{senders}'


def _migrate(environment: Mapping[str, str], simulator: str | None) -> None:
    with _wired(environment) as wiring:
        wiring.upgrade()


@contextmanager
def _wired(environment: Mapping[str, str]) -> Iterator[Wiring]:
    ours = {key: value for key, value in environment.items() if key.startswith("DISPATCHER_")}
    wiring = Wiring(Settings(**{key.removeprefix("DISPATCHER_").lower(): value for key, value in ours.items()}))  # type: ignore[arg-type]
    try:
        yield wiring
    finally:
        wiring.close()
