"""A campaign's messages in some states, in the order of their seq: what a page reads does not grow with the campaign.

    sent                             the index `message_sent`
    pending, not taken up yet        the table itself, from the first of them on
    pending, waits for its time      the index `message_waiting`; the only ones before, and among the follow-ups
    any other state                  the index `message_rare`

Each is read in order as far as the page needs it, and what they give is put together. The first that nobody has taken
up is looked for from `untouched_from` on, which lags behind: who had to look far says how far, so that nobody looks
there again.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, TextClause, text

from dispatcher.domain.followups import STEP
from dispatcher.domain.lifecycle import MessageState
from dispatcher.ledger.plans import REMEMBER_EVERY

_EDGE = f"""
WITH edge AS MATERIALIZED (
    SELECT untouched_from AS known, coalesce((
        SELECT seq FROM message
        WHERE campaign_id = :campaign AND seq >= untouched_from AND seq < {STEP}
            AND state = 'pending' AND due_at IS NULL
        ORDER BY seq LIMIT 1
    ), total) AS first
    FROM campaign WHERE id = :campaign
)
"""
_FIRST = "(SELECT first FROM edge)"

_SOURCES = {
    MessageState.SENT: ("seq > :after AND state = 'sent'",),
    MessageState.PENDING: (
        f"seq > greatest(:after, {_FIRST} - 1) AND seq < {STEP} AND state = 'pending'",
        f"seq > :after AND seq < {_FIRST} AND state = 'pending' AND due_at IS NOT NULL",
        f"seq > greatest(:after, {STEP - 1}) AND state = 'pending' AND due_at IS NOT NULL",
    ),
}

_RARE = "seq > :after AND state = '{state}' AND state NOT IN ('pending', 'sent')"

REMEMBER = text("""
UPDATE campaign SET untouched_from = :to
WHERE id = (SELECT id FROM campaign WHERE id = :campaign AND untouched_from < :to FOR UPDATE SKIP LOCKED)
""")
"""Whoever feeds the campaign holds its row for minutes: somebody else will remember."""


@cache
def page_of(states: frozenset[MessageState]) -> TextClause:
    """Messages in one of these states behind seq `after`: past the first `offset` of them, `limit`. Where pending ones
    are asked for, each row has the `edge`, and there is one without a message if there is none with one."""
    conditions = [one for state in sorted(states) for one in _SOURCES.get(state, (_RARE.format(state=state),))]
    sources = " UNION ALL ".join(
        f"(SELECT * FROM message WHERE campaign_id = :campaign AND {condition} ORDER BY seq LIMIT :offset + :limit)"
        for condition in conditions
    )
    page = f"""
    SELECT m.*, s.name AS sender_name FROM ({sources}) AS m LEFT JOIN sender s ON s.id = m.sender_id
    ORDER BY m.seq OFFSET :offset LIMIT :limit
    """
    if MessageState.PENDING not in states:
        return text(page)
    return text(f"{_EDGE} SELECT page.*, edge.* FROM edge LEFT JOIN ({page}) AS page ON true ORDER BY seq")


def read_page(
    connection: Connection, campaign: int, states: Iterable[MessageState], after: int, offset: int, limit: int
) -> Sequence[Row[Any]]:
    """Rows of messages, with `sender_name`."""
    wanted = frozenset(states)
    rows = connection.execute(
        page_of(wanted), {"campaign": campaign, "after": after, "offset": offset, "limit": limit}
    ).all()
    if MessageState.PENDING not in wanted:
        return rows
    if rows and rows[0].first - rows[0].known >= REMEMBER_EVERY:
        connection.execute(REMEMBER, {"campaign": campaign, "to": rows[0].first})
    return [row for row in rows if row.seq is not None]
