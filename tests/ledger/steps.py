"""Steps that the ledger's tests take over and over."""

from typing import Any

from sqlalchemy import Engine, text

from dispatcher.domain.claims import Claimed, Settled
from dispatcher.domain.ids import Lane
from dispatcher.domain.lifecycle import MessageState
from dispatcher.domain.outcomes import Fate, Outcome
from dispatcher.domain.tickets import Ticket
from dispatcher.ledger.engine import autocommit


def ticket(campaign: int, seq: int = 0, size: int = 1, sender: int = 1, token: str = "t-1") -> Ticket:
    return Ticket(Lane(sender, 0), campaign, seq, size, token)


def fate(row: Claimed, fate: Fate, due_ms: int | None = None, **more: Any) -> Settled:
    return Settled(row.seq, row.attempt, Outcome(fate, **more), due_ms)


def column(engine: Engine, campaign: int, name: str) -> list[Any]:
    """One column of a campaign's messages, by seq."""
    query = text(f"SELECT {name} FROM message WHERE campaign_id = :campaign ORDER BY seq")
    with autocommit(engine) as connection:
        return list(connection.execute(query, {"campaign": campaign}).scalars())


def attempts(engine: Engine, campaign: int) -> list[Any]:
    query = text("SELECT * FROM attempt WHERE campaign_id = :campaign ORDER BY seq, attempt")
    with autocommit(engine) as connection:
        return list(connection.execute(query, {"campaign": campaign}).all())


def some(counts: dict[MessageState, int]) -> dict[MessageState, int]:
    return {state: number for state, number in counts.items() if number}


def counted(engine: Engine, campaign: int) -> dict[MessageState, int]:
    """Messages by state, as a scan finds them."""
    query = text("SELECT state, count(*) FROM message WHERE campaign_id = :campaign GROUP BY state")
    with autocommit(engine) as connection:
        rows = connection.execute(query, {"campaign": campaign}).all()
    return {MessageState(state): number for state, number in rows}


def run(engine: Engine, statement: str, **values: Any) -> None:
    with autocommit(engine) as connection:
        connection.execute(text(statement), values)
