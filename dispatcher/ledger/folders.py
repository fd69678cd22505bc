"""An account's campaigns as folders: listed until they are removed, read by page and by states.

Nothing is ever deleted here: what is removed is gone for its upstream app alone.
"""

from collections.abc import Sequence

from sqlalchemy import Engine, text

from dispatcher.domain.campaign import Campaign
from dispatcher.domain.folders import FolderLine, Receipts
from dispatcher.domain.followups import STEP
from dispatcher.domain.lifecycle import MessageState
from dispatcher.ledger import tables
from dispatcher.ledger.campaigns import WHOLE, campaign_of
from dispatcher.ledger.engine import autocommit
from dispatcher.ledger.lines import LINE, view_of
from dispatcher.ledger.times import moment

_C = tables.campaign

RECEIPTS = text("""
SELECT campaign_id, count(*) FILTER (WHERE coalesce(delivered_at, read_at) IS NOT NULL), count(read_at)
FROM message WHERE campaign_id = ANY(CAST(:campaigns AS bigint[])) AND state = 'sent'
GROUP BY campaign_id
""")

PART = text(f"""
{LINE} JOIN campaign c ON c.id = m.campaign_id
WHERE m.campaign_id = :campaign AND m.seq >= CASE WHEN :offset < c.total THEN :offset ELSE {STEP} END
ORDER BY m.seq OFFSET greatest(0, :offset - (SELECT total FROM campaign WHERE id = :campaign)) LIMIT :limit
""")

PART_OF_STATES = text(f"""
{LINE} WHERE m.campaign_id = :campaign AND m.state = ANY(CAST(:states AS message_state[]))
ORDER BY m.seq OFFSET :offset LIMIT :limit
""")

PART_OF_RARE_STATES = text(f"""
{LINE} WHERE m.campaign_id = :campaign AND m.state = ANY(CAST(:states AS message_state[]))
    AND m.state NOT IN ('pending', 'sent')
ORDER BY m.seq OFFSET :offset LIMIT :limit
""")

REMOVE_ENDED = text("""
UPDATE campaign SET removed_at = now()
WHERE account_id = :account AND removed_at IS NULL AND finished_at < CAST(:ended_before AS timestamptz)
RETURNING total
""")

IS_REMOVED = text("SELECT removed_at IS NOT NULL FROM campaign WHERE id = :campaign")


class Folders:
    """Weak spot: `receipts` reads every sent message of the campaigns that it is asked about."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(self, account_id: int, removed: bool, limit: int) -> list[Campaign]:
        """Newest first."""
        shown = _C.c.removed_at.is_not(None) if removed else _C.c.removed_at.is_(None)
        query = WHOLE.where(_C.c.account_id == account_id, shown).order_by(_C.c.id.desc()).limit(limit)
        with autocommit(self._engine) as connection:
            return [campaign_of(row) for row in connection.execute(query).mappings()]

    def receipts(self, campaigns: Sequence[int]) -> dict[int, Receipts]:
        """Those without any sent message are left out."""
        with autocommit(self._engine) as connection:
            rows = connection.execute(RECEIPTS, {"campaigns": list(campaigns)}).all()
        return {campaign: Receipts(delivered, read) for campaign, delivered, read in rows}

    def part(self, campaign: int, states: Sequence[MessageState], offset: int, limit: int) -> list[FolderLine]:
        """A campaign's messages by seq, all or those in one of these states."""
        asked = {"campaign": campaign, "offset": offset, "limit": limit, "states": [one.value for one in states]}
        query = PART_OF_STATES if states else PART
        if states and not {MessageState.PENDING, MessageState.SENT}.intersection(states):
            query = PART_OF_RARE_STATES
        with autocommit(self._engine) as connection:
            rows = connection.execute(query, asked).all()
        return [FolderLine(view_of(row), row.provider_ref, (row.payload or {}).get("content")) for row in rows]

    def is_removed(self, campaign: int) -> bool:
        with autocommit(self._engine) as connection:
            return bool(connection.execute(IS_REMOVED, {"campaign": campaign}).scalar())

    def remove_ended(self, account_id: int, ended_before_ms: int) -> list[int]:
        """Those that were over by then; how many messages each of them has."""
        asked = {"account": account_id, "ended_before": moment(ended_before_ms)}
        with autocommit(self._engine) as connection:
            return list(connection.execute(REMOVE_ENDED, asked).scalars())
