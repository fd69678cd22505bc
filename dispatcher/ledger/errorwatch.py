"""How much of a campaign fails: the counts that the trigger keeps, and where the window began that is watched."""

from sqlalchemy import Engine, text

from dispatcher.domain.errorrate import Tally
from dispatcher.ledger.engine import autocommit

TALLY = text("""
SELECT c.watch_settled, c.watch_failed, n.settled, n.failed FROM campaign c, (
    SELECT coalesce(sum(sent + failed), 0)::int AS settled, coalesce(sum(failed), 0)::int AS failed
    FROM campaign_count WHERE campaign_id = :campaign
) AS n
WHERE c.id = :campaign
""")

BEGIN = text("UPDATE campaign SET watch_settled = :settled, watch_failed = :failed WHERE id = :campaign")

PAUSE = text("""
UPDATE campaign SET state = 'paused', paused_reason = :reason, watch_settled = NULL, watch_failed = NULL
WHERE id = :campaign AND state = 'running' AND (watch_settled, watch_failed) = (:settled, :failed)
""")


class ErrorWatch:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def tally(self, campaign: int) -> tuple[Tally | None, Tally]:
        """The tally at which the open window began, and that of now. Raises LookupError."""
        with autocommit(self._engine) as connection:
            row = connection.execute(TALLY, {"campaign": campaign}).first()
        if row is None:
            raise LookupError("no such campaign")
        begin = None if row.watch_settled is None else Tally(row.watch_settled, row.watch_failed)
        return begin, Tally(row.settled, row.failed)

    def begin(self, campaign: int, at: Tally) -> None:
        """A window begins."""
        with autocommit(self._engine) as connection:
            connection.execute(BEGIN, {"campaign": campaign, **at._asdict()})

    def pause(self, campaign: int, begin: Tally, reason: str) -> bool:
        """Pause a running campaign for what happened in this window; False when that is over, for an operator has
        resumed the campaign meanwhile."""
        with autocommit(self._engine) as connection:
            found = connection.execute(PAUSE, {"campaign": campaign, "reason": reason, **begin._asdict()})
            return found.rowcount > 0
