"""Messages in doubt, by the job that left them so: their look-ups, and what an operator decides."""

from typing import Any

from sqlalchemy import Engine, text

from dispatcher.domain.claims import DoubtfulJob, Settled
from dispatcher.domain.followups import next_due_ms
from dispatcher.domain.ids import MessageId
from dispatcher.domain.lifecycle import MessageState
from dispatcher.domain.outcomes import RESOLVED_BY_HAND, Fate, Outcome
from dispatcher.ledger.departures import UNHEARD
from dispatcher.ledger.engine import autocommit
from dispatcher.ledger.messages import LAST_ATTEMPT, Messages, claimed
from dispatcher.ledger.polls import ASK_AGAIN_MS
from dispatcher.ledger.times import moment

STATE = text("""
SELECT m.state, m.attempts, m.payload, c.follow_ups FROM message m JOIN campaign c ON c.id = m.campaign_id
WHERE m.campaign_id = :campaign AND m.seq = :seq
""")

IN_DOUBT = text("""
SELECT seq, attempts FROM message WHERE campaign_id = :campaign AND state = 'in_doubt' ORDER BY seq LIMIT :limit
""")

AT_ONCE = 1_000  # messages a statement
LOOK_AGAIN_MS = 60_000  # a resolver that was lost with its job delays the look-up by this much

_OF_JOB = f"""
message m {LAST_ATTEMPT}
WHERE m.campaign_id = :campaign AND m.state = 'in_doubt' AND a.job_id = :job
"""

DUE = text(f"""
WITH jobs AS (
    SELECT DISTINCT m.campaign_id, a.job_id FROM (
        SELECT campaign_id, seq, attempts FROM message
        WHERE state = 'in_doubt' AND due_at <= :now ORDER BY due_at LIMIT :limit
    ) AS m {LAST_ATTEMPT}
), theirs AS (
    SELECT m.campaign_id, m.seq, jobs.job_id FROM jobs
    JOIN message m ON m.campaign_id = jobs.campaign_id AND m.state = 'in_doubt' AND m.due_at <= :now
    {LAST_ATTEMPT}
    WHERE a.job_id = jobs.job_id
    ORDER BY m.campaign_id, m.seq FOR UPDATE OF m SKIP LOCKED
), postponed AS (
    UPDATE message m SET due_at = :again FROM theirs
    WHERE m.campaign_id = theirs.campaign_id AND m.seq = theirs.seq AND m.state = 'in_doubt'
    RETURNING m.campaign_id, theirs.job_id
)
SELECT DISTINCT campaign_id, job_id FROM postponed ORDER BY campaign_id, job_id
""")

JOB = text(f"""
SELECT m.*, a.sender_id AS left_from, false AS suppressed, m.answered_at IS NOT NULL AS answered,
    {UNHEARD.format(message="m")} AS unheard
FROM {_OF_JOB} ORDER BY m.seq
""")

POSTPONE = text(f"""
WITH theirs AS (SELECT m.seq FROM {_OF_JOB} ORDER BY m.seq FOR UPDATE OF m)
UPDATE message m SET due_at = :due, doubt_tries = doubt_tries + 1
FROM theirs WHERE m.campaign_id = :campaign AND m.seq = theirs.seq AND m.state = 'in_doubt'
""")


class Doubts:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def due(self, now_ms: int, limit: int) -> list[tuple[int, str]]:
        """(campaign, job) of up to `limit` jobs whose look-up is due; they are not due again for a minute."""
        when = {"now": moment(now_ms), "again": moment(now_ms + LOOK_AGAIN_MS), "limit": limit}
        with autocommit(self._engine) as connection:
            return [(row.campaign_id, row.job_id) for row in connection.execute(DUE, when)]

    def job(self, campaign: int, job: str) -> DoubtfulJob | None:
        """The job's messages in doubt; None when none is."""
        with autocommit(self._engine) as connection:
            rows: Any = connection.execute(JOB, {"campaign": campaign, "job": job}).all()
        if not rows:
            return None
        tries = min(row.doubt_tries for row in rows)
        return DoubtfulJob(campaign, job, rows[0].left_from, tuple(claimed(row) for row in rows), tries)

    def postpone(self, campaign: int, job: str, due_ms: int | None) -> None:
        """Count one look-up; the next is due then, or (None) never: an operator decides."""
        with autocommit(self._engine) as connection:
            connection.execute(POSTPONE, {"campaign": campaign, "job": job, "due": moment(due_ms)})

    def retry_all(self, campaign: int) -> int:
        """An operator's word on all of a campaign's messages in doubt: to be sent again; how many. In slices, each
        of which stands by itself. A campaign that was done runs again, and the clock is to be told."""
        again, left = 0, True
        while left:
            with autocommit(self._engine) as connection:
                rows = connection.execute(IN_DOUBT, {"campaign": campaign, "limit": AT_ONCE}).all()
            outcome = Outcome(Fate.RETRY, RESOLVED_BY_HAND)
            told = [Settled(row.seq, row.attempts, outcome) for row in rows]
            left = bool(told) and Messages(self._engine).settle(campaign, told) > 0
            again += len(told) if left else 0
        return again

    def resolve(self, message: MessageId, fate: Fate, now_ms: int = 0) -> bool | None:
        """An operator's word on a message in doubt at `now_ms`: sent, failed, or (RETRY) to be sent again.

        False when it is not in doubt (any more), None when there is no such message. The caller gives the lock
        back and says so (`Polls.freed`), or tells the clock.
        """
        with autocommit(self._engine) as connection:
            row = connection.execute(STATE, {"campaign": message.campaign, "seq": message.seq}).first()
        if row is None:
            return None
        if row.state != MessageState.IN_DOUBT:
            return False
        following_ms = next_due_ms(row.follow_ups, row.payload or {}, message.seq, now_ms)
        freed_ms = now_ms + ASK_AGAIN_MS if fate is Fate.FAILED else None
        told = Settled(message.seq, row.attempts, Outcome(fate, RESOLVED_BY_HAND), freed_ms, following_ms)
        return Messages(self._engine).settle(message.campaign, [told]) == 1
