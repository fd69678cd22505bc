"""The stations on real servers and against a real simulator, worked by hand: each test is the only worker and pacer."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from dispatcher.coordination.circuits import Circuits
from dispatcher.coordination.laneclock import LaneClock
from dispatcher.coordination.locks import ContactLocks
from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.tickets import Ticket
from dispatcher.ledger.engine import autocommit
from dispatcher.pipeline.complete import complete
from dispatcher.pipeline.pace import recover
from dispatcher.pipeline.stations import Stations
from dispatcher.pipeline.sweep import Sweeper
from dispatcher.producer import submit
from dispatcher.providers.registry import provider
from dispatcher.settings import Settings
from dispatcher.simulator.server import SimulatorClient, SimulatorProcess
from dispatcher.wiring import Wiring, first_lookup_s
from tests.journey.bodies import NAME, campaign, names, uazapi_account
from tests.sending import send, settle

PROVIDER = "uazapi"


@dataclass
class Hand:
    """Does what workers and pacers do, a step at a time. `now_ms` goes on only when a test says so."""

    wiring: Wiring
    stations: Stations
    now_ms: int
    provider: str = PROVIDER

    def submit(self, messages: int, **keys: Any) -> int:
        return submit(self.stations, NAME, campaign(range(messages), **keys)).campaign_id

    @property
    def paces(self) -> bool:
        return provider(self.provider).paces_batches

    def release(self) -> tuple[Ticket, ...]:
        return self.stations.clock.release(self.provider, 100, 100).tickets

    def work(self, ticket: Ticket, stations: Stations | None = None) -> None:
        """A job, as workers/tasks.py does it."""
        worker = stations or self.stations
        passage = send(worker, self.provider, ticket, self.paces)
        if passage is not None:
            self._over(ticket.campaign, settle(worker, passage, first_lookup_s(self.provider), self.paces))

    def work_all(self) -> int:
        """What workers and pacers do until nothing is due now; how many jobs that were."""
        jobs = 0
        while (released := self.stations.clock.release(self.provider, 100, 100)).tickets or released.overdue:
            for ticket in released.overdue:
                self._over(
                    ticket.campaign, recover(self.stations, self.provider, ticket, first_lookup_s(self.provider))
                )
            for ticket in released.tickets:
                self.work(ticket)
            jobs += len(released.tickets)
            assert jobs < 100, "the same job again and again"
        return jobs

    def look_into_leases(self) -> None:
        """What pacers do about leases that are over now; nothing is released."""
        for ticket in self.stations.clock.release(self.provider, 0, 100).overdue:
            self._over(ticket.campaign, recover(self.stations, self.provider, ticket, first_lookup_s(self.provider)))

    def sweep(self, rounds: int = 2) -> None:
        sweeper = Sweeper(self.stations, first_lookup_s, [self.provider])
        for _ in range(rounds):
            sweeper.sweep()

    def rebuild(self) -> None:
        assert self.wiring.rebuild_clock()
        self.catch_up()

    def catch_up(self) -> None:
        """After what goes by the servers' time: it may be seconds ahead of this clock, on a slow machine."""
        self.now_ms = max(self.now_ms, self.wiring.shared_clock.now_ms()) + 1_000

    def pass_in_the_ledger(self, seconds: int) -> None:
        """As if whatever was accepted or changed had been so long ago."""
        with autocommit(self.wiring.engine) as connection:
            connection.execute(text(f"UPDATE campaign SET grown_at = grown_at - interval '{seconds} s'"))

    def pass_by(self, ms: int) -> None:
        self.now_ms += ms

    def forget_accounts(self) -> None:
        """As if what the send path remembers of accounts had grown old."""
        self.stations = replace(self.stations, account=self.wiring.accounts.account)

    def counts(self, number: int) -> dict[str, int]:
        counted = self.wiring.campaigns.counts(number)
        return {str(state): messages for state, messages in counted.items() if messages}

    def _over(self, number: int, exhausted: bool) -> None:
        if exhausted:
            complete(self.stations, self.provider, number)


@pytest.fixture(scope="package")
def the_simulator() -> Iterator[SimulatorClient]:
    with SimulatorProcess() as process:
        yield process.client


@pytest.fixture
def simulator(the_simulator: SimulatorClient) -> SimulatorClient:
    the_simulator.reset()
    return the_simulator


@pytest.fixture
def hand(ledger_url: str, redis_url: str, simulator: SimulatorClient) -> Iterator[Hand]:
    """An account of two senders without delays."""
    secret = SecretStr(base64.urlsafe_b64encode(bytes(32)).decode())
    wiring = Wiring(Settings(redis_url=redis_url, database_url=ledger_url, secret_key=secret))
    wiring.accounts.apply(read_accounts(uazapi_account(simulator.url, names(2), timeout_s=1), {}))
    wiring.rebuild_clock()
    made = Hand(wiring, wiring.stations, wiring.shared_clock.now_ms())
    clock = LaneClock(wiring.redis, now_ms=lambda: made.now_ms)
    locks = ContactLocks(wiring.redis, wiring.secrecy, now_ms=lambda: made.now_ms)
    circuits = Circuits(wiring.redis, now_ms=lambda: made.now_ms, sure_s=0)
    told = replace(wiring.stations, clock=clock, control=clock, lanes=clock, retries=clock)
    made.stations = replace(told, circuits=circuits, locks=locks, now_ms=lambda: made.now_ms, pause=made.pass_by)
    yield made
    wiring.close()
