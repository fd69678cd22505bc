"""Real servers for the tests: one Valkey and one PostgreSQL for the session, clean for each test.

With DISPATCHER_TEST_REDIS_URL or DISPATCHER_TEST_DATABASE_URL a server that is there is used instead. It
must be one for tests: Redis is flushed entirely before each test that asks for it, and the database role
must be allowed to create databases. A service that is missing makes tests fail, never skip.
"""

import os
import secrets
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
import redis
from hypothesis import HealthCheck, settings
from sqlalchemy import URL, make_url

from dispatcher.embedded import EmbeddedPostgres, EmbeddedValkey
from dispatcher.ledger.engine import make_engine
from dispatcher.ledger.schema import upgrade
from tests.ledgers import Ledgers
from tests.order import is_long, rank, shares_of, spread
from tests.spawner import Spawner

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")  # a busy machine is no counterexample


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """For the few tests that run alone nobody imports the others' modules: that takes seconds in each process."""
    if config.option.markexpr != "alone" or not collection_path.match("test_*.py"):
        return None
    return "mark.alone" not in collection_path.read_text() or None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a worker of pytest-xdist; each of them must come to the same order."""
    if workers := getattr(config, "workerinput", {}).get("workercount"):
        longest = sorted((one for one in items if is_long(one.nodeid)), key=lambda one: rank(one.nodeid))
        others = [one for one in items if not is_long(one.nodeid)]
        items[:] = spread(longest, others, shares_of(workers, len(items)))


@pytest.fixture(scope="session")
def service_dir() -> Iterator[Path]:
    """Outside pytest's own folders: those are closed to the user that PostgreSQL runs as under root.

    Nobody waits until it is gone: hundreds of databases, of 425 files each, take half a minute.
    """
    folder = Path(tempfile.mkdtemp(prefix="dispatcher-tests-"))
    yield folder
    subprocess.Popen(["nice", "rm", "-rf", str(folder)], stderr=subprocess.DEVNULL, start_new_session=True)


@pytest.fixture(scope="session")
def spawner() -> Iterator[Spawner]:
    with Spawner() as spawner:
        yield spawner


@pytest.fixture(scope="session")
def valkey(service_dir: Path) -> Iterator[str]:
    """The URL of the session's Redis server, not flushed: ask for `redis_url` instead."""
    if given := os.environ.get("DISPATCHER_TEST_REDIS_URL"):
        yield given
        return
    with EmbeddedValkey(service_dir / "valkey") as server:
        yield server.url


@pytest.fixture(scope="session")
def postgres(service_dir: Path) -> Iterator[str]:
    """The URL of the session's PostgreSQL server: ask for `database_url` instead.

    It need not survive the machine: it waits for no disk, and is killed at the end.
    """
    if given := os.environ.get("DISPATCHER_TEST_DATABASE_URL"):
        yield given
        return
    with EmbeddedPostgres(service_dir / "postgres") as server:
        _execute(server.url, "ALTER SYSTEM SET fsync = off")
        _execute(server.url, "SELECT pg_reload_conf()")
        yield server.url
        server.kill()


@pytest.fixture
def redis_url(valkey: str) -> str:
    """An empty Redis: everything on the server was flushed just now, functions and scripts as well."""
    with redis.Redis.from_url(valkey) as client:
        client.flushall()
        client.script_flush()
        client.config_resetstat()
    return valkey


@pytest.fixture(scope="session")
def create_database(postgres: str) -> Iterator[Callable[[str], str]]:
    """Makes a database from a template database ("template1": an empty one) and returns its URL.

    For suites that migrate one database once and copy it for each test. On a server that stays all are dropped at the
    end; with one of ours they go altogether, which saves a checkpoint for each.
    """
    made: list[str] = []

    def create(template: str = "template1") -> str:
        name = f"test_{secrets.token_hex(6)}"
        _execute(postgres, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        made.append(name)
        return make_url(postgres).set(database=name).render_as_string(hide_password=False)

    yield create
    for name in made if os.environ.get("DISPATCHER_TEST_DATABASE_URL") else ():
        _execute(postgres, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def migrated(create_database: Callable[[str], str]) -> str:
    """The name of a database with our tables, to be copied."""
    url = create_database("template1")
    engine = make_engine(url, pool_size=1)
    upgrade(engine)
    engine.dispose()
    return url.rpartition("/")[2]


@pytest.fixture(scope="session")
def ledgers(migrated: str, create_database: Callable[[str], str]) -> Iterator[Ledgers]:
    with closing(Ledgers(lambda: create_database(migrated))) as ledgers:
        yield ledgers


@pytest.fixture
def ledger_url(ledgers: Ledgers) -> Iterator[str]:
    """A database with our tables, not a row in them."""
    with ledgers.lent() as url:
        yield url


@pytest.fixture
def database_url(postgres: str, create_database: Callable[[str], str]) -> Iterator[str]:
    """A fresh empty database, dropped after the test with whoever is still connected."""
    url = create_database("template1")
    yield url
    _execute(postgres, f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')


def _execute(server: str, statement: str) -> None:
    """Outside a transaction, as statements about databases must be."""
    connection = psycopg2.connect(_libpq(make_url(server)))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


def _libpq(url: URL) -> str:
    return url.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
