"""Ports with a guard taken away: what the model must find when a promise is not kept."""

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import Engine, text

from dispatcher.domain.claims import Claim, Whereabouts
from dispatcher.domain.ids import MessageId
from dispatcher.domain.tickets import Retry, Ticket
from dispatcher.ledger.engine import autocommit
from dispatcher.ledger.messages import CLAIM, Messages, claim_values, claimed
from dispatcher.pipeline.stations import Stations

ANYHOW = text(CLAIM.text.replace("AND state = 'pending'", ""))


class ClaimsAnyhow(Messages):
    """A claim that does not look at the message's state."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._mine = engine

    def claim(self, ticket: Ticket) -> Claim:
        with autocommit(self._mine) as connection:
            rows = connection.execute(ANYHOW, claim_values([ticket])).all()
        return Claim(tuple(claimed(row) for row in rows if row.seq is not None), True, hours=rows[0].hours)


class TakesLostForUnsent(Messages):
    """A recovery that believes that what was being sent was not."""

    def whereabouts(self, ticket: Ticket) -> Whereabouts:
        found = super().whereabouts(ticket)
        pending = tuple(Retry(0, seq) for seq, _ in found.sending)
        with autocommit(self._engine) as connection:
            put_back = "UPDATE message SET state = 'pending' WHERE campaign_id = :campaign AND state = 'sending'"
            connection.execute(text(put_back), {"campaign": ticket.campaign})
        return Whereabouts(found.pending + pending, ())


class NeverLocked:
    """Locks that everybody gets: of Redis and of the ledger alike."""

    def __init__(self, port: object) -> None:
        self._port = port

    def take(self, scope: str, key: str, message: MessageId, *times: int) -> int:
        return 0

    def __getattr__(self, verb: str) -> object:
        return getattr(self._port, verb)


class HurriedClock:
    """A clock whose finish frees the lane as skip does: without a delay, and without an end of the chunk."""

    def __init__(self, clock: object) -> None:
        self._clock = clock

    def finish(self, provider: str, ticket: Ticket, jitter: int, busy_ms: int = 0, retries=(), landing=None):  # type: ignore[no-untyped-def]
        return self._clock.skip(provider, ticket, retries)  # type: ignore[attr-defined]

    def __getattr__(self, verb: str) -> object:
        return getattr(self._clock, verb)


def claims_anyhow(engine: Engine) -> Callable[[Stations], Stations]:
    return lambda ports: replace(ports, messages=ClaimsAnyhow(engine))


def takes_lost_for_unsent(engine: Engine) -> Callable[[Stations], Stations]:
    return lambda ports: replace(ports, messages=TakesLostForUnsent(engine))


def never_locks(engine: Engine) -> Callable[[Stations], Stations]:
    def bend(ports: Stations) -> Stations:
        locks: object = NeverLocked(ports.locks)
        book: object = NeverLocked(ports.lock_book)
        return replace(ports, locks=locks, lock_book=book)  # type: ignore[arg-type]

    return bend


def hurries(engine: Engine) -> Callable[[Stations], Stations]:
    def bend(ports: Stations) -> Stations:
        clock: object = HurriedClock(ports.clock)
        return replace(ports, clock=clock)  # type: ignore[arg-type]

    return bend
