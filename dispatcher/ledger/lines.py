"""Messages as people look at them: lists, exports, doubts."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Engine, Row, text

from dispatcher.domain.ids import MessageId
from dispatcher.domain.lifecycle import MessageState
from dispatcher.ledger.engine import autocommit, transaction
from dispatcher.ledger.times import epoch_ms

AT_ONCE = 1000

_LINE = "SELECT m.*, s.name AS sender_name FROM message m LEFT JOIN sender s ON s.id = m.sender_id"

PAGE = text(f"{_LINE} WHERE m.campaign_id = :campaign AND m.seq > :after ORDER BY m.seq LIMIT :limit")

PAGE_OF_STATE = text(f"""
{_LINE} WHERE m.campaign_id = :campaign AND m.seq > :after AND m.state = CAST(:state AS message_state)
ORDER BY m.seq LIMIT :limit
""")

PAGE_OF_RARE_STATE = text(f"""
{_LINE} WHERE m.campaign_id = :campaign AND m.seq > :after AND m.state = CAST(:state AS message_state)
    AND m.state NOT IN ('pending', 'sent')
ORDER BY m.seq LIMIT :limit
""")

WHOLE = text(f"{_LINE} WHERE m.campaign_id = :campaign ORDER BY m.seq")

ONE = text(f"{_LINE} WHERE m.campaign_id = :campaign AND m.seq = :seq")

IN_DOUBT = text("""
SELECT m.*, s.name AS sender_name, a.name AS account_name FROM message m
JOIN campaign c ON c.id = m.campaign_id JOIN account a ON a.id = c.account_id
LEFT JOIN sender s ON s.id = m.sender_id
WHERE m.state = 'in_doubt' AND (CAST(:campaign AS bigint) IS NULL OR (m.claimed_at, m.campaign_id, m.seq) > (
    SELECT claimed_at, campaign_id, seq FROM message WHERE campaign_id = :campaign AND seq = :seq))
ORDER BY m.claimed_at, m.campaign_id, m.seq LIMIT :limit
""")


class Line(NamedTuple):
    """One message. Times are UTC epoch milliseconds; `due_ms`: its retry, or the look-up of a doubt."""

    id: MessageId
    phone: str
    state: MessageState
    sender: str | None
    reason: str
    detail: str
    attempts: int
    accepted_ms: int
    due_ms: int | None
    claimed_ms: int | None
    sent_ms: int | None
    settled_ms: int | None
    delivered_ms: int | None
    read_ms: int | None
    answered_ms: int | None


class DoubtLine(NamedTuple):
    """A message in doubt; `tries` look-ups were made."""

    line: Line
    account: str
    tries: int


class Lines:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(self, campaign: int, state: MessageState | None = None, after: int = -1, limit: int = 100) -> list[Line]:
        """A campaign's messages behind seq `after`, all or of one state."""
        query = PAGE if state is None else PAGE_OF_RARE_STATE
        if state in (MessageState.PENDING, MessageState.SENT):
            query = PAGE_OF_STATE
        asked = {"campaign": campaign, "after": after, "limit": limit}
        if state is not None:
            asked["state"] = state.value  # type: ignore[assignment]
        with autocommit(self._engine) as connection:
            return [_line(row) for row in connection.execute(query, asked)]

    def whole(self, campaign: int) -> Iterator[Line]:
        """All of a campaign's messages, as a stream: a million need no memory."""
        with transaction(self._engine, statement_timeout_s=0) as connection:
            rows = connection.execution_options(yield_per=AT_ONCE).execute(WHOLE, {"campaign": campaign})
            for row in rows:
                yield _line(row)

    def one(self, message: MessageId) -> Line | None:
        with autocommit(self._engine) as connection:
            row = connection.execute(ONE, {"campaign": message.campaign, "seq": message.seq}).first()
        return None if row is None else _line(row)

    def in_doubt(self, after: MessageId | None = None, limit: int = 100) -> list[DoubtLine]:
        """The messages in doubt of all campaigns, those claimed first before the others, behind `after`."""
        campaign, seq = after or (None, None)
        with autocommit(self._engine) as connection:
            rows = connection.execute(IN_DOUBT, {"campaign": campaign, "seq": seq, "limit": limit}).all()
        return [DoubtLine(_line(row), row.account_name, row.doubt_tries) for row in rows]


def _line(row: Row[Any]) -> Line:
    return Line(
        id=MessageId(row.campaign_id, row.seq),
        phone=row.phone,
        state=MessageState(row.state),
        sender=row.sender_name,
        reason=row.reason or "",
        detail=row.detail or "",
        attempts=row.attempts - row.deferrals,
        accepted_ms=epoch_ms(row.accepted_at),
        due_ms=epoch_ms(row.due_at),
        claimed_ms=epoch_ms(row.claimed_at),
        sent_ms=epoch_ms(row.sent_at),
        settled_ms=epoch_ms(row.settled_at),
        delivered_ms=epoch_ms(row.delivered_at),
        read_ms=epoch_ms(row.read_at),
        answered_ms=epoch_ms(row.answered_at),
    )
