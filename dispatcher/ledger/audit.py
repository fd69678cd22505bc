"""What the auditor reads of campaigns and of what is being sent: each statement bounded, by rows or by its index.

A campaign's counters and its messages are counted in one statement, so that they are of one moment.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Engine, Row, text

from dispatcher.domain.audit.campaigns import Kept, Rows
from dispatcher.domain.audit.flights import Sending
from dispatcher.domain.followups import STEP
from dispatcher.domain.ids import Lane, MessageId
from dispatcher.domain.lifecycle import CampaignState, MessageState
from dispatcher.ledger.engine import autocommit, transaction
from dispatcher.ledger.messages import LAST_ATTEMPT
from dispatcher.ledger.times import epoch_ms, moment

MOST_ADRIFT = 100  # of a campaign: so many say enough
LONG_S = 120.0  # two million messages of a campaign, on a disk that is busy

LIVE = text("""
SELECT id, total FROM campaign WHERE finished_at IS NULL AND id > :after ORDER BY id LIMIT :limit
""")

FINISHED = text("""
SELECT id, total, finished_at FROM campaign
WHERE finished_at IS NOT NULL AND finished_at > :after AND finished_at < now() - interval '10 s'
ORDER BY finished_at LIMIT :limit
""")

_SUMS = ", ".join(f"coalesce(sum({state.value}), 0)::bigint AS {state.value}" for state in MessageState)
_OF_IT = f"(SELECT max(seq) + 1 FROM attempt WHERE campaign_id = c.id AND seq < {STEP})"

KEPT = text(f"""
SELECT c.id, a.provider, c.state, c.total, json_array_length(c.follow_ups) > 0 AS follows,
    coalesce({_OF_IT}, 0) AS frontier, c.opened_at IS NOT NULL AS opened, n.*,
    extract(epoch FROM now() - c.grown_at)::float AS grown_s,
    extract(epoch FROM now() - c.finished_at)::float AS finished_s,
    (SELECT min(due_at) FROM message WHERE campaign_id = c.id AND state = 'pending' AND due_at IS NOT NULL) AS due_at
FROM campaign c JOIN account a ON a.id = c.account_id
CROSS JOIN LATERAL (SELECT {_SUMS} FROM campaign_count WHERE campaign_id = c.id) AS n
WHERE c.id = ANY(:campaigns) ORDER BY c.id
""")

COUNTED = text(f"""
WITH stored AS (
    SELECT state, count(*) AS many, count(*) FILTER (WHERE seq < {STEP}) AS own,
        array_agg(seq) FILTER (WHERE state = 'pending' AND due_at IS NULL AND seq < :below) AS adrift
    FROM message WHERE campaign_id = :campaign GROUP BY state
)
SELECT c.total, n.*, s.state AS stored_state, s.many, s.own, s.adrift[1:{MOST_ADRIFT}] AS adrift
FROM campaign c CROSS JOIN LATERAL (SELECT {_SUMS} FROM campaign_count WHERE campaign_id = c.id) AS n
LEFT JOIN stored s ON true
WHERE c.id = :campaign
""")

SENDING = text(f"""
SELECT m.campaign_id, m.seq, m.attempts, a.sender_id, a.slot, a.token,
    extract(epoch FROM clock_timestamp() - m.claimed_at)::float AS age_s
FROM (
    SELECT campaign_id, seq, attempts, claimed_at FROM message WHERE state = 'sending' ORDER BY claimed_at LIMIT :limit
) AS m {LAST_ATTEMPT}
""")


class AuditedLedger:
    """`pipeline.ports.audit.AuditedLedger`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def live(self, after: int, limit: int) -> list[tuple[int, int]]:
        """(campaign, its messages) of those that are not over, behind the number `after`."""
        with autocommit(self._engine) as connection:
            return [(row.id, row.total) for row in connection.execute(LIVE, {"after": after, "limit": limit})]

    def finished(self, after_ms: int, limit: int) -> list[tuple[int, int, int]]:
        """(campaign, its messages, its end) of those that ended later than that, and not just now."""
        asked = {"after": moment(after_ms), "limit": limit}
        with autocommit(self._engine) as connection:
            rows = connection.execute(FINISHED, asked).all()
        return [(row.id, row.total, epoch_ms(row.finished_at) + 1) for row in rows]

    def kept(self, campaigns: Sequence[int]) -> list[Kept]:
        with autocommit(self._engine) as connection:
            return [_kept(row) for row in connection.execute(KEPT, {"campaigns": list(campaigns)})]

    def counted(self, campaign: int, below: int) -> Rows | None:
        """Every message of a campaign, and those that wait for no time below this seq; None: there is none."""
        with transaction(self._engine, LONG_S) as connection:
            rows = connection.execute(COUNTED, {"campaign": campaign, "below": below}).all()
        if not rows:
            return None
        stored = [row for row in rows if row.stored_state is not None]
        return Rows(
            total=rows[0].total,
            counters=_counts(rows[0]),
            rows={MessageState(row.stored_state): row.many for row in stored},
            own=sum(row.own for row in stored),
            adrift=tuple(sorted(seq for row in stored for seq in row.adrift or ())),
        )

    def sending(self, limit: int) -> list[Sending]:
        """What is being sent, the longest first."""
        with autocommit(self._engine) as connection:
            rows = connection.execute(SENDING, {"limit": limit}).all()
        return [
            Sending(
                MessageId(row.campaign_id, row.seq), row.attempts, Lane(row.sender_id, row.slot), row.token, row.age_s
            )
            for row in rows
        ]


def _kept(row: Row[Any]) -> Kept:
    return Kept(
        campaign=row.id,
        provider=row.provider,
        state=CampaignState(row.state),
        total=row.total,
        counts=_counts(row),
        follows=row.follows,
        frontier=row.frontier,
        due_ms=epoch_ms(row.due_at),
        opened=row.opened,
        grown_s=row.grown_s,
        finished_s=row.finished_s,
    )


def _counts(row: Row[Any]) -> Mapping[MessageState, int]:
    return {state: int(getattr(row, state.value)) for state in MessageState}
