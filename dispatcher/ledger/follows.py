"""Jobs that a provider took and may fail yet: `due_at` of the first message of each that was sent says when to ask."""

from collections.abc import Sequence

from sqlalchemy import Engine, text

from dispatcher.domain.claims import Settled, TakenJob
from dispatcher.domain.ids import MessageId
from dispatcher.ledger.engine import autocommit
from dispatcher.ledger.messages import LAST_ATTEMPT, claimed
from dispatcher.ledger.texts import storable
from dispatcher.ledger.times import moment

ASK_AGAIN_MS = 60_000  # a question that was lost with its job comes again after so long
MOST = 10_000  # messages of one job: ten times what any provider takes

DUE = text("""
WITH ours AS (
    SELECT campaign_id, seq FROM message WHERE state = 'sent' AND due_at <= :now
    ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED
)
UPDATE message m SET due_at = :again FROM ours
WHERE m.campaign_id = ours.campaign_id AND m.seq = ours.seq AND m.state = 'sent'
RETURNING m.campaign_id, m.seq
""")

JOB = text(f"""
WITH first AS (
    SELECT m.provider_ref AS reference, m.doubt_tries AS asked, a.job_id AS job, a.sender_id AS left_from
    FROM message m {LAST_ATTEMPT}
    WHERE m.campaign_id = :campaign AND m.seq = :seq AND m.state = 'sent' AND m.provider_ref IS NOT NULL
)
SELECT m.*, first.*, false AS suppressed, false AS answered FROM first, message m {LAST_ATTEMPT}
WHERE m.campaign_id = :campaign AND m.seq >= :seq AND m.seq < :after AND m.state = 'sent' AND a.job_id = first.job
ORDER BY m.seq
""")

POSTPONE = text("""
UPDATE message SET due_at = :due, doubt_tries = doubt_tries + 1
WHERE campaign_id = :campaign AND seq = :seq AND state = 'sent'
""")

FAIL = text("""
WITH given AS (
    SELECT * FROM unnest(CAST(:seqs AS int[]), CAST(:attempts AS int[]), CAST(:reasons AS text[]))
        AS given (seq, attempt, reason)
), theirs AS (
    SELECT given.* FROM given JOIN message m ON m.campaign_id = :campaign AND m.seq = given.seq
    WHERE m.seq BETWEEN :low AND :high AND m.state = 'sent' AND m.attempts = given.attempt
        AND m.delivered_at IS NULL AND m.answered_at IS NULL
    ORDER BY m.seq FOR UPDATE OF m
), closed AS (
    UPDATE attempt a SET fate = 'failed', reason = t.reason FROM theirs t
    WHERE a.campaign_id = :campaign AND a.seq = t.seq AND a.attempt = t.attempt AND a.seq BETWEEN :low AND :high
)
UPDATE message m SET state = 'failed', reason = t.reason, sent_at = NULL, due_at = NULL, settled_at = clock_timestamp()
FROM theirs t WHERE m.campaign_id = :campaign AND m.seq = t.seq AND m.seq BETWEEN :low AND :high
RETURNING m.seq
""")


class Follows:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def due(self, now_ms: int, limit: int) -> list[MessageId]:
        """The first messages of up to `limit` jobs to be asked about; they are not due again for a minute."""
        when = {"now": moment(now_ms), "again": moment(now_ms + ASK_AGAIN_MS), "limit": limit}
        with autocommit(self._engine) as connection:
            return sorted(MessageId(row.campaign_id, row.seq) for row in connection.execute(DUE, when))

    def job(self, first: MessageId) -> TakenJob | None:
        """The job of that message; None when it is not sent any more, or has no name at the provider."""
        asked = {"campaign": first.campaign, "seq": first.seq, "after": first.seq + MOST}
        with autocommit(self._engine) as connection:
            rows = connection.execute(JOB, asked).all()
        if not rows:
            return None
        one = rows[0]
        sent = tuple(claimed(row) for row in rows)
        return TakenJob(first.campaign, one.job, one.left_from, one.reference, sent, one.asked)

    def postpone(self, first: MessageId, due_ms: int | None) -> None:
        """Count one question; the next is due then, or (None) never."""
        later = {"campaign": first.campaign, "seq": first.seq, "due": moment(due_ms)}
        with autocommit(self._engine) as connection:
            connection.execute(POSTPONE, later)

    def fail(self, campaign: int, failed: Sequence[Settled]) -> list[int]:
        """Of these messages, those that were sent and of which nothing was heard become failed; which those were."""
        seqs = [one.seq for one in failed]
        given = {
            "campaign": campaign,
            "low": min(seqs),
            "high": max(seqs),
            "seqs": seqs,
            "attempts": [one.attempt for one in failed],
            "reasons": [storable(one.outcome.reason) for one in failed],
        }
        with autocommit(self._engine) as connection:
            return sorted(connection.execute(FAIL, given).scalars())
