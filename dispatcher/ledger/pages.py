"""A campaign's messages in some states, in the order of their seq: what a page reads does not grow with the campaign.

    sent                             the index `message_sent`
    pending, not taken up yet        the table itself, from the first of them on
    pending, waits for its time      the index `message_waiting`; the only ones before, and among the follow-ups
    any other state                  the index `message_rare`

Each is read in order as far as the page needs it, and what they give is put together. The first that nobody has taken
up is looked for from `untouched_from` on, which lags behind: who had to look far says how far, so that nobody looks
there again.

A page far behind is not counted up to. Below the first that nobody has taken up all are sent, and above it all are
pending, but for those that an index lists: where so many are passed over, only the exceptions are looked at.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

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

_RARE_STATE = "state = '{state}' AND state NOT IN ('pending', 'sent')"
_RARE = f"seq > :after AND {_RARE_STATE}"

NEAR = 100
"""So many are passed over faster than counted."""

_FAR = {
    MessageState.SENT: (
        "0",
        f"""least({_FIRST}, 1 + coalesce((
            SELECT seq FROM message WHERE campaign_id = :campaign AND seq < {STEP} AND state = 'sent'
            ORDER BY seq DESC LIMIT 1
        ), -1))""",
        ("state = 'pending' AND due_at IS NOT NULL",),
        (),
    ),
    MessageState.PENDING: (
        _FIRST,
        "(SELECT total FROM campaign WHERE id = :campaign)",
        ("state = 'sent'",),
        ("state = 'pending' AND due_at IS NOT NULL",),
    ),
}
"""Where nearly all are in this state: from which seq on, to which; and beside the rare states, what of the others is
an exception there, and what is wanted below it."""


class Passed(NamedTuple):
    """The edge, a stretch, how many are wanted below it, how many of it are exceptions, and how many of those are
    passed over.
    """

    known: int
    first: int
    start: int
    end: int
    below: int
    exceptions: int
    skipped: int

    def rest(self, offset: int) -> tuple[int, int]:
        """(behind which seq the page begins, past how many more)"""
        if offset < self.below:
            return -1, offset
        place = self.start + offset - self.below + self.skipped
        if place < self.end:
            return place - 1, 0
        return self.end - 1, offset - self.below - (self.end - self.start - self.exceptions)


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


@cache
def far_of(states: frozenset[MessageState]) -> TextClause | None:
    """The stretch that most of these states' messages are in, as `Passed`; None where there is none."""
    if len(common := states & _FAR.keys()) != 1:
        return None
    start, end, other, below = _FAR[next(iter(common))]
    rare = {state: _RARE_STATE.format(state=state) for state in MessageState if state not in _SOURCES}
    wanted = [condition for state, condition in rare.items() if state in states]
    unwanted = [condition for state, condition in rare.items() if state not in states]
    first = "(SELECT start FROM stretch)"
    return text(f"""
    {_EDGE}, stretch AS MATERIALIZED (SELECT {start} AS start, {end} AS "end"),
    below AS (SELECT count(*) AS number FROM ({_numbers([*below, *wanted], f"seq < {first}")}) AS these),
    exception AS (
        SELECT seq - {first} - row_number() OVER (ORDER BY seq) + 1 AS wanted_before
        FROM ({_numbers([*other, *unwanted], f'seq >= {first} AND seq < (SELECT "end" FROM stretch)')}) AS these
    )
    SELECT known, first, start, "end", number, count(wanted_before),
        count(*) FILTER (WHERE wanted_before <= :offset - number)
    FROM edge CROSS JOIN stretch CROSS JOIN below LEFT JOIN exception ON true GROUP BY 1, 2, 3, 4, 5
    """)


def _numbers(conditions: Sequence[str], where: str) -> str:
    """By an index each: one condition for all of them would be one for none."""
    each = [f"SELECT seq FROM message WHERE campaign_id = :campaign AND {where} AND {one}" for one in conditions]
    return " UNION ALL ".join(each) or "SELECT 0 AS seq WHERE false"


def read_page(
    connection: Connection, campaign: int, states: Iterable[MessageState], after: int, offset: int, limit: int
) -> Sequence[Row[Any]]:
    """Rows of messages, with `sender_name`. An `offset` counts from the campaign's first on, without `after`."""
    wanted = frozenset(states)
    if offset > NEAR and (far := far_of(wanted)) is not None:
        passed = Passed._make(connection.execute(far, {"campaign": campaign, "offset": offset}).one())
        _remember(connection, campaign, passed.known, passed.first)
        after, offset = passed.rest(offset)
    rows = connection.execute(
        page_of(wanted), {"campaign": campaign, "after": after, "offset": offset, "limit": limit}
    ).all()
    if MessageState.PENDING not in wanted:
        return rows
    if rows:
        _remember(connection, campaign, rows[0].known, rows[0].first)
    return [row for row in rows if row.seq is not None]


def _remember(connection: Connection, campaign: int, known: int, first: int) -> None:
    if first - known >= REMEMBER_EVERY:
        connection.execute(REMEMBER, {"campaign": campaign, "to": first})
