"""Messages whose worker was lost before their claim, and how often in a row; what becomes of them then.

A row stands for one message, and counts only as long as nobody has claimed it since.
"""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, Engine, text

from dispatcher.domain.loststarts import REASON, Noted, alone_at, given_up, is_late
from dispatcher.domain.tickets import Ticket
from dispatcher.ledger import loststreaks
from dispatcher.ledger.engine import transaction
from dispatcher.ledger.times import epoch_ms, moment

ADVISORY_LOCK = 0x7374_6172_7473  # "starts": two suspects must not get the same moment

COUNT = text("""
INSERT INTO lost_start AS l (campaign_id, seq, attempts, times, token, at)
SELECT m.campaign_id, m.seq, m.attempts, 1, :token, :now
FROM message m LEFT JOIN attempt a ON a.campaign_id = :campaign AND a.seq = m.seq AND a.attempt = m.attempts
    AND a.seq >= :first AND a.seq < :after
WHERE m.campaign_id = :campaign AND m.seq >= :first AND m.seq < :after AND m.state = 'pending'
    AND a.token IS DISTINCT FROM :token
ORDER BY m.seq
ON CONFLICT (campaign_id, seq) DO UPDATE SET
    times = CASE WHEN l.attempts <> excluded.attempts THEN 1 WHEN l.token = excluded.token THEN l.times
        ELSE l.times + 1 END,
    attempts = excluded.attempts, token = excluded.token, at = excluded.at
RETURNING seq, times, alone_at
""")

TAKEN = text("SELECT max(alone_at) FROM lost_start")

ALONE = text("""
WITH given AS (
    SELECT * FROM unnest(CAST(:seqs AS int[]), CAST(:dues AS timestamptz[])) AS given (seq, due)
), noted AS (
    UPDATE lost_start l SET alone_at = given.due FROM given WHERE l.campaign_id = :campaign AND l.seq = given.seq
)
UPDATE message m SET due_at = given.due FROM given
WHERE m.campaign_id = :campaign AND m.seq = given.seq AND m.seq >= :first AND m.seq < :after AND m.state = 'pending'
""")

GIVE_UP = text("""
WITH forgotten AS (
    DELETE FROM lost_start WHERE campaign_id = :campaign AND seq = ANY(:seqs)
)
UPDATE message SET state = 'failed', reason = :reason, detail = :detail, due_at = NULL, settled_at = clock_timestamp()
WHERE campaign_id = :campaign AND seq = ANY(:seqs) AND seq >= :first AND seq < :after AND state = 'pending'
""")


class LostStarts:
    """`most`: how often in a row a message's worker may be lost before its claim; then it has failed."""

    def __init__(self, engine: Engine, most: int) -> None:
        self._engine = engine
        self._most = most

    def note(self, ticket: Ticket, now_ms: int, begun_ms: int) -> Noted:
        """Hold a ticket that was begun, at `begun_ms` or before, against its messages that nobody has claimed: they
        wait on as before, or for a moment of their own, or have failed. And against its campaign, sender and account:
        what no message of is claimed any more is paused. The same ticket counts once.
        """
        with transaction(self._engine) as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
            failed, lost = self._hold_against_messages(connection, ticket, now_ms, begun_ms)
            blamed = loststreaks.count(connection, ticket, begun_ms) if lost else None
        if blamed is None:
            return Noted(failed, None)
        with transaction(self._engine) as connection:  # behind the messages' locks: others take a campaign's first
            return Noted(failed, loststreaks.stop(connection, *blamed))

    def _hold_against_messages(
        self, connection: Connection, ticket: Ticket, now_ms: int, begun_ms: int
    ) -> tuple[int, bool]:
        """How many have failed; and was any message lost?"""
        bounds = {"campaign": ticket.campaign, "first": ticket.seq, "after": ticket.seq + ticket.size}
        rows = connection.execute(COUNT, bounds | {"token": ticket.token, "now": moment(now_ms)}).all()
        times = {row.seq: row.times for row in rows}
        late = {row.seq for row in rows if is_late(epoch_ms(row.alone_at), begun_ms)}
        over = given_up(times, late, self._most)
        suspects = {seq for seq, lost in times.items() if lost > 1}.difference(over)
        self._send_alone(connection, bounds, suspects, now_ms)
        return self._give_up(connection, bounds, over), bool(rows)

    def _send_alone(
        self, connection: Connection, bounds: Mapping[str, object], suspects: Collection[int], now_ms: int
    ) -> None:
        if not suspects:
            return
        taken_ms = epoch_ms(connection.execute(TAKEN).scalar()) or 0
        dues = alone_at(suspects, taken_ms, now_ms)
        given = {"seqs": list(dues), "dues": [moment(due_ms) for due_ms in dues.values()]}
        connection.execute(ALONE, {**bounds, **given})

    def _give_up(self, connection: Connection, bounds: Mapping[str, object], seqs: Collection[int]) -> int:
        if not seqs:
            return 0
        detail = f"{self._most} times in a row the worker that took it up was lost before it had claimed it"
        told = {**bounds, "seqs": list(seqs), "reason": REASON, "detail": detail}
        return connection.execute(GIVE_UP, told).rowcount
