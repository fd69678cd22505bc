"""The installation: Redis, PostgreSQL, the web and the provider in the middle, a worker on each host."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg2
import redis
from sqlalchemy import make_url

from dispatcher.embedded import EmbeddedPostgres, EmbeddedValkey
from dispatcher.embedded.ports import LOOPBACK, free_port
from dispatcher.simulator.server import SimulatorClient, SimulatorProcess
from tests.chaos.mailings import LANES, accounts_toml, provider_of, senders
from tests.hosts.network import LEDGER, PROVIDER, REDIS, Host, lay_middle
from tests.hosts.plan import Plan
from tests.journey.installation import Installation, Worker, installation
from tests.spawner import Fresh

STARTED_WITHIN_S = 180.0  # on a machine on which much else runs
CONCURRENCY = 8
TIMEOUT_S = 5.0  # a provider that a busy machine holds up is not given up; a begun job's lease is 21 s
LATENCY = {"kind": "latency", "ms": [20, 150], "sends": True}


class Place:
    """`logs`: host -> the files that its workers wrote, the last one that of the worker that runs."""

    def __init__(self, plan: Plan, installed: Installation, web_url: str) -> None:
        self.plan = plan
        self.installed = installed
        self.web_url = web_url
        self.hosts: dict[str, Host] = {}
        self.logs: dict[str, list[Path]] = {}

    def set_clock(self, name: str, ahead_s: float) -> None:
        self._clock(name).write_text(str(ahead_s))

    def start_worker(self, name: str) -> Worker:
        log = self.installed.folder / f"{name}-{len(self.logs.setdefault(name, [])) + 1}.log"
        self.logs[name].append(log)
        program = ("tests.hosts.clock", str(self._clock(name)))
        env = self.installed.env | self._servers()
        worker = Worker(Fresh(self.hosts[name].inside), name, env, log, CONCURRENCY, program)
        self.installed.workers[name] = worker
        return worker

    def kill_worker(self, name: str) -> None:
        self.installed.workers[name].kill()

    def still(self) -> None:
        """Nobody works any more, so that what is gathered is of one moment."""
        for worker in self.installed.workers.values():
            if worker.alive:
                worker.kill()

    def _clock(self, name: str) -> Path:
        return self.installed.folder / f"clock-{name}"

    def _servers(self) -> dict[str, str]:
        """As a host reaches them."""
        return {
            f"DISPATCHER_{name}_URL": make_url(self.installed.env[f"DISPATCHER_{name}_URL"])
            .set(host=host)
            .render_as_string(hide_password=False)
            for name, host in (("REDIS", REDIS), ("DATABASE", LEDGER))
        }


@contextmanager
def hosts_place(plan: Plan, services: Path, logs: Path) -> Iterator[tuple[Place, SimulatorClient]]:
    """Everything started; in a network namespace of its own. `services`: where PostgreSQL may pass through."""
    lay_middle()
    with ExitStack() as stack:
        postgres = EmbeddedPostgres(services / "postgres", settings={"listen_addresses": f"{LOOPBACK},{LEDGER}"})
        stack.enter_context(postgres)
        _let_hosts_in(services / "postgres", postgres.url)
        valkey = stack.enter_context(EmbeddedValkey(services / "redis"))
        with redis.Redis.from_url(valkey.url) as client:
            client.config_set("bind", f"{LOOPBACK} {REDIS}")
            client.config_set("protected-mode", "no")
        simulator = stack.enter_context(SimulatorProcess(host=PROVIDER)).client
        port = free_port()
        more = {"DISPATCHER_PUBLIC_URL": f"http://{LOOPBACK}:{port}"}
        installed = stack.enter_context(installation(Fresh(), valkey.url, postgres.url, logs, **more))
        installed.accounts(accounts_toml(simulator.url, TIMEOUT_S))
        place = Place(plan, installed, installed.start_web(port))
        _prepare(simulator, place)
        for number, (name, ahead_s) in enumerate(plan.clocks_ahead_s.items()):
            place.set_clock(name, ahead_s)
            place.hosts[name] = stack.enter_context(Host(name, 11 + number, plan.up_for_s[name]))
        stack.callback(place.still)
        for worker in [place.start_worker(name) for name in place.hosts]:
            worker.wait_ready(STARTED_WITHIN_S)
        yield place, simulator


def _let_hosts_in(data: Path, url: str) -> None:
    """With the password, as on a server that is reached from elsewhere."""
    with (data / "data" / "pg_hba.conf").open("a") as rules:
        rules.write("host all all 198.18.0.0/24 scram-sha-256\n")
    connection = psycopg2.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_reload_conf()")
    connection.close()


def _prepare(simulator: SimulatorClient, place: Place) -> None:
    simulator.set_faults(LATENCY)
    simulator.set_webhooks(
        *(
            {"provider": provider_of(name), "identity": sender, "url": f"{place.web_url}/webhooks/{name}/hook-{name}"}
            for name in LANES
            for sender in senders(name)
        )
    )
