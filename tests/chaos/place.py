"""The installation that is broken: three workers on hosts whose clocks disagree, the web, and servers of its own.

Every process has its own way to Redis and to PostgreSQL, through a proxy each, so that one alone can be cut off.
"""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from subprocess import TimeoutExpired
from threading import Lock

from sqlalchemy import make_url

from dispatcher.embedded import EmbeddedPostgres
from dispatcher.embedded.ports import free_port
from dispatcher.simulator.server import SimulatorClient, SimulatorProcess
from tests.chaos.mailings import LANES, accounts_toml, provider_of, senders
from tests.chaos.plan import EVERYBODY, Plan
from tests.chaos.proxy import Network, Proxy
from tests.chaos.servers import RedisPair
from tests.journey.installation import Installation, Worker, answers, installation
from tests.spawner import Starter
from tests.waiting import wait_until

WEB = "web"
STARTED_WITHIN_S = 180.0  # on a machine on which much else runs
STILL_WITHIN_S = 20.0  # a call and what follows it
CONCURRENCY = 8  # of each worker: few enough that a stopped one holds much of what is under way


class Place:
    """`redis_lock` and `locks` keep two blows at the same server or worker from happening at once."""

    def __init__(self, plan: Plan, installed: Installation, redis: RedisPair, postgres: EmbeddedPostgres) -> None:
        self.plan = plan
        self.installed = installed
        self.redis = redis
        self.postgres = postgres
        self.redis_lock, self.postgres_lock = Lock(), Lock()
        self.locks = {name: Lock() for name in (*plan.clocks_ahead_s, WEB)}
        self.ways: dict[str, tuple[Proxy, Proxy]] = {}
        self.starts = 0
        self.web_port = free_port()

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    def lay_ways(self, network: Network) -> None:
        for name in self.locks:
            self.ways[name] = (network.proxy(self.redis.port), network.proxy(self.postgres.port))

    def redis_ways(self, who: str) -> list[Proxy]:
        return [redis for name, (redis, _) in self.ways.items() if who in (name, EVERYBODY)]

    def ledger_ways(self, who: str) -> list[Proxy]:
        return [ledger for name, (_, ledger) in self.ways.items() if who in (name, EVERYBODY)]

    def lead_to_serving_redis(self) -> None:
        for redis, _ in self.ways.values():
            redis.lead_to(self.redis.port)
            redis.cut()

    # ------------------------------------------------------------------ processes

    def start_worker(self, name: str) -> Worker:
        """Does not wait until it is ready: whoever watches over processes does not either."""
        self.starts += 1
        log = self.installed.folder / f"{name}-{self.starts}.log"
        program = ("tests.chaos.skewed", str(self.plan.clocks_ahead_s[name]))
        worker = Worker(self.installed.starter, name, self._env(name), log, CONCURRENCY, program)
        self.installed.workers[name] = worker
        return worker

    def restart_worker(self, name: str) -> None:
        self.installed.workers[name].kill()
        self.start_worker(name)

    def start_web(self) -> None:
        argv = ("dispatcher.cli", "web", "--port", str(self.web_port))
        self.installed.web = self.installed.starter.start(*argv, env=self._env(WEB), log=self.installed.web_log)

    def restart_web(self) -> None:
        assert self.installed.web is not None
        self.installed.web.kill()
        self.installed.web.wait()
        self.start_web()

    def start_all(self) -> None:
        self.start_web()
        workers = [self.start_worker(name) for name in self.plan.clocks_ahead_s]
        wait_until(lambda: answers(self.web_url), STARTED_WITHIN_S)
        for worker in workers:
            worker.wait_ready(STARTED_WITHIN_S)

    def wake_all(self) -> None:
        """Whoever is still stopped goes on."""
        for worker in self.installed.workers.values():
            if worker.alive:
                worker.process.send_signal(signal.SIGCONT)

    def still(self) -> None:
        """Nobody works any more, so that what is gathered is of one moment, also where something did not end. Whoever
        is in the middle of something ends it first: a lock is given back in the ledger, then in Redis."""
        at_work = [worker for worker in self.installed.workers.values() if worker.alive]
        for worker in at_work:
            worker.process.terminate()
        for worker in at_work:
            with suppress(AssertionError, TimeoutExpired):
                worker.process.wait(STILL_WITHIN_S)
            if worker.alive:
                worker.kill()

    def _env(self, name: str) -> dict[str, str]:
        redis, ledger = self.ways[name]
        database = make_url(self.postgres.url).set(port=ledger.port).render_as_string(hide_password=False)
        return self.installed.env | {
            "DISPATCHER_REDIS_URL": f"redis://127.0.0.1:{redis.port}/0",
            "DISPATCHER_DATABASE_URL": database,
            "DISPATCHER_PUBLIC_URL": self.web_url,
        }


@contextmanager
def chaos_place(plan: Plan, starter: Starter, services: Path, logs: Path) -> Iterator[tuple[Place, SimulatorClient]]:
    """Everything started; `services` must be a folder that PostgreSQL may pass through, `logs` gets the logs.

    We ourselves reach the servers without a proxy; for Redis, which moves, by a proxy that nobody breaks.
    """
    with ExitStack() as stack:
        redis = RedisPair(services / "redis")
        stack.callback(redis.close)
        postgres = stack.enter_context(EmbeddedPostgres(services / "postgres"))
        network = stack.enter_context(Network())
        ours = network.proxy(redis.port)
        logs.mkdir(parents=True, exist_ok=True)
        url = f"redis://127.0.0.1:{ours.port}/0"
        installed = stack.enter_context(installation(starter, url, postgres.url, logs))
        place = Place(plan, installed, redis, postgres)
        place.lay_ways(network)
        place.ways["us"] = (ours, network.proxy(postgres.port))
        simulator = stack.enter_context(SimulatorProcess()).client
        stack.callback(place.wake_all)
        installed.accounts(accounts_toml(simulator.url))
        _prepare(simulator, place)
        place.start_all()
        yield place, simulator


def _prepare(simulator: SimulatorClient, place: Place) -> None:
    simulator.set(seed=place.plan.seed)
    simulator.set_faults(*place.plan.rules)
    simulator.set_webhooks(
        *(
            {"provider": provider_of(name), "identity": sender, "url": f"{place.web_url}/webhooks/{name}/hook-{name}"}
            for name in LANES
            for sender in senders(name)
        )
    )
