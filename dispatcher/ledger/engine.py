"""The one door to PostgreSQL: connections, transactions, and foreign errors in our own words.

    what the server or the driver says                 what leaves here
    no connection, cut, pool exhausted, shut down,
    time-out, deadlock, disk full, standby             domain.trouble.Unavailable
    a table or a column that is not there              domain.trouble.OlderSchema, which is Unavailable too
    anything else: a statement of ours is wrong        LedgerFault
    anything that is not theirs                        untouched

Texts name the error and the constraint, never the statement, its values or the server's DETAIL line:
those carry phone numbers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import psycopg2
from psycopg2 import errorcodes
from sqlalchemy import Connection, Engine, create_engine, event, exc, make_url, text

from dispatcher.domain.trouble import OlderSchema, Unavailable
from dispatcher.ledger import patience

CONNECT_TIMEOUT_S = 5  # a server that is up accepts within milliseconds
STATEMENT_TIMEOUT_S = 30.0  # statements take milliseconds; those that may take longer say so
SILENT_IN_TRANSACTION_S = 10.0
"""Between two statements of a transaction lie microseconds of ours. Who stands still there, as a stopped process does,
is cut off: its row locks would hold up all the others for as long as it stands."""

POOL_TIMEOUT_S = 10.0  # a connection is given back within milliseconds: who waits so long has none to expect
PING_AFTER_IDLE_S = 5.0
"""A connection that was used just now is trusted; asking each time would double the round trips of a claim."""

KEEPALIVE = {"keepalives": 1, "keepalives_idle": 5, "keepalives_interval": 3, "keepalives_count": 3}
UNANSWERED_MS = 10_000  # what we sent and nobody acknowledged: the other end is gone. `patience` sees to the rest
SERVERS_KEEPALIVE = {"tcp_keepalives_idle": 15, "tcp_keepalives_interval": 5, "tcp_keepalives_count": 3}
"""The server's own would let a lock of a host that vanished stand for two hours."""

PASSING = {"08", "25006", "25P03", "25P04", "40", "53", "55P03", "57", "58"}
"""Classes and codes of errors that pass by themselves: connection, read-only standby, idle for too long, deadlock,
resources, lock not available, operator's intervention, system error."""


NOT_THERE = {"42P01", "42703"}
"""Codes of an undefined table or column: our statements name none that the migrations do not make."""


LIMITS = text(
    "SELECT set_config('statement_timeout', :ms, true), set_config('idle_in_transaction_session_timeout', :ms, true)"
)


class LedgerFault(RuntimeError):
    """PostgreSQL refused a statement of ours: someone must look. Carries no values."""


def make_engine(
    url: str,
    pool_size: int = 5,
    statement_timeout_s: float = STATEMENT_TIMEOUT_S,
    silent_s: float = SILENT_IN_TRANSACTION_S,
) -> Engine:
    """An engine of at most `pool_size` connections, for any spelling of a PostgreSQL URL. Connects lazily.

    Each statement is a transaction, if it is not in `transaction`: to switch a connection costs a round trip.
    Whoever says nothing for `silent_s` within a transaction loses it, and its connection.
    """
    settings = {
        "timezone": "UTC",
        "statement_timeout": int(statement_timeout_s * 1000),
        "idle_in_transaction_session_timeout": int(silent_s * 1000),
        **SERVERS_KEEPALIVE,
    }
    engine = create_engine(
        make_url(url.replace("postgres://", "postgresql://", 1)).set(drivername="postgresql+psycopg2"),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        hide_parameters=True,
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            "tcp_user_timeout": UNANSWERED_MS,
            "application_name": "dispatcher",
            "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
            **KEEPALIVE,
        },
    )
    event.listen(engine, "do_connect", lambda dialect, record, args, address: patience.connect(**address))
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", _ping_if_idle)
    return engine


@contextmanager
def transaction(engine: Engine, statement_timeout_s: float | None = None) -> Iterator[Connection]:
    """A connection whose statements take effect together when the block ends, or not at all.

    `statement_timeout_s` replaces the engine's for this transaction, and so long it may be silent, as one is that hands
    rows to a slow reader; 0: none.
    """
    with translated(), engine.connect() as connection:
        connection.execution_options(isolation_level="READ COMMITTED")
        with connection.begin():
            if statement_timeout_s is not None:
                limit_ms = str(int(statement_timeout_s * 1000))
                connection.execute(LIMITS, {"ms": limit_ms})
            yield connection


@contextmanager
def autocommit(engine: Engine) -> Iterator[Connection]:
    """A connection on which each statement is a transaction: one round trip instead of three."""
    with translated(), engine.connect() as connection:
        yield connection


@contextmanager
def translated() -> Iterator[None]:
    """Raises what comes from SQLAlchemy or psycopg2 as Unavailable or LedgerFault."""
    try:
        yield
    except (exc.SQLAlchemyError, psycopg2.Error) as error:
        raise in_our_words(error) from None


def in_our_words(error: exc.SQLAlchemyError | psycopg2.Error) -> Unavailable | LedgerFault:
    if isinstance(error, exc.TimeoutError):
        return Unavailable("PostgreSQL: every connection of the pool is in use")
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    if not isinstance(cause, psycopg2.Error):
        return LedgerFault(f"SQLAlchemy: {type(cause).__name__}")
    if cause.pgcode is None:
        return _without_code(cause)
    name = errorcodes.lookup(cause.pgcode) if cause.pgcode in _CODES else cause.pgcode
    if cause.pgcode in PASSING or cause.pgcode[:2] in PASSING:
        return Unavailable(f"PostgreSQL: {name}")
    if cause.pgcode in NOT_THERE:
        return OlderSchema()
    where = cause.diag.constraint_name or cause.diag.column_name or cause.diag.table_name
    return LedgerFault(f"PostgreSQL: {name}" + (f" ({where})" if where else ""))


_CODES = {code for name, code in vars(errorcodes).items() if name.isupper() and isinstance(code, str)}


def _without_code(cause: psycopg2.Error) -> Unavailable | LedgerFault:
    """The driver's own errors. A bare DatabaseError is libpq's way of losing a connection."""
    lost = isinstance(cause, psycopg2.OperationalError | psycopg2.InterfaceError) or type(cause) in (
        psycopg2.DatabaseError,
        psycopg2.Error,
    )
    if lost:
        return Unavailable("PostgreSQL: no connection")
    return LedgerFault(f"psycopg2: {type(cause).__name__}")


def _note_use(connection: Any, record: Any) -> None:
    record.info["used"] = monotonic()


def _ping_if_idle(connection: Any, record: Any, proxy: Any) -> None:
    """After a pause, ask whether the server is still there; SQLAlchemy replaces the connection when it is not."""
    if monotonic() - record.info.get("used", monotonic()) < PING_AFTER_IDLE_S:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.rollback()
    except psycopg2.Error as error:
        raise exc.DisconnectionError from error
