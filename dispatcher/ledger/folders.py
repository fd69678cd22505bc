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
from dispatcher.ledger.pages import read_page
from dispatcher.ledger.times import moment

_C = tables.campaign

RECEIPTS = text("""
SELECT campaign_id, sum(delivered)::int, sum(read)::int FROM receipt_count
WHERE campaign_id = ANY(CAST(:campaigns AS bigint[])) GROUP BY campaign_id
""")

PART = text(f"""
{LINE} WHERE m.campaign_id = :campaign
    AND m.seq >= CASE WHEN :offset < (SELECT total FROM campaign WHERE id = :campaign) THEN :offset ELSE {STEP} END
ORDER BY m.seq OFFSET greatest(0, :offset - (SELECT total FROM campaign WHERE id = :campaign)) LIMIT :limit
""")

REMOVE_ENDED = text("""
UPDATE campaign SET removed_at = now()
WHERE account_id = :account AND removed_at IS NULL AND finished_at < CAST(:ended_before AS timestamptz)
RETURNING total
""")

IS_REMOVED = text("SELECT removed_at IS NOT NULL FROM campaign WHERE id = :campaign")


class Folders:
    """Weak spot: a `part` of those that failed reads those that it passes over (`pages`)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(self, account_id: int, removed: bool, limit: int) -> list[Campaign]:
        """Newest first."""
        shown = _C.c.removed_at.is_not(None) if removed else _C.c.removed_at.is_(None)
        query = WHOLE.where(_C.c.account_id == account_id, shown).order_by(_C.c.id.desc()).limit(limit)
        with autocommit(self._engine) as connection:
            return [campaign_of(row) for row in connection.execute(query).mappings()]

    def receipts(self, campaigns: Sequence[int]) -> dict[int, Receipts]:
        """Those without any are left out."""
        with autocommit(self._engine) as connection:
            rows = connection.execute(RECEIPTS, {"campaigns": list(campaigns)}).all()
        return {campaign: Receipts(delivered, read) for campaign, delivered, read in rows}

    def part(self, campaign: int, states: Sequence[MessageState], offset: int, limit: int) -> list[FolderLine]:
        """A campaign's messages by seq, all or those in one of these states."""
        with autocommit(self._engine) as connection:
            if states:
                rows = read_page(connection, campaign, states, -1, offset, limit)
            else:
                rows = connection.execute(PART, {"campaign": campaign, "offset": offset, "limit": limit}).all()
        return [FolderLine(view_of(row), row.provider_ref, (row.payload or {}).get("content")) for row in rows]

    def is_removed(self, campaign: int) -> bool:
        with autocommit(self._engine) as connection:
            return bool(connection.execute(IS_REMOVED, {"campaign": campaign}).scalar())

    def remove_ended(self, account_id: int, ended_before_ms: int) -> list[int]:
        """Those that were over by then; how many messages each of them has."""
        asked = {"account": account_id, "ended_before": moment(ended_before_ms)}
        with autocommit(self._engine) as connection:
            return list(connection.execute(REMOVE_ENDED, asked).scalars())
