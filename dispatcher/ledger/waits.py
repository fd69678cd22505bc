"""Messages that wait for a time of their own. Redis is told of them shortly before; until then they are here alone."""

from sqlalchemy import Engine, text

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
    SELECT seq, due_at FROM message
    WHERE campaign_id = :campaign AND state = 'pending' AND due_at <= :soon ORDER BY due_at, seq LIMIT :limit
) AS due
ORDER BY seq
""")


class Waits:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def campaigns(self, soon_ms: int) -> list[int]:
        """Running campaigns with messages that are due by then."""
        with autocommit(self._engine) as connection:
            return list(connection.execute(CAMPAIGNS, {"soon": moment(soon_ms)}).scalars())

    def due(self, campaign: int, soon_ms: int, limit: int) -> tuple[Retry, ...]:
        """Of a campaign's messages that are due by then up to `limit`, those due first before the others."""
        asked = {"campaign": campaign, "soon": moment(soon_ms), "limit": limit}
        with autocommit(self._engine) as connection:
            rows = connection.execute(DUE, asked).all()
        return tuple(merged(((row.seq, epoch_ms(row.due_at)) for row in rows), rows[0].batch if rows else 1))
