"""What a reply does to follow-ups: those that wait are cancelled, and none is made for who has answered already.

    mark      the message that was answered, if it left before the reply: one that is still leaving, or in doubt,
              makes no follow-up when it is settled; one whose follow-up is leaving, no further one
    cancel    follow-ups that wait behind a marked message

Both in one transaction, so that a follow-up that is claimed in between is either cancelled, or sees the mark.
"""

from collections.abc import Sequence

from sqlalchemy import Engine, text

from dispatcher.domain.followups import STEP
from dispatcher.ledger.departures import LEFT_BEFORE
from dispatcher.ledger.engine import autocommit, transaction
from dispatcher.ledger.times import moment

MARK = text(f"""
WITH about AS (
    SELECT campaign_id, seq FROM message
    WHERE phone_key = :key AND state = 'pending' AND due_at IS NOT NULL AND seq >= {STEP}
    UNION ALL
    SELECT campaign_id, seq FROM message WHERE phone_key = :key AND state = 'sending'
    UNION ALL
    SELECT campaign_id, seq FROM message WHERE phone_key = :key AND state = 'in_doubt'
), answered AS (
    SELECT m.campaign_id, m.seq FROM about
    JOIN campaign c ON c.id = about.campaign_id AND json_array_length(c.follow_ups) > 0
    JOIN message m ON m.campaign_id = about.campaign_id AND m.seq IN (about.seq, about.seq - {STEP})
    WHERE m.answered_at IS NULL AND m.claimed_at < :at AND {LEFT_BEFORE} AND (
        CAST(:account AS int) IS NULL OR c.account_id = :account OR EXISTS (
            SELECT FROM contact_lock l WHERE l.phone_key = :key AND l.lifted_at = :at
                AND l.campaign_id = m.campaign_id AND l.seq = m.seq % {STEP}
        ))
    ORDER BY m.campaign_id, m.seq FOR UPDATE OF m
)
UPDATE message m SET answered_at = :at FROM answered
WHERE m.campaign_id = answered.campaign_id AND m.seq = answered.seq
""")

CANCEL = text(f"""
WITH waiting AS (
    SELECT f.campaign_id, f.seq FROM message f
    JOIN message m ON m.campaign_id = f.campaign_id AND m.seq = f.seq - {STEP} AND m.answered_at IS NOT NULL
    WHERE f.phone_key = :key AND f.state = 'pending' AND f.due_at IS NOT NULL AND f.seq >= {STEP}
    ORDER BY f.campaign_id, f.seq FOR UPDATE OF f
)
UPDATE message f SET state = 'cancelled', reason = 'answered', due_at = NULL, settled_at = now()
FROM waiting WHERE f.campaign_id = waiting.campaign_id AND f.seq = waiting.seq AND f.state = 'pending'
RETURNING f.campaign_id
""")

SUPPRESS = text(f"""
WITH waiting AS (
    SELECT campaign_id, seq FROM message
    WHERE phone_key = :key AND state = 'pending' AND due_at IS NOT NULL AND seq >= {STEP}
    ORDER BY campaign_id, seq FOR UPDATE
)
UPDATE message f SET state = 'suppressed', reason = 'suppressed', due_at = NULL, settled_at = now()
FROM waiting WHERE f.campaign_id = waiting.campaign_id AND f.seq = waiting.seq AND f.state = 'pending'
RETURNING f.campaign_id
""")


class FollowUps:
    """Weak spot: for a reply it looks through what is being sent at this moment, for that is found by no number."""

    def __init__(self, engine: Engine, paced: Sequence[str] = ()) -> None:
        self._engine = engine
        self._paced = list(paced)

    def answered(self, key: str, at_ms: int, account_id: int | None) -> list[int]:
        """End the follow-ups to a client who answered at `at_ms` (UTC epoch): in campaigns of this account (None: of
        all), and where the reply lifted the lock of the campaign's own message. The campaigns that lost one.
        """
        said = {"key": key, "at": moment(at_ms), "account": account_id, "paced": self._paced}
        with transaction(self._engine) as connection:
            connection.execute(MARK, said)
            return sorted(set(connection.execute(CANCEL, {"key": key}).scalars()))

    def suppress(self, key: str) -> list[int]:
        """End the follow-ups to a client who wants none. The campaigns that lost one."""
        with autocommit(self._engine) as connection:
            return sorted(set(connection.execute(SUPPRESS, {"key": key}).scalars()))
