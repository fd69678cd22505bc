"""What the ledger knows of everything that Redis should hold: the material of a rebuild."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from dispatcher.domain.contactlock import ContactLock
from dispatcher.domain.ids import Lane
from dispatcher.domain.tickets import Ticket
from dispatcher.ledger.campaigns import Campaigns
from dispatcher.ledger.engine import autocommit, transaction
from dispatcher.ledger.locks import lock_of
from dispatcher.ledger.messages import LAST_ATTEMPT
from dispatcher.ledger.times import moment

REBUILD_LOCK = 0x7265_6275_696C_6400  # "rebuild": one host builds, the others see that it is done
SILENT_S = 20.0  # who works says something four times as often; a machine that is held up comes back sooner
AT_ONCE = 4000  # rows that a stream fetches in one round trip: they come fast, but each trip waits for its turn

LOCKS = text("SELECT * FROM contact_lock WHERE until_at > :now AND lifted_at IS NULL")

FLIGHTS = text(f"""
SELECT a.sender_id, a.slot, m.campaign_id, min(m.seq) AS first, max(m.seq) - min(m.seq) + 1 AS size, a.token
FROM message m {LAST_ATTEMPT}
WHERE m.state = 'sending'
GROUP BY a.sender_id, a.slot, m.campaign_id, a.token
ORDER BY min(m.claimed_at)
""")


class Survivors:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def locks(self, now_ms: int) -> Iterator[ContactLock]:
        """Every CPC lock that still holds, as a stream."""
        with transaction(self._engine, statement_timeout_s=0) as connection:
            rows = connection.execution_options(yield_per=AT_ONCE).execute(LOCKS, {"now": moment(now_ms)})
            yield from map(lock_of, rows)

    def live_campaigns(self) -> list[int]:
        """Running and paused campaigns."""
        return Campaigns(self._engine).live_campaigns()

    def flights(self) -> list[Ticket]:
        """Tickets of messages that are sending: one for each lane and token."""
        with autocommit(self._engine) as connection:
            rows = connection.execute(FLIGHTS).all()
        return [Ticket(Lane(row.sender_id, row.slot), row.campaign_id, row.first, row.size, row.token) for row in rows]


@contextmanager
def alone(engine: Engine, silent_s: float = SILENT_S) -> Iterator[bool]:
    """A lock among all hosts, for as long as the block runs; False: another one has it.

    Whoever stands still for `silent_s` with it loses it, as a process that was stopped does: the others must not wait.
    """
    with autocommit(engine) as connection:
        key = {"key": REBUILD_LOCK}
        got = bool(connection.execute(text("SELECT pg_try_advisory_lock(:key)"), key).scalar())
        if not got:
            yield False
            return
        connection.execute(text(f"SET idle_session_timeout = {int(silent_s * 1000)}"))
        try:
            with _breathing(connection, silent_s / 4):
                yield True
        finally:
            if not connection.invalidated:  # else the lock went with it; whether somebody else began, the epoch tells
                connection.execute(text("RESET idle_session_timeout"))
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)


@contextmanager
def _breathing(connection: Connection, every_s: float) -> Iterator[None]:
    """Nobody else uses the connection meanwhile. Once it is lost there is nothing more to keep."""
    over = Event()

    def breathe() -> None:
        with suppress(SQLAlchemyError):
            while not over.wait(every_s):
                connection.execute(text("SELECT 1"))

    thread = Thread(target=breathe, name="rebuild-lock", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
