"""Messages that wait for a time of their own. Redis is told of them shortly before; until then they are here alone.

Those that wait for their client's lock are due when it ends, and at once when it is lifted or given back: `wake` is
part of the transaction that does so, and `until_lifted` looks at the lock after the message has begun to wait, so that
none is overlooked in between. Both lock the lock's row first, then the message's.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, text

from dispatcher.domain.guards import CONTACT_OPEN, EVERYBODY
from dispatcher.domain.ids import MessageId
from dispatcher.domain.tickets import Retry, merged
from dispatcher.ledger.engine import autocommit
from dispatcher.ledger.times import epoch_ms, moment

CAMPAIGNS = text("""
SELECT id FROM campaign c
WHERE finished_at IS NULL AND state = 'running' AND EXISTS (
    SELECT FROM message WHERE campaign_id = c.id AND state = 'pending' AND due_at <= :soon
)
ORDER BY id
""")

DUE = text("""
SELECT seq, due_at, (SELECT batch FROM campaign WHERE id = :campaign) AS batch FROM (
    SELECT seq, due_at FROM message WHERE campaign_id = :campaign AND state = 'pending' AND due_at <= :soon
    ORDER BY due_at, seq LIMIT :limit
) AS due
ORDER BY seq
""")

LAST = text("""
SELECT id, (SELECT max(due_at) FROM message WHERE campaign_id = id AND state = 'pending' AND due_at IS NOT NULL) AS due
FROM unnest(CAST(:campaigns AS bigint[])) AS id
""")

OF_CLIENT = text("""
SELECT m.campaign_id, m.seq, m.due_at FROM message m JOIN campaign c ON c.id = m.campaign_id
WHERE m.phone_key = :key AND m.state = 'pending' AND m.due_at <= :soon AND c.state = 'running'
ORDER BY m.due_at, m.campaign_id, m.seq
""")

WAKE = text(f"""
WITH woken AS (
    SELECT m.campaign_id, m.seq FROM message m
    JOIN campaign c ON c.id = m.campaign_id JOIN account a ON a.id = c.account_id
    WHERE m.phone_key = :key AND m.state = 'pending' AND m.due_at IS NOT NULL AND m.reason = '{CONTACT_OPEN}'
        AND CASE a.cpc_scope
            WHEN 'account' THEN concat('account:', a.id) WHEN 'tag' THEN concat('sender:', m.sender_id)
            ELSE '{EVERYBODY}' END = ANY(:scopes)
    ORDER BY m.campaign_id, m.seq FOR UPDATE OF m SKIP LOCKED
)
UPDATE message m SET due_at = least(m.due_at, :since) FROM woken
WHERE m.campaign_id = woken.campaign_id AND m.seq = woken.seq
""")

UNTIL_LIFTED = text(f"""
WITH standing AS (
    SELECT until_at FROM contact_lock
    WHERE scope = :scope AND phone_key = :key AND lifted_at IS NULL AND until_at > :now FOR SHARE
)
UPDATE message m SET due_at = standing.until_at FROM standing
WHERE m.campaign_id = :campaign AND m.seq = :seq AND m.state = 'pending' AND m.reason = '{CONTACT_OPEN}'
RETURNING m.due_at
""")


def wake(connection: Connection, key: str, scopes: Sequence[str], since: datetime) -> None:
    """Who waits for the client's lock in these scopes is due; `since` the lock was taken, a moment that is past
    whatever this server's clock says, or from when on it ends earlier than it did.

    A message that is being claimed just now is left alone: it asks for the lock itself.
    """
    connection.execute(WAKE, {"key": key, "scopes": list(scopes), "since": since})


class Waits:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def campaigns(self, soon_ms: int) -> list[int]:
        """Running campaigns with messages that are due by then."""
        with autocommit(self._engine) as connection:
            return list(connection.execute(CAMPAIGNS, {"soon": moment(soon_ms)}).scalars())

    def due(self, campaign: int, soon_ms: int, limit: int) -> tuple[Retry, ...]:
        """Of a campaign's messages that are due by `soon_ms` up to `limit`, those due first before the others."""
        asked = {"campaign": campaign, "soon": moment(soon_ms), "limit": limit}
        with autocommit(self._engine) as connection:
            rows = connection.execute(DUE, asked).all()
        return tuple(merged(((row.seq, epoch_ms(row.due_at)) for row in rows), rows[0].batch if rows else 1))

    def last_due_ms(self, campaigns: Sequence[int]) -> dict[int, int]:
        """When the last of each campaign's messages that wait for a time is due; campaigns without any are left out."""
        with autocommit(self._engine) as connection:
            rows = connection.execute(LAST, {"campaigns": list(campaigns)}).all()
        return {row.id: epoch_ms(row.due) for row in rows if row.due is not None}

    def of_client(self, key: str, soon_ms: int) -> list[tuple[int, Retry]]:
        """(campaign, retry) of the client's messages that are due by then, in campaigns that run."""
        with autocommit(self._engine) as connection:
            rows = connection.execute(OF_CLIENT, {"key": key, "soon": moment(soon_ms)}).all()
        return [(row.campaign_id, Retry(epoch_ms(row.due_at), row.seq)) for row in rows]

    def until_lifted(self, scope: str, key: str, message: MessageId, now_ms: int) -> int | None:
        """Let a message that began to wait for its client wait until the lock ends, or is lifted before.

        When that will be; None: it is not locked any more, and the message is due as it was.
        """
        asked = {"scope": scope, "key": key, "campaign": message.campaign, "seq": message.seq, "now": moment(now_ms)}
        with autocommit(self._engine) as connection:
            return epoch_ms(connection.execute(UNTIL_LIFTED, asked).scalar())
