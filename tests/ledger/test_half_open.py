"""A connection to PostgreSQL that hangs half-open is given up within seconds; one whose statement takes long is not."""

from collections.abc import Iterator
from contextlib import suppress
from threading import Thread
from time import monotonic

import pytest
from sqlalchemy import make_url, text

from dispatcher.domain.trouble import Unavailable
from dispatcher.ledger.engine import autocommit, make_engine, transaction
from dispatcher.ledger.patience import ANSWER_WITHIN_S, LOOK_EVERY_S
from tests.chaos.proxy import Network, Proxy
from tests.waiting import wait_until

NEVER_S = 120.0  # as good as for ever; a slow machine needs less


@pytest.fixture
def way(database_url: str) -> Iterator[Proxy]:
    port = make_url(database_url).port
    assert port is not None
    with Network() as network:
        yield network.proxy(port)


@pytest.fixture
def through(database_url: str, way: Proxy) -> str:
    return make_url(database_url).set(port=way.port).render_as_string(hide_password=False)


def test_a_statement_whose_answer_is_lost_ends_as_unavailable_and_the_next_one_is_answered(
    way: Proxy, through: str
) -> None:
    engine = make_engine(through, pool_size=1)
    with autocommit(engine) as connection:
        connection.execute(text("SELECT 1"))
    way.swallow()
    begun = monotonic()
    with pytest.raises(Unavailable), autocommit(engine) as connection:
        connection.execute(text("SELECT 1"))
    assert monotonic() - begun < NEVER_S
    with autocommit(engine) as connection:
        assert connection.execute(text("SELECT 2")).scalar() == 2
    engine.dispose()


def test_a_commit_whose_answer_is_lost_ends_as_unavailable(way: Proxy, through: str) -> None:
    engine = make_engine(through, pool_size=1)

    def make_table() -> None:
        with transaction(engine) as connection:
            connection.execute(text("CREATE TABLE t (n int)"))
            way.swallow()

    with pytest.raises(Unavailable):
        make_table()
    engine.dispose()


def test_a_statement_that_takes_long_is_waited_for(through: str) -> None:
    engine = make_engine(through, pool_size=1)
    with autocommit(engine) as connection:
        long_s = ANSWER_WITHIN_S + 3 * LOOK_EVERY_S
        assert connection.execute(text("SELECT 'done' FROM pg_sleep(:s)"), {"s": long_s}).scalar() == "done"
    engine.dispose()


def test_a_lock_of_whoever_hangs_half_open_is_free_again_when_it_gives_up(
    way: Proxy, through: str, database_url: str
) -> None:
    held, other = make_engine(through, pool_size=1), make_engine(database_url, pool_size=1)

    def hold() -> None:
        with suppress(Unavailable), autocommit(held) as connection:
            connection.execute(text("SELECT pg_advisory_lock(7)"))
            way.swallow()
            connection.execute(text("SELECT 1"))

    def is_free() -> bool:
        with transaction(other) as connection:
            return bool(connection.execute(text("SELECT pg_try_advisory_xact_lock(7)")).scalar())

    holder = Thread(target=hold)
    holder.start()
    holder.join(NEVER_S)
    wait_until(is_free, NEVER_S)
    held.dispose()
    other.dispose()


def test_the_server_looks_whether_we_are_still_there_so_that_a_lost_hosts_locks_end(database_url: str) -> None:
    engine = make_engine(database_url, pool_size=1)
    with autocommit(engine) as connection:
        settings = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count")
        idle, interval, count = (int(str(connection.execute(text(f"SHOW {one}")).scalar())) for one in settings)
    assert 0 < idle + interval * count <= 30
    engine.dispose()
