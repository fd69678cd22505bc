"""The door: foreign errors leave in our words, without a value; connections that died are replaced."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TypeVar

import psycopg2
import pytest
from psycopg2 import errorcodes, errors
from sqlalchemy import Connection, Engine, exc, text

from dispatcher.domain.trouble import OlderSchema, Unavailable
from dispatcher.ledger import engine as door
from dispatcher.ledger.engine import LedgerFault, autocommit, in_our_words, make_engine, transaction, translated
from tests.ledger.drafts import phone
from tests.waiting import wait_until

E = TypeVar("E", bound=Exception)
Way = Callable[[Engine], AbstractContextManager[Connection]]


def family(kind: type[E]) -> Iterator[type[E]]:
    """A kind of error and all that are of its kind."""
    yield kind
    for one in kind.__subclasses__():
        yield from family(one)


def test_every_error_of_the_driver_has_our_words() -> None:
    for kind in family(psycopg2.Error):
        ours = in_our_words(kind(f"Key (phone)=({phone(1)})"))
        assert isinstance(ours, Unavailable | LedgerFault)
        assert phone(1) not in str(ours)


def test_every_error_of_sqlalchemy_has_our_words() -> None:
    for kind in family(exc.SQLAlchemyError):
        error = kind.__new__(kind)
        Exception.__init__(error, f"Key (phone)=({phone(1)})")
        if isinstance(error, exc.StatementError):
            error.orig = psycopg2.OperationalError(phone(1))
        ours = in_our_words(error)
        assert isinstance(ours, Unavailable | LedgerFault)
        assert phone(1) not in str(ours)


def test_the_door_lets_none_of_them_through() -> None:
    for kind in (psycopg2.OperationalError, exc.InvalidRequestError, exc.TimeoutError):
        with pytest.raises((Unavailable, LedgerFault)), translated():
            raise kind("…")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ADMIN_SHUTDOWN", Unavailable),
        ("CRASH_SHUTDOWN", Unavailable),
        ("CANNOT_CONNECT_NOW", Unavailable),
        ("QUERY_CANCELED", Unavailable),
        ("DEADLOCK_DETECTED", Unavailable),
        ("TOO_MANY_CONNECTIONS", Unavailable),
        ("DISK_FULL", Unavailable),
        ("READ_ONLY_SQL_TRANSACTION", Unavailable),
        ("CONNECTION_FAILURE", Unavailable),
        ("UNIQUE_VIOLATION", LedgerFault),
        ("SYNTAX_ERROR", LedgerFault),
        ("INVALID_TEXT_REPRESENTATION", LedgerFault),
        ("INSUFFICIENT_PRIVILEGE", LedgerFault),
    ],
)
def test_what_passes_by_itself_is_told_from_what_someone_must_look_at(
    database_url: str, name: str, kind: type[Exception]
) -> None:
    engine = make_engine(database_url, pool_size=1)
    code = getattr(errorcodes, name)
    with pytest.raises(kind, match=name), autocommit(engine) as connection:
        connection.execute(text(f"DO $$ BEGIN RAISE EXCEPTION '{phone(1)}' USING ERRCODE = '{code}'; END $$"))
    engine.dispose()


@pytest.mark.parametrize("statement", ["SELECT FROM nowhere", "SELECT unheard_of FROM suppression"])
def test_what_is_not_there_means_that_the_ledger_is_to_be_upgraded(engine: Engine, statement: str) -> None:
    with pytest.raises(OlderSchema, match="dispatcher db upgrade"), autocommit(engine) as connection:
        connection.execute(text(statement))


def test_no_text_and_no_cause_carries_a_value(engine: Engine) -> None:
    key = {"key": phone(1)}
    with pytest.raises(LedgerFault) as caught, transaction(engine) as connection:
        connection.execute(text("INSERT INTO suppression (phone_key) VALUES (:key), (:key)"), key)
    assert str(caught.value) == "PostgreSQL: UNIQUE_VIOLATION (suppression_pkey)"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    with pytest.raises(LedgerFault) as caught, transaction(engine) as connection:
        connection.execute(text("SELECT CAST(:key AS json) + 1"), key)
    assert phone(1) not in str(caught.value)


def test_what_is_not_theirs_passes_untouched(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), transaction(engine):
        raise ZeroDivisionError


@pytest.mark.parametrize("way", [autocommit, transaction])
def test_a_server_that_is_not_there_is_unavailable(way: Way) -> None:
    engine = make_engine("postgres://nobody:secret@127.0.0.1:1/none")
    with pytest.raises(Unavailable) as caught, way(engine):
        pass
    assert "secret" not in str(caught.value)


def test_any_spelling_of_a_url_is_accepted(database_url: str) -> None:
    for scheme in ("postgres", "postgresql", "postgresql+psycopg2"):
        engine = make_engine(scheme + database_url[database_url.index("://") :])
        with autocommit(engine) as connection:
            assert connection.execute(text("SHOW timezone")).scalar() == "UTC"
            assert connection.execute(text("SHOW statement_timeout")).scalar() == "30s"
            assert connection.execute(text("SHOW idle_in_transaction_session_timeout")).scalar() == "10s"
        engine.dispose()


def test_a_statement_that_takes_too_long_is_unavailable(database_url: str) -> None:
    engine = make_engine(database_url, statement_timeout_s=0.05)
    with pytest.raises(Unavailable, match="QUERY_CANCELED"), autocommit(engine) as connection:
        connection.execute(text("SELECT pg_sleep(5)"))
    with transaction(engine, statement_timeout_s=5) as connection:
        connection.execute(text("SELECT pg_sleep(0.1)"))
    with pytest.raises(Unavailable), autocommit(engine) as connection:
        connection.execute(text("SELECT pg_sleep(5)"))
    engine.dispose()


def test_who_stands_still_in_a_transaction_does_not_hold_up_the_others(database_url: str) -> None:
    """A stopped process keeps its connection alive, and with it the locks of its rows."""
    stopped, other = make_engine(database_url), make_engine(database_url)
    with autocommit(other) as connection:
        connection.execute(text("CREATE TABLE held AS SELECT 1 AS number"))

    def stand_still() -> None:
        with transaction(stopped) as standing:
            standing.execute(text("UPDATE held SET number = 2"))
            standing.execute(text("SET LOCAL idle_in_transaction_session_timeout = '0.2s'"))
            with autocommit(other) as connection:  # waits for the row until the first one is cut off
                connection.execute(text("UPDATE held SET number = number + 10"))
            standing.execute(text("SELECT 1"))

    with pytest.raises(Unavailable):
        stand_still()
    with autocommit(other) as connection:
        assert connection.execute(text("SELECT number FROM held")).scalar() == 11
        connection.execute(text("DROP TABLE held"))
    for engine in stopped, other:
        engine.dispose()


def test_a_transaction_that_may_take_long_may_be_silent_as_long(database_url: str) -> None:
    engine = make_engine(database_url, silent_s=20)
    limits = text("SELECT current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout')")
    with transaction(engine, statement_timeout_s=5) as connection:
        assert connection.execute(limits).one() == ("5s", "5s")
    with transaction(engine) as connection:
        assert connection.execute(limits).one() == ("30s", "20s")
    engine.dispose()


@pytest.mark.parametrize("way", [autocommit, transaction])
def test_an_exhausted_pool_is_unavailable(way: Way, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "POOL_TIMEOUT_S", 0.05)
    engine = make_engine(database_url, pool_size=1)
    with autocommit(engine), pytest.raises(Unavailable, match="in use"), way(engine):
        pass
    engine.dispose()


def test_a_cut_connection_costs_one_call_and_an_idle_one_none(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, other = make_engine(database_url, pool_size=1), make_engine(database_url, pool_size=1)

    def cut() -> None:
        with autocommit(engine) as connection:
            pid = connection.execute(text("SELECT pg_backend_pid()")).scalar()
        alive = text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid")
        with autocommit(other) as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
            wait_until(lambda: connection.execute(alive, {"pid": pid}).scalar() == 0)

    cut()
    with pytest.raises(Unavailable), autocommit(engine) as connection:
        connection.execute(text("SELECT 1"))
    with autocommit(engine) as connection:
        connection.execute(text("SELECT 1"))
    monkeypatch.setattr(door, "PING_AFTER_IDLE_S", 0.0)
    cut()
    with autocommit(engine) as connection:
        connection.execute(text("SELECT 1"))
    engine.dispose()
    other.dispose()


def test_codes_of_the_table_exist() -> None:
    assert all(len(code) == 2 or errors.lookup(code) for code in door.PASSING)
