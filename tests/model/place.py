"""The servers of the model, with a time of its own, and worlds on them that are put up again in milliseconds.

The ledger of a place has `now()` and `clock_timestamp()` of its own, which its search path finds before PostgreSQL's:
every statement, default and trigger goes by the time of the model, as the scripts do by an argument. Worlds are
written down once, through the real way in, and copied for each play.
"""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import redis
from pydantic import SecretStr
from sqlalchemy import Engine, make_url, text

from dispatcher.coordination import keys
from dispatcher.coordination.circuits import Circuits
from dispatcher.coordination.laneclock import LaneClock
from dispatcher.coordination.locks import ContactLocks
from dispatcher.coordination.rebuild import ClockBuilder
from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.pacing import JITTER_STEPS
from dispatcher.ledger.engine import autocommit, make_engine
from dispatcher.ledger.schema import upgrade
from dispatcher.ledger.survivors import Survivors
from dispatcher.pipeline.stations import Stations
from dispatcher.producer import submit
from dispatcher.settings import Settings
from dispatcher.wiring import Wiring
from tests.journey.bodies import NAME, campaign, names, uazapi_account
from tests.model.setting import Setting

PROVIDER = "uazapi"
START_MS = 1_900_000_000_000  # ahead of the servers' own clocks, so that no key expires by itself

CLEARED = "callback attempt message campaign_sender campaign_change campaign_count campaign contact_lock"
CLEARED += " inbound_event suppression pulse idempotency_key lost_start lost_streak"
COPIED = ("campaign", "campaign_sender", "campaign_count", "message")


def with_a_time_of_its_own(database_url: str) -> None:
    """Make an empty database a ledger whose time is the one row of `moment`."""
    engine = make_engine(database_url, pool_size=1)
    with autocommit(engine) as connection:
        connection.execute(text("CREATE SCHEMA kept"))
        connection.execute(text("CREATE TABLE moment (at timestamptz NOT NULL)"))
        connection.execute(text("INSERT INTO moment VALUES (to_timestamp(:s))"), {"s": START_MS / 1000})
        for name in ("now", "clock_timestamp"):
            as_told = "RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT at FROM public.moment'"
            connection.execute(text(f"CREATE FUNCTION public.{name}() {as_told}"))
        database = make_url(database_url).database
        connection.execute(text(f'ALTER DATABASE "{database}" SET search_path = public, pg_catalog'))
        connection.execute(text(f'ALTER DATABASE "{database}" SET synchronous_commit = off'))
    engine.dispose()
    migrating = make_engine(database_url, pool_size=1)
    upgrade(migrating)
    migrating.dispose()


@dataclass
class Place:
    """`now_ms` is the time of Redis, of the ledger and of everybody who works here."""

    wiring: Wiring
    raw: redis.Redis
    now_ms: int = START_MS
    campaigns: tuple[int, ...] = ()
    senders: tuple[int, ...] = ()
    _memory: dict[bytes, bytes] = field(default_factory=dict)
    _known: dict[Any, Any] = field(default_factory=dict)

    @property
    def engine(self) -> Engine:
        return self.wiring.engine

    # ------------------------------------------------------------ what a play stands on

    def stations(self) -> Stations:
        """Unstepped, and without a provider and a broker."""
        told, tokens = self.wiring.stations, count(1)
        clock = LaneClock(self.wiring.redis, token_prefix=lambda: f"t{next(tokens)}", now_ms=lambda: self.now_ms)
        draws = count(1)
        return replace(
            told,
            clock=clock,
            control=clock,
            lanes=clock,
            retries=clock,
            locks=ContactLocks(self.wiring.redis, self.wiring.secrecy, now_ms=lambda: self.now_ms),
            circuits=Circuits(self.wiring.redis, now_ms=lambda: self.now_ms, sure_s=0),
            campaign=lambda number: self._remembered("campaign", number, self.wiring.campaigns.get),
            account=lambda number: self._remembered("account", number, self.wiring.accounts.account),
            sender=lambda number: self._remembered("sender", number, self.wiring.accounts.sender),
            is_known=lambda ticket: True,
            looked_at=lambda campaigns, now_ms: None,
            now_ms=lambda: self.now_ms,
            pause=self.pass_ms,
            jitter=lambda: next(draws) * 618_034 % JITTER_STEPS,
        )

    def _remembered(self, kind: str, number: int, ask: Any) -> Any:
        if (kind, number) not in self._known:
            self._known[kind, number] = ask(number)
        return self._known[kind, number]

    def builder(self) -> ClockBuilder:
        return ClockBuilder(self.wiring.redis, self.wiring.secrecy, [PROVIDER], now_ms=lambda: self.now_ms)

    def survivors(self) -> Survivors:
        return Survivors(self.engine)

    # ------------------------------------------------------------ worlds

    def prepare(self, setting: Setting) -> None:
        """Take the setting's campaigns in, as an upstream app hands them over, and keep them for `put_up`."""
        self._clear()
        toml = uazapi_account("http://127.0.0.1:9", names(setting.lanes), timeout_s=1, **setting.account)
        toml = "\n".join([toml, *(f"{key} = {value}" for key, value in setting.sender.items())])
        self.wiring.accounts.apply(read_accounts(toml, {}))
        self._known.clear()
        stations = self.stations()
        self.campaigns = tuple(
            submit(stations, NAME, campaign(people, **dict(said))).campaign_id for people, said in setting.campaigns
        )
        account = self.wiring.accounts.named(NAME)
        self.senders = tuple(one.id for one in self.wiring.accounts.senders(account.id))
        keep = "; ".join(
            f"DROP TABLE IF EXISTS kept.{table}; CREATE TABLE kept.{table} AS SELECT * FROM {table}" for table in COPIED
        )
        self._run(keep)
        self._memory = self.remembered()

    def put_up(self) -> None:
        """The world as it was when its campaigns had been planned."""
        copies = "; ".join(f"INSERT INTO {table} SELECT * FROM kept.{table}" for table in COPIED)
        go_on = "UPDATE sender SET paused_reason = NULL, paused_until = NULL WHERE paused_reason IS NOT NULL"
        self._run(f"{_DELETE}; {go_on}; {copies}")
        self._known.clear()
        self.now_ms = START_MS
        self.pass_ms(0)
        self.remember(self._memory)

    def pass_ms(self, ms: int) -> None:
        self.now_ms += ms
        self._run(f"UPDATE moment SET at = to_timestamp({self.now_ms / 1000})")

    def _clear(self) -> None:
        self._run(_DELETE)
        self.now_ms = START_MS
        self.pass_ms(0)
        self.wiring.redis.flushall()
        builder = self.builder()
        builder.clear()
        builder.complete()

    def _run(self, statements: str) -> None:
        """Several in one round trip."""
        connection = self.engine.raw_connection()
        try:
            connection.cursor().execute(statements)
            connection.commit()
        finally:
            connection.close()

    # ------------------------------------------------------------ Redis' memory

    def remembered(self) -> dict[bytes, bytes]:
        """Everything that Redis holds."""
        names: list[Any] = list(self.raw.keys("*"))
        batch = self.raw.pipeline(transaction=False)
        for name in names:
            batch.dump(name)
        return dict(zip(names, batch.execute(), strict=True))

    def remember(self, memory: dict[bytes, bytes], another_server: bool = False) -> None:
        """Redis holds this and nothing else. `another_server`: as a copy does that took over."""
        batch = self.raw.pipeline(transaction=True)
        batch.flushall()
        for name, value in memory.items():
            batch.restore(name, 0, value)
        if another_server and keys.EPOCH.encode() in memory:
            batch.set(keys.EPOCH, "another:server")
        batch.execute()

    def next_due_ms(self) -> int:
        """When a lane or a lease is due next; long after everything where none is."""
        head: Any = self.raw.zrange(keys.clock(PROVIDER), 0, 0, withscores=True)
        return int(head[0][1]) if head else 10**15

    def numbers(self) -> list[int]:
        """Of all campaigns that there are, the ones that came during a play among them."""
        return [row.id for row in self.rows("SELECT id FROM campaign ORDER BY id")]

    def rows(self, statement: str) -> list[Any]:
        with autocommit(self.engine) as connection:
            return list(connection.execute(text(statement)).all())


_DELETE = "; ".join(f"DELETE FROM {table}" for table in CLEARED.split())


@contextmanager
def place_of(redis_url: str, database_url: str) -> Iterator[Place]:
    """`database_url`: an empty database."""
    with_a_time_of_its_own(database_url)
    secret = SecretStr(base64.urlsafe_b64encode(bytes(32)).decode())
    wiring = Wiring(Settings(redis_url=redis_url, database_url=database_url, secret_key=secret))
    with redis.Redis.from_url(redis_url) as raw:
        yield Place(wiring, raw)
    wiring.close()
