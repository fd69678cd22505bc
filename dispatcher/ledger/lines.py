"""Messages as people look at them: lists, exports, doubts."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, Row, text

from dispatcher.domain.ids import MessageId
from dispatcher.domain.lifecycle import MessageState
from dispatcher.domain.views import DoubtView, MessageView
from dispatcher.ledger.engine import autocommit, transaction
from dispatcher.ledger.pages import read_page
from dispatcher.ledger.times import epoch_ms

AT_ONCE = 1000  # rows that a stream fetches in one round trip

LINE = "SELECT m.*, s.name AS sender_name FROM message m LEFT JOIN sender s ON s.id = m.sender_id"

PAGE = text(f"{LINE} WHERE m.campaign_id = :campaign AND m.seq > :after ORDER BY m.seq LIMIT :limit")

WHOLE = text(f"{LINE} WHERE m.campaign_id = :campaign ORDER BY m.seq")

ONE = text(f"{LINE} WHERE m.campaign_id = :campaign AND m.seq = :seq")

IN_DOUBT = text("""
SELECT m.*, s.name AS sender_name, a.name AS account_name FROM message m
JOIN campaign c ON c.id = m.campaign_id JOIN account a ON a.id = c.account_id
LEFT JOIN sender s ON s.id = m.sender_id
WHERE m.state = 'in_doubt' AND (NOT :undecided OR m.due_at IS NULL)
    AND (CAST(:campaign AS bigint) IS NULL OR (m.claimed_at, m.campaign_id, m.seq) > (
    SELECT claimed_at, campaign_id, seq FROM message WHERE campaign_id = :campaign AND seq = :seq))
ORDER BY m.claimed_at, m.campaign_id, m.seq LIMIT :limit
""")


class Lines:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(
        self, campaign: int, state: MessageState | None = None, after: int = -1, limit: int = 100
    ) -> list[MessageView]:
        """A campaign's messages behind seq `after`, all or of one state."""
        with autocommit(self._engine) as connection:
            if state is not None:
                return [view_of(row) for row in read_page(connection, campaign, [state], after, 0, limit)]
            asked = {"campaign": campaign, "after": after, "limit": limit}
            return [view_of(row) for row in connection.execute(PAGE, asked)]

    def whole(self, campaign: int) -> Iterator[MessageView]:
        """All of a campaign's messages, as a stream: a million need no memory."""
        with transaction(self._engine, statement_timeout_s=0) as connection:
            rows = connection.execution_options(yield_per=AT_ONCE).execute(WHOLE, {"campaign": campaign})
            for row in rows:
                yield view_of(row)

    def one(self, message: MessageId) -> MessageView | None:
        with autocommit(self._engine) as connection:
            row = connection.execute(ONE, {"campaign": message.campaign, "seq": message.seq}).first()
        return None if row is None else view_of(row)

    def in_doubt(self, after: MessageId | None = None, limit: int = 100, undecided: bool = False) -> list[DoubtView]:
        """The messages in doubt of all campaigns, those claimed first before the others, behind `after`; all, or those
        without another look-up."""
        campaign, seq = after or (None, None)
        with autocommit(self._engine) as connection:
            rows = connection.execute(
                IN_DOUBT, {"campaign": campaign, "seq": seq, "limit": limit, "undecided": undecided}
            ).all()
        return [DoubtView(view_of(row), row.account_name, row.doubt_tries) for row in rows]


def view_of(row: Row[Any]) -> MessageView:
    return MessageView(
        id=MessageId(row.campaign_id, row.seq),
        phone=row.phone,
        key=row.phone_key,
        state=MessageState(row.state),
        sender=row.sender_name,
        reason=row.reason or "",
        detail=row.detail or "",
        attempts=row.attempts - row.deferrals,
        accepted_at_ms=epoch_ms(row.accepted_at),
        due_at_ms=None if row.state in (MessageState.SENT, MessageState.FAILED) else epoch_ms(row.due_at),
        claimed_at_ms=epoch_ms(row.claimed_at),
        sent_at_ms=epoch_ms(row.sent_at),
        settled_at_ms=epoch_ms(row.settled_at),
        delivered_at_ms=epoch_ms(row.delivered_at),
        read_at_ms=epoch_ms(row.read_at),
        answered_at_ms=epoch_ms(row.answered_at),
    )
