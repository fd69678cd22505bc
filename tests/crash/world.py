"""An installation for one crash: who dies there does so alone, then another process takes over, and all is judged.

Nothing waits for a minute here: `lease_over` and `hurry` say that the time has come for what a crash left behind.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import redis
from sqlalchemy import text

from dispatcher.coordination import keys
from dispatcher.coordination.locks import DIGITS, PURPOSE
from dispatcher.domain.account import Account
from dispatcher.domain.contactlock import ContactLock
from dispatcher.domain.ids import campaign_text
from dispatcher.domain.inbound import InboundEvent, InboundKind
from dispatcher.domain.phone import canonical
from dispatcher.embedded import EmbeddedValkey
from dispatcher.embedded.ports import free_port
from dispatcher.ledger.engine import autocommit
from dispatcher.ledger.survivors import Survivors
from dispatcher.pipeline.reply import receive
from dispatcher.pipeline.sweep import Sweeper
from dispatcher.providers.registry import names as providers
from dispatcher.simulator.server import SimulatorClient
from dispatcher.wiring import first_lookup_s
from tests.journey.bodies import NAME, campaign, names, phone, uazapi_account
from tests.journey.installation import Installation, answers
from tests.plain import NO_TLS
from tests.spawner import Spawned, Spawner
from tests.waiting import wait_until

KILLED = -9
LOCKS_OF_NOBODY = """
SELECT count(*) FROM contact_lock l JOIN message m ON m.campaign_id = l.campaign_id AND m.seq = l.seq
WHERE l.lifted_at IS NULL AND m.state IN ('failed', 'expired', 'suppressed', 'cancelled')
"""
SOON_S = 240.0  # what is there within seconds, unless the machine is busy with other things


@dataclass(frozen=True)
class Site:
    """Servers that worlds use one after the other."""

    valkey: EmbeddedValkey
    simulator: SimulatorClient

    def clean(self) -> "Site":
        """As new."""
        with redis.Redis.from_url(self.valkey.url) as client:
            client.flushall()
            client.script_flush()
        self.simulator.reset()
        return self


class World(Installation):
    """`url`: the simulator's. One account, `loja`, until a story says otherwise."""

    def __init__(self, site: Site, spawner: Spawner, database_url: str, folder: Path) -> None:
        super().__init__(spawner, site.valkey.url, database_url, folder, DISPATCHER_HOME=str(folder))
        self.simulator = site.simulator
        self.url = site.simulator.url
        self._spawner = spawner
        self._numbers = count(1)
        self.spawned: list[Spawned] = []
        self.wiring.rebuild_clock()

    def _make_tables(self) -> None:
        """They are there: its database is a copy of one that has them."""

    # ------------------------------------------------------------ what is there

    def account(self, senders: int = 1, more: str = "", **keys: Any) -> None:
        """`loja`, guarded; calls time out within two seconds. `more` is about its last sender."""
        given = {"timeout_s": 2, "cpc": True} | keys
        self.accounts("\n".join([uazapi_account(self.url, names(senders), **given), more]))

    @property
    def the_account(self) -> Account:
        return self.wiring.accounts.named(NAME)

    def hears(self, who: int, said: str = "oi") -> None:
        """A client's reply is stored; nobody has processed it."""
        at_ms, number = self.wiring.shared_clock.now_ms(), next(self._numbers)
        event = InboundEvent(InboundKind.REPLY, f"r{number}", at_ms, canonical(phone(who)), said)
        receive(self.wiring.stations, self.the_account, [event])

    def send(self, people: int = 2, **keys: Any) -> str:
        return self.submit(NAME, campaign(range(people), **keys))

    def run(self, statement: str, **values: Any) -> None:
        with autocommit(self.wiring.engine) as connection:
            connection.execute(text(statement), values)

    def ask(self, question: str, **values: Any) -> Any:
        with autocommit(self.wiring.engine) as connection:
            return connection.execute(text(question), values).scalar()

    @property
    def flights(self) -> int:
        return sum(int(self.wiring.redis.hlen(keys.flights(name))) for name in providers())

    # ------------------------------------------------------------ processes

    def spawn(self, module: str, *arguments: str, die_at: str = "") -> Spawned:
        env = self.env | ({"DISPATCHER_DIE_AT": die_at} if die_at else {})
        log = self.folder / f"{module}-{next(self._numbers)}.log"
        self.spawned.append(self._spawner.start(module, *arguments, env=env, log=log))
        return self.spawned[-1]

    def worker(self, die_at: str = "", provider: str = "uazapi") -> Spawned:
        """Of one provider, so that the calls of its pacer can be counted."""
        name = f"w{len(self.spawned)}@test"
        options = [
            "-n",
            name,
            "-c",
            "4",
            "-Q",
            f"send.{provider},events,submit",
            "--without-gossip",
            "--without-mingle",
        ]
        return self.spawn("celery", "-A", "workers", "worker", *options, die_at=die_at)

    def dies(self, die_at: str, provider: str = "uazapi") -> None:
        """A worker works until it kills itself there."""
        self.is_killed(self.worker(die_at, provider), die_at)

    def works(self, until: Callable[[], object], provider: str = "uazapi") -> None:
        """A worker that lives works until then, and is killed while it has nothing to do."""
        process = self.worker(provider=provider)
        self.waits(lambda: until() and not self.flights)
        process.kill()

    def is_killed(self, process: Spawned, die_at: str) -> None:
        with suppress(AssertionError):
            wait_until(lambda: process.status is not None, SOON_S, 0.05)
        assert process.status == KILLED, f"{die_at}: {process.status}\n{process.log.read_text()[-3000:]}"

    def web_process(self, die_at: str = "") -> tuple[Spawned, str]:
        """The web process and its URL, once it answers."""
        port = free_port()
        process = self.spawn("dispatcher.cli", "web", "--port", str(port), die_at=die_at)
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(url) or process.status is not None, SOON_S, 0.05)
        assert process.status is None, process.log.read_text()
        return process, url

    def web_dies(self, die_at: str, method: str, path: str, body: Any = None, **headers: str) -> None:
        """The web process gets a request and kills itself there; whoever asked gets no answer."""
        process, url = self.web_process(die_at)
        try:
            answer = httpx.request(
                method,
                url + path,
                json=body,
                headers=self.admin | headers,
                trust_env=False,
                verify=NO_TLS,
                timeout=SOON_S,
            )
        except httpx.TransportError:
            answer = None
        assert answer is None, f"{die_at}: {answer.status_code} {answer.text}"
        self.is_killed(process, die_at)

    def asked(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Of a web process that lives."""
        process, url = self.web_process()
        answer = httpx.request(
            method, url + path, json=body, headers=self.admin | headers, trust_env=False, verify=NO_TLS, timeout=SOON_S
        )
        process.kill()
        return answer

    def command_dies(self, die_at: str, *arguments: str) -> None:
        self.is_killed(self.spawn("dispatcher.cli", *arguments, die_at=die_at), die_at)

    # ------------------------------------------------------------ and then

    def lease_over(self) -> None:
        """Of every flight that is out now."""
        for name in providers():
            lanes = self.wiring.redis.hkeys(keys.flights(name))
            if lanes:
                self.wiring.redis.zadd(keys.clock(name), {str(lane): 0 for lane in lanes}, xx=True)

    def hurry(self) -> None:
        """What is due within minutes is due now."""
        self.run("UPDATE message SET due_at = now() WHERE due_at > now() AND state IN ('in_doubt', 'failed')")
        self.run("UPDATE inbound_event SET received_at = received_at - interval '1 min' WHERE processed_at IS NULL")
        self.run("UPDATE inbound_event SET due_at = least(due_at, now()), leased_until = NULL")
        self.run("UPDATE callback_endpoint SET leased_until = now() - interval '1 s', not_before = now()")

    def recover(self, provider: str = "uazapi") -> Spawned:
        """A worker that lives takes over."""
        self.lease_over()
        self.hurry()
        return self.worker(provider=provider)

    def waits(self, until: Callable[[], object]) -> None:
        try:
            wait_until(until, SOON_S, 0.1)
        except AssertionError:
            raise AssertionError(f"{[self.counts(one) for one in self.campaigns()]}\n{self.logs()}") from None

    def ends(self, number: str, counts: dict[str, int], state: str = "done") -> None:
        """The campaign ends so, with what is due within minutes due at once."""

        def is_over() -> bool:
            self.run("UPDATE message SET due_at = now() WHERE due_at > now() AND state = 'in_doubt'")
            return self.counts(number) == counts and self.state(number) == state

        try:
            wait_until(is_over, SOON_S, 0.2)
        except AssertionError:
            raise AssertionError(f"{self.state(number)} {self.counts(number)}, not {counts}\n{self.logs()}") from None

    def logs(self) -> str:
        return "\n".join(f"--- {one.log.name}\n{one.log.read_text()[-2500:]}" for one in self.spawned[-3:])

    def judge(self) -> None:
        """Nobody twice, nobody lost, counts add up, nothing in flight, the locks of Redis are those of the ledger."""
        for one in self.wiring.campaigns.page(None, None, None, 100):
            counts = self.counts(campaign_text(one.id))
            assert sum(counts.values()) >= one.total, "a message is lost"
            assert not counts.keys() & {"sending", "pending", "in_doubt"}, counts
        seen = self.simulator.summary()
        assert (seen["duplicates"], seen["repeat_count"], seen["overlaps"]) == ([], 0, 0)
        assert seen["deliveries"] == sum(self.counts(number).get("sent", 0) for number in self.campaigns())
        wait_until(lambda: self.flights == 0, SOON_S)
        self._forgets_what_is_over()
        assert self._locks_of_redis() == self._locks_of_ledger()
        assert self.ask(LOCKS_OF_NOBODY) == 0, "a lock of a message that certainly was not sent"

    def _forgets_what_is_over(self) -> None:
        """What ended a minute ago is dropped from the clock by the round that workers make at their start and once a
        minute; here it is made at once, for what ended just now (test_sweep.py has the workers do it)."""

        def is_forgotten() -> bool:
            if self.known_campaigns():
                self.run("UPDATE campaign SET finished_at = finished_at - interval '2 min'")
                Sweeper(self.wiring.stations, first_lookup_s, providers()).sweep()
            return self.known_campaigns() == 0

        self.waits(is_forgotten)

    def known_campaigns(self) -> int:
        return sum(int(self.wiring.redis.hlen(keys.campaigns(name))) for name in providers())

    def _locks_of_redis(self) -> set[str]:
        return set(self.wiring.redis.scan_iter(match=keys.LOCKS, count=1000))

    def _locks_of_ledger(self) -> set[str]:
        def named(lock: ContactLock) -> str:
            return keys.lock(lock.scope, self.wiring.secrecy.digest(PURPOSE, lock.key, DIGITS))

        return set(map(named, Survivors(self.wiring.engine).locks(self.wiring.shared_clock.now_ms())))

    def close(self) -> None:
        for process in self.spawned:
            process.kill()
        super().close()


Story = Callable[[World, str], None]
"""What happens up to the death at that moment (a DISPATCHER_DIE_AT), and what must be so after it."""


@contextmanager
def built(site: Site, spawner: Spawner, database_url: str) -> Iterator[World]:
    folder = Path(tempfile.mkdtemp(prefix="dispatcher-crash-"))
    world = World(site.clean(), spawner, database_url, folder)
    try:
        yield world
    finally:
        world.close()
        shutil.rmtree(folder, ignore_errors=True)
