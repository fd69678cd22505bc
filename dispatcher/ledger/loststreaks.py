"""Starts that were lost in a row, of a campaign, a sender or an account: counted until one of its messages is claimed.

Of the rows of those, which may be what kills workers, nothing is read but numbers.
"""

from sqlalchemy import Connection, Row, text

from dispatcher.domain.account import BY_HAND
from dispatcher.domain.ids import Lane
from dispatcher.domain.loststarts import Common, Stopped, Streak, lengthened, to_blame, why_stopped
from dispatcher.domain.tickets import Ticket
from dispatcher.ledger.times import epoch_ms, moment

UNBROKEN = text("""
WITH common AS (
    SELECT 'account' AS common, account_id AS id, account_id FROM campaign WHERE id = :campaign
    UNION ALL SELECT 'campaign', id, account_id FROM campaign WHERE id = :campaign
    UNION ALL SELECT 'sender', id, account_id FROM sender WHERE id = :sender
)
SELECT common.common, common.id, l.times, l.campaign_id, l.seq, l.several, l.begun_at, l.token
FROM common LEFT JOIN lost_streak l ON l.common = common.common AND l.id = common.id AND NOT EXISTS (
    SELECT FROM sender s CROSS JOIN LATERAL (
        SELECT FROM attempt a
        WHERE a.sender_id = s.id AND a.started_at > l.noted_at
            AND (common.common <> 'campaign' OR a.campaign_id = common.id)
        LIMIT 1
    ) AS claimed
    WHERE s.account_id = common.account_id AND (common.common <> 'sender' OR s.id = common.id)
)
""")

KEEP = text("""
INSERT INTO lost_streak AS l (common, id, times, campaign_id, seq, several, begun_at, token, noted_at)
VALUES (:common, :id, :times, :campaign, :seq, :several, :begun, :token, clock_timestamp())
ON CONFLICT (common, id) DO UPDATE SET
    times = excluded.times, campaign_id = excluded.campaign_id, seq = excluded.seq, several = excluded.several,
    begun_at = excluded.begun_at, token = excluded.token, noted_at = excluded.noted_at
""")

PAUSE_CAMPAIGNS = text("""
WITH meant AS (
    SELECT id, state FROM campaign
    WHERE (CASE :common WHEN 'account' THEN account_id ELSE id END) = :id AND finished_at IS NULL
        AND state IN ('running', 'paused')
    ORDER BY id FOR UPDATE
), paused AS (
    UPDATE campaign c SET state = 'paused', paused_reason = :reason, watch_settled = NULL, watch_failed = NULL
    FROM meant WHERE c.id = meant.id AND meant.state = 'running'
)
SELECT id FROM meant
""")

PAUSE_SENDER = text(f"""
UPDATE sender SET
    paused_reason = CASE paused_reason WHEN '{BY_HAND}' THEN paused_reason ELSE :reason END, paused_until = NULL
WHERE id = :id RETURNING concurrency
""")


def count(connection: Connection, ticket: Ticket, begun_ms: int) -> tuple[Common, int, int] | None:
    """One loss more; what is to be stopped for it, its number, and after how many losses."""
    bounds = {"campaign": ticket.campaign, "sender": ticket.lane.sender_id}
    rows = {Common(row.common): row for row in connection.execute(UNBROKEN, bounds)}
    streaks = {common: lengthened(_streak(row), common, ticket, begun_ms) for common, row in rows.items()}
    for common, streak in streaks.items():
        campaign, seq = streak.first
        kept = {"common": common, "id": rows[common].id, "campaign": campaign, "seq": seq}
        connection.execute(KEEP, {**kept, **streak._asdict(), "begun": moment(streak.begun_ms)})
    blamed = to_blame(streaks)
    return None if blamed is None else (blamed, rows[blamed].id, streaks[blamed].times)


def stop(connection: Connection, common: Common, number: int, times: int) -> Stopped:
    """Pause it. What was paused before is told again: whoever did it may have died before the clock heard of it."""
    reason = why_stopped(common, times)
    told = {"common": common, "id": number, "reason": reason}
    if common is Common.SENDER:
        concurrency = connection.execute(PAUSE_SENDER, told).scalar() or 0
        return Stopped(common, reason, [], [Lane(number, slot) for slot in range(concurrency)])
    return Stopped(common, reason, list(connection.execute(PAUSE_CAMPAIGNS, told).scalars()), [])


def _streak(row: Row[tuple[object, ...]]) -> Streak | None:
    if row.times is None:
        return None
    return Streak(row.times, (row.campaign_id, row.seq), row.several, epoch_ms(row.begun_at), row.token)
