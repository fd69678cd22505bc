"""Jobs that a provider took and may fail yet.

    sent, with a `due_at`      it carries the questions about its job; it hands them on when it is failed or gets a name
    failed, with a `due_at`    its client has not been given back everywhere yet

A message that has the job's name only may fail yet; one that has a name of its own has left.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, text

from dispatcher.domain.claims import FailedLater, Settled, TakenJob
from dispatcher.domain.followups import STEP
from dispatcher.domain.ids import MessageId
from dispatcher.domain.outcomes import Fate
from dispatcher.ledger.engine import autocommit, transaction
from dispatcher.ledger.messages import LAST_ATTEMPT, claimed
from dispatcher.ledger.texts import reference, storable
from dispatcher.ledger.times import moment

ASK_AGAIN_MS = 60_000  # a question that was lost with its job comes again after so long, as does a client's giving back
MESSAGE_FAILED = "message_failed"
"""Why a follow-up is cancelled: the message that it was to follow has failed at its provider."""

DUE = text("""
WITH ours AS (
    SELECT campaign_id, seq FROM message WHERE state IN ('sent', 'failed') AND due_at <= :now
    ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED
)
UPDATE message m SET due_at = :again FROM ours
WHERE m.campaign_id = ours.campaign_id AND m.seq = ours.seq AND m.state IN ('sent', 'failed')
RETURNING m.campaign_id, m.seq
""")

JOB = text(f"""
WITH first AS (
    SELECT m.provider_ref AS reference, m.doubt_tries AS asked, a.job_id AS job, a.sender_id AS left_from
    FROM message m {LAST_ATTEMPT}
    WHERE m.campaign_id = :campaign AND m.seq = :seq AND m.state = 'sent' AND m.provider_ref IS NOT NULL
), around AS (
    SELECT min(seq) - max(c.batch) AS low, max(seq) + max(c.batch) AS high
    FROM first, message m JOIN campaign c ON c.id = m.campaign_id
    WHERE m.provider_ref = first.reference AND m.campaign_id = :campaign
)
SELECT m.*, first.*, m.state = 'sent' AND m.provider_ref = first.reference AS open,
    false AS suppressed, false AS answered, false AS unheard
FROM first, around, message m {LAST_ATTEMPT}
WHERE m.campaign_id = :campaign AND m.seq > around.low AND m.seq < around.high AND a.job_id = first.job
ORDER BY m.seq
""")

FAILED = text(f"""
SELECT m.phone_key, a.sender_id FROM message m {LAST_ATTEMPT}
WHERE m.campaign_id = :campaign AND m.seq = :seq AND m.state = 'failed' AND m.due_at IS NOT NULL
""")

FIRST = text("SELECT FROM message WHERE campaign_id = :campaign AND seq = :first FOR UPDATE")

_THEIRS = """
    SELECT given.* FROM given JOIN message m ON m.campaign_id = :campaign AND m.seq = given.seq
    WHERE m.seq BETWEEN :low AND :high AND m.state = 'sent' AND m.attempts = given.attempt
        AND m.provider_ref = :reference
"""

FAIL = text(f"""
WITH given AS (
    SELECT * FROM unnest(
        CAST(:seqs AS int[]), CAST(:attempts AS int[]), CAST(:reasons AS text[]), CAST(:details AS text[])
    ) AS given (seq, attempt, reason, detail)
), theirs AS (
    {_THEIRS} AND m.delivered_at IS NULL AND m.answered_at IS NULL
    ORDER BY m.seq FOR UPDATE OF m
), waiting AS (
    SELECT f.seq FROM theirs t JOIN message f ON f.campaign_id = :campaign AND f.seq = t.seq + {STEP}
    WHERE f.seq BETWEEN :low + {STEP} AND :high + {STEP} AND f.state = 'pending'
    ORDER BY f.seq FOR UPDATE OF f
), ended AS (
    UPDATE message f SET
        state = 'cancelled', reason = '{MESSAGE_FAILED}', due_at = NULL, settled_at = clock_timestamp()
    FROM waiting w WHERE f.campaign_id = :campaign AND f.seq = w.seq AND f.state = 'pending'
        AND f.seq BETWEEN :low + {STEP} AND :high + {STEP}
), closed AS (
    UPDATE attempt a SET fate = 'failed', reason = t.reason, detail = t.detail FROM theirs t
    WHERE a.campaign_id = :campaign AND a.seq = t.seq AND a.attempt = t.attempt AND a.seq BETWEEN :low AND :high
)
UPDATE message m SET
    state = 'failed', reason = t.reason, detail = t.detail, sent_at = NULL, settled_at = clock_timestamp(),
    due_at = CASE WHEN m.phone_key <> '' THEN CAST(:again AS timestamptz) END
FROM theirs t WHERE m.campaign_id = :campaign AND m.seq = t.seq AND m.seq BETWEEN :low AND :high
RETURNING m.seq, m.phone_key
""")

NAME = text(f"""
WITH given AS (
    SELECT * FROM unnest(CAST(:seqs AS int[]), CAST(:attempts AS int[]), CAST(:refs AS text[]))
        AS given (seq, attempt, ref)
), theirs AS (
    {_THEIRS}
    ORDER BY m.seq FOR UPDATE OF m
)
UPDATE message m SET provider_ref = t.ref FROM theirs t
WHERE m.campaign_id = :campaign AND m.seq = t.seq AND m.seq BETWEEN :low AND :high
""")

CARRY_ON = text("""
WITH next AS (
    SELECT min(seq) AS seq FROM message
    WHERE campaign_id = :campaign AND seq = ANY(CAST(:open AS int[])) AND state = 'sent' AND provider_ref = :reference
)
UPDATE message m SET due_at = CASE WHEN m.seq = next.seq THEN CAST(:due AS timestamptz) END, doubt_tries = :tries
FROM next WHERE m.campaign_id = :campaign AND m.seq IN (:first, next.seq) AND m.state = 'sent'
""")

FREED = text("""
UPDATE message SET due_at = NULL
WHERE campaign_id = :campaign AND seq = ANY(CAST(:seqs AS int[])) AND state = 'failed'
""")

NEVER = text("""
UPDATE message SET due_at = NULL WHERE campaign_id = :campaign AND seq = :seq AND state IN ('sent', 'failed')
""")

FIRST_OF = text("""
SELECT m.campaign_id, m.seq FROM message m JOIN campaign c ON c.id = m.campaign_id
WHERE m.provider_ref = :reference AND m.state = 'sent' AND c.account_id = :account
ORDER BY m.due_at, m.campaign_id, m.seq LIMIT 1
""")


class Polls:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def due(self, now_ms: int, limit: int) -> list[MessageId]:
        """Up to `limit` messages whose job is to be asked about, or whose client to be given back; they are not due
        again for a minute."""
        when = {"now": moment(now_ms), "again": moment(now_ms + ASK_AGAIN_MS), "limit": limit}
        with autocommit(self._engine) as connection:
            return sorted(MessageId(row.campaign_id, row.seq) for row in connection.execute(DUE, when))

    def job(self, first: MessageId) -> TakenJob | None:
        """The job of that message; None when it is not sent any more, or has no name at the provider."""
        with autocommit(self._engine) as connection:
            rows = connection.execute(JOB, {"campaign": first.campaign, "seq": first.seq}).all()
        if not rows:
            return None
        one, open_rows = rows[0], frozenset(row.seq for row in rows if row.open)
        all_rows = tuple(claimed(row) for row in rows)
        return TakenJob(first, one.job, one.left_from, one.reference, all_rows, open_rows, one.asked)

    def failed(self, message: MessageId) -> FailedLater | None:
        """A message that failed after it was sent, and whose client may not have been given back everywhere."""
        with autocommit(self._engine) as connection:
            row = connection.execute(FAILED, {"campaign": message.campaign, "seq": message.seq}).first()
        return None if row is None else FailedLater(message, row.phone_key, row.sender_id)

    def freed(self, campaign: int, seqs: Sequence[int]) -> None:
        """The clients of these failed messages have been given back."""
        with autocommit(self._engine) as connection:
            connection.execute(FREED, {"campaign": campaign, "seqs": list(seqs)})

    def never(self, message: MessageId) -> None:
        """There is nothing to ask about it, or to give back."""
        with autocommit(self._engine) as connection:
            connection.execute(NEVER, {"campaign": message.campaign, "seq": message.seq})

    def named(self, account_id: int, name: str) -> MessageId | None:
        """Who carries the questions about the job of that name, or any of its messages that may fail yet."""
        asked = {"account": account_id, "reference": reference(name)}
        with autocommit(self._engine) as connection:
            row = connection.execute(FIRST_OF, asked).first()
        return None if row is None else MessageId(row.campaign_id, row.seq)

    def tell(
        self, taken: TakenJob, told: Sequence[Settled], still_open: Sequence[int], due_ms: int | None, now_ms: int
    ) -> list[FailedLater]:
        """Write down an answer: who failed (unless something was heard of them) loses the follow-up that waits, who has
        a name of its own gets it. One question is counted; about `still_open` the next is due then, or (None) never.

        Those that failed: their clients are due to be given back in a minute, should nobody say before that they are.
        """
        campaign = taken.first.campaign
        about = {"campaign": campaign, "reference": reference(taken.reference)}
        rest = {"first": taken.first.seq, "open": list(still_open), "due": moment(due_ms), "tries": taken.tries + 1}
        with transaction(self._engine) as connection:
            connection.execute(FIRST, {"campaign": campaign, "first": taken.first.seq})
            failed = _fail(connection, about, told, now_ms)
            _name(connection, about, told)
            connection.execute(CARRY_ON, about | rest)
        return [FailedLater(MessageId(campaign, row.seq), row.phone_key, taken.sender_id) for row in failed]


def _fail(connection: Connection, about: dict[str, Any], told: Sequence[Settled], now_ms: int) -> list[Any]:
    given = [one for one in told if one.outcome.fate is Fate.FAILED]
    if not given:
        return []
    words = {
        "reasons": [storable(one.outcome.reason) for one in given],
        "details": [storable(one.outcome.detail) or None for one in given],
        "again": moment(now_ms + ASK_AGAIN_MS),
    }
    return sorted(connection.execute(FAIL, about | _rows(given) | words).all())


def _name(connection: Connection, about: dict[str, Any], told: Sequence[Settled]) -> None:
    given = [one for one in told if one.outcome.fate is Fate.SENT and one.outcome.provider_ref]
    if given:
        refs = [reference(one.outcome.provider_ref or "") for one in given]
        connection.execute(NAME, about | _rows(given) | {"refs": refs})


def _rows(given: Sequence[Settled]) -> dict[str, Any]:
    seqs = [one.seq for one in given]
    return {"low": min(seqs), "high": max(seqs), "seqs": seqs, "attempts": [one.attempt for one in given]}
