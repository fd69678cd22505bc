"""What the auditor reads of CPC locks and of what stands still."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine, Row, text

from dispatcher.domain.audit.locks import Held, InLedger, Owner, Standing
from dispatcher.domain.audit.standstill import (
    CALLBACKS_WITHIN_S,
    EVENTS_WITHIN_S,
    LOOK_UPS_WITHIN_S,
    Backlog,
    Standstill,
    Waiting,
)
from dispatcher.domain.ids import MessageId
from dispatcher.domain.lifecycle import MessageState
from dispatcher.domain.outcomes import SENT_AGAIN_IN_DOUBT
from dispatcher.ledger.engine import autocommit
from dispatcher.ledger.times import epoch_ms, moment

COUNTED_TO = 10_000

LOOKED = text("""
SELECT scope, phone_key, campaign_id, seq, lifted_at IS NULL AND until_at > :now AS stands FROM contact_lock
WHERE (scope, phone_key) > (:scope, :key) ORDER BY scope, phone_key LIMIT :limit
""")

OF_HOLDERS = text(f"""
SELECT asked.scope, asked.campaign_id, asked.seq, m.phone_key, m.state,
    extract(epoch FROM clock_timestamp() - coalesce(m.settled_at, m.accepted_at))::float AS settled_s,
    m.state = 'failed' AND EXISTS (
        SELECT FROM attempt WHERE campaign_id = m.campaign_id AND seq = m.seq AND reason IN {SENT_AGAIN_IN_DOUBT}
    ) AS reached,
    c.delay_max_ms::bigint * greatest(c.batch, 1) AS busy_ms,
    l.campaign_id AS held_campaign, l.seq AS held_seq, l.taken_at, l.until_at
FROM unnest(
    CAST(:scopes AS text[]), CAST(:campaigns AS bigint[]), CAST(:seqs AS int[])
) AS asked (scope, campaign_id, seq)
LEFT JOIN message m ON m.campaign_id = asked.campaign_id AND m.seq = asked.seq
LEFT JOIN campaign c ON c.id = m.campaign_id
LEFT JOIN contact_lock l ON l.scope = asked.scope AND l.phone_key = m.phone_key AND l.lifted_at IS NULL
""")


def _overdue(select: str) -> str:
    return (
        f"SELECT count(*) AS many, coalesce(max(age_s), 0)::float AS oldest_s FROM ({select} LIMIT {COUNTED_TO}) AS x"
    )


LOOK_UPS = text(
    _overdue("""
    SELECT extract(epoch FROM CAST(:now AS timestamptz) - due_at) AS age_s FROM message
    WHERE state = 'in_doubt' AND due_at IS NOT NULL AND due_at < CAST(:now AS timestamptz) - make_interval(secs => :s)
    UNION ALL
    SELECT extract(epoch FROM CAST(:now AS timestamptz) - due_at) FROM message
    WHERE state IN ('sent', 'failed') AND due_at IS NOT NULL
        AND due_at < CAST(:now AS timestamptz) - make_interval(secs => :s)
    """)
)

EVENTS = text(f"""
SELECT first.id, extract(epoch FROM now() - first.waits_since)::float AS age_s
FROM (SELECT 0 AS id UNION ALL SELECT id FROM account) AS account CROSS JOIN LATERAL (
    SELECT id, received_at, greatest(received_at, due_at) AS waits_since FROM inbound_event
    WHERE account_id = account.id AND processed_at IS NULL
        AND received_at < now() - make_interval(secs => :s)
        AND (due_at IS NULL OR due_at < now() - make_interval(secs => :s))
    ORDER BY received_at, id LIMIT 1
) AS first
ORDER BY first.received_at LIMIT {COUNTED_TO}
""")
"""However often it was queued meanwhile: that is its lease, and not when it is due."""

CALLBACKS = text(
    _overdue("""
    SELECT extract(epoch FROM now() - greatest(e.not_before, first.due_at)) AS age_s FROM callback_endpoint e
    CROSS JOIN LATERAL (
        SELECT due_at FROM callback WHERE goes_to = e.id AND settled_at IS NULL ORDER BY due_at LIMIT 1
    ) AS first
    WHERE e.disabled_at IS NULL
        AND greatest(e.not_before, e.served_at, first.due_at) < now() - make_interval(secs => :s)
        AND (e.leased_until IS NULL OR e.leased_until < now())
    """)
)


class AuditedLocks:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def standing(self, place: tuple[str, str], limit: int, now_ms: int) -> tuple[list[Standing], tuple[str, str]]:
        """The locks that stand among so many behind a (scope, client), and how far that is; ("", ""): from the first
        again."""
        asked = {"scope": place[0], "key": place[1], "limit": limit, "now": moment(now_ms)}
        with autocommit(self._engine) as connection:
            rows = connection.execute(LOOKED, asked).all()
        found = [Standing(row.scope, row.phone_key, MessageId(row.campaign_id, row.seq)) for row in rows if row.stands]
        return found, (rows[-1].scope, rows[-1].phone_key) if len(rows) == limit else ("", "")

    def of_holders(self, held: Sequence[tuple[str, MessageId]]) -> list[InLedger]:
        """What the ledger says of locks that are said to be these messages', in these scopes."""
        if not held:
            return []
        asked = {
            "scopes": [scope for scope, _ in held],
            "campaigns": [message.campaign for _, message in held],
            "seqs": [message.seq for _, message in held],
        }
        with autocommit(self._engine) as connection:
            return list(map(_lock, connection.execute(OF_HOLDERS, asked)))

    def standstill(self, now_ms: int) -> Standstill:
        """What should have been taken up minutes ago."""
        with autocommit(self._engine) as connection:
            look_ups = connection.execute(LOOK_UPS, {"s": LOOK_UPS_WITHIN_S, "now": moment(now_ms)}).one()
            events = connection.execute(EVENTS, {"s": EVENTS_WITHIN_S}).all()
            callbacks = connection.execute(CALLBACKS, {"s": CALLBACKS_WITHIN_S}).one()
        return Standstill(
            Backlog(look_ups.many, look_ups.oldest_s),
            [Waiting(row.id, row.age_s) for row in events],
            Backlog(callbacks.many, callbacks.oldest_s),
        )


def _lock(row: Row[Any]) -> InLedger:
    held = None
    if row.until_at is not None:
        holder = MessageId(row.held_campaign, row.held_seq)
        held = Held(holder, epoch_ms(row.taken_at), epoch_ms(row.until_at))
    owner = None if row.state is None else Owner(MessageState(row.state), row.settled_s, row.reached)
    return InLedger(row.scope, MessageId(row.campaign_id, row.seq), row.phone_key, held, owner, row.busy_ms or 0)
