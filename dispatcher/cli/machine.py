"""A whole installation on this machine: servers, migrations, web, workers, Flower, and the simulator if asked for.

`dispatcher up` and the demo are this and little more. Servers that the environment names are used; the
others are brought along, with their data in the home folder. Everything ends with the context, in reverse order.
"""

import os
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dispatcher.cli.processes import LOOPBACK
from dispatcher.embedded import EmbeddedError, EmbeddedPostgres, EmbeddedValkey
from dispatcher.embedded.home import Home
from dispatcher.embedded.ports import becomes_true, free_port
from dispatcher.embedded.processes import Process, Supervisor
from dispatcher.secrecy import Secrecy

START_WITHIN_S = 60.0
WORKER_GRACE_S = 60.0  # calls in flight are finished before a worker leaves
ANSWER_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to run. Port 0 takes any free one, None leaves the process out; `more` is added to the environment."""

    home: Path
    port: int = 0
    flower_port: int | None = 0
    simulator_port: int | None = None
    workers: int = 1
    host: str = LOOPBACK
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Running:
    """Where everything is. `environment` is what each of its processes was given."""

    home: Home
    environment: Mapping[str, str]
    supervisor: Supervisor
    web: str
    flower: str | None
    simulator: str | None

    def log_of(self, name: str) -> Path:
        return self.home.log / f"{name}.log"


Prepare = Callable[[Mapping[str, str], str | None], None]


@contextmanager
def machine(wanted: Wanted, say: Callable[[str], None], prepare: Prepare) -> Iterator[Running]:
    """Start everything and wait until the web answers.

    `prepare(environment, simulator)` is called when the servers are up and nothing else is: migrations, accounts.
    EmbeddedError, one line, when something does not start.
    """
    home = Home(wanted.home)
    ports = _ports(wanted)
    with ExitStack() as stack:
        environment = dict(os.environ) | home.secrets(os.environ) | dict(wanted.more)
        environment["DISPATCHER_HOME"] = str(home.root)
        environment.setdefault("DISPATCHER_PUBLIC_URL", f"http://{_reachable(wanted.host)}:{ports['web']}")
        environment |= _servers(home, environment, stack, say)
        simulator = f"http://{LOOPBACK}:{ports['simulator']}" if "simulator" in ports else None
        prepare(environment, simulator)
        supervisor = stack.enter_context(Supervisor(say, home.log))
        for process in _processes(wanted, ports, environment):
            supervisor.start(process)
        stack.callback(home.withdraw)
        home.announce({name: environment[name] for name in ANNOUNCED})
        flower = f"http://{_reachable(wanted.host)}:{ports['flower']}" if "flower" in ports else None
        web = f"http://{_reachable(wanted.host)}:{ports['web']}"
        running = Running(home, environment, supervisor, web, flower, simulator)
        for name, url in (("simulator", simulator and f"{simulator}/_sim/ready"), ("web", f"{web}/healthz")):
            if url:
                _wait_for(running, name, url)
        yield running


ANNOUNCED = ("DISPATCHER_REDIS_URL", "DISPATCHER_DATABASE_URL", "DISPATCHER_PUBLIC_URL")


def answers(url: str) -> bool:
    """Does this address answer a GET with success?"""
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_WITHIN_S) as answer:
            return bool(200 <= answer.status < 300)
    except (OSError, urllib.error.URLError):
        return False


def _servers(home: Home, given: Mapping[str, str], stack: ExitStack, say: Callable[[str], None]) -> dict[str, str]:
    """URLs of Redis and PostgreSQL: as given, or of servers started now that stop with the stack."""
    urls = {}
    if not given.get("DISPATCHER_REDIS_URL"):
        say("starting Valkey")
        # Others on this machine reach the port too: without the password they are turned away.
        password = Secrecy(given["DISPATCHER_SECRET_KEY"]).digest("embedded valkey", "password", 40)
        urls["DISPATCHER_REDIS_URL"] = stack.enter_context(EmbeddedValkey(home.valkey, password=password)).url
    if not given.get("DISPATCHER_DATABASE_URL"):
        say("starting PostgreSQL")
        urls["DISPATCHER_DATABASE_URL"] = stack.enter_context(EmbeddedPostgres(home.postgres)).url
    return urls


def _ports(wanted: Wanted) -> dict[str, int]:
    asked = {"web": wanted.port, "flower": wanted.flower_port, "simulator": wanted.simulator_port}
    return {name: _port(name, wanted.host, port) for name, port in asked.items() if port is not None}


def _port(name: str, host: str, port: int) -> int:
    if port == 0:
        return free_port()
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise EmbeddedError(f"port {port} for the {name} cannot be used: {error.strerror}") from None
    return port


def _processes(wanted: Wanted, ports: Mapping[str, int], environment: Mapping[str, str]) -> Iterator[Process]:
    """In the order of their start; they stop the other way round, so that nothing comes in while work is ended."""

    def ours(name: str, *arguments: str, grace_s: float = 30.0) -> Process:
        return Process(name, [sys.executable, "-m", "dispatcher.cli", *arguments], environment, grace_s)

    if "simulator" in ports:
        yield ours("simulator", "simulate", "--port", str(ports["simulator"]))
    yield ours("web", "web", "--host", wanted.host, "--port", str(ports["web"]))
    for number in range(1, wanted.workers + 1):
        yield ours(f"worker{number}", "worker", "-n", f"worker{number}", grace_s=WORKER_GRACE_S)
    if "flower" in ports:
        yield ours("flower", "flower", "--host", wanted.host, "--port", str(ports["flower"]))


def _wait_for(running: Running, name: str, url: str) -> None:
    supervisor = running.supervisor
    if not becomes_true(lambda: answers(url), alive=lambda: supervisor.is_running(name), within_s=START_WITHIN_S):
        lines = running.log_of(name).read_text(errors="replace").strip().splitlines() or ["it said nothing"]
        raise EmbeddedError(f"the {name} did not start: {lines[-1]} ({running.log_of(name)})")


def _reachable(host: str) -> str:
    """What to call an address that stands for all of them."""
    name = LOOPBACK if host in ("0.0.0.0", "::") else host
    return f"[{name}]" if ":" in name else name
