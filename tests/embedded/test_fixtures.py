"""The fixtures that the other suites stand on."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
import pytest
import redis
from psycopg2.extensions import cursor as Cursor
from sqlalchemy import make_url

from tests.ledgers import Ledgers


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_meets_an_empty_redis(redis_url: str, turn: int) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left behind", turn)


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_meets_an_empty_database(database_url: str, turn: int) -> None:
    address = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg2.connect(address)  # left open: it must not keep the database from being dropped
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert cursor.fetchone() == (0,)
        cursor.execute("CREATE TABLE left_behind (turn int)")
    connection.commit()


@pytest.fixture
def some(migrated: str, create_database: Callable[[str], str]) -> Iterator[Ledgers]:
    """Ledgers that no other test borrows."""
    with closing(Ledgers(lambda: create_database(migrated))) as ledgers:
        yield ledgers


EVENT = """
INSERT INTO inbound_event (account_id, event_id, kind, at, phone_key, text, provider_ref, sender_name, reason)
VALUES (0, 'e', 'reply', now(), '', '', '', '', '') RETURNING id
"""


@contextmanager
def connected(url: str) -> Iterator[Cursor]:
    connection = psycopg2.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
    with closing(connection), connection, connection.cursor() as cursor:
        yield cursor


def said(url: str, statement: str) -> list[tuple[Any, ...]]:
    with connected(url) as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_the_same_ledger_is_as_new_for_the_next_test(some: Ledgers) -> None:
    urls = set()
    for _ in range(3):
        with some.lent() as url:
            assert said(url, EVENT) == [(1,)], "no row is left, and numbers begin again"
            urls.add(url)
    assert len(urls) == 1


def test_who_has_one_has_it_alone(some: Ledgers) -> None:
    with some.lent() as one, some.lent() as other:
        assert one != other


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE more (n int)",
        "ALTER TABLE message DISABLE TRIGGER message_count",
        "ALTER TABLE message SET (autovacuum_enabled = false)",
        "ALTER TABLE inbound_event ALTER COLUMN id DROP IDENTITY",
        "DROP INDEX account_ingress",
        "UPDATE alembic_version SET version_num = '9999'",
        f"{EVENT}; ANALYZE inbound_event",
    ],
)
def test_a_ledger_that_was_changed_is_not_used_again(some: Ledgers, change: str) -> None:
    with some.lent() as changed:
        said(changed, change)
    with some.lent() as url:
        assert url != changed


def test_nor_is_one_that_somebody_still_works_with(some: Ledgers) -> None:
    with some.lent() as shared:
        stays = connected(shared)
        stays.__enter__()
    with some.lent() as url:
        assert url != shared
    stays.__exit__(None, None, None)


def test_nor_one_whose_test_was_broken_off(some: Ledgers) -> None:
    with pytest.raises(KeyError), some.lent() as broken:
        raise KeyError
    with some.lent() as url:
        assert url != broken
