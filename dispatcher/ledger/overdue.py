"""Messages that wait past their validity, on lanes that release nothing: a slice of each campaign in a round.

A worker that takes a message up sees that it is too late (`guards.valid_until`, of which this is the copy for sets);
of a sender that is paused nobody takes one up. A campaign is walked through in the order of seq, round and round.
"""

from sqlalchemy import Engine, text

from dispatcher.domain.guards import EXPIRED, LOCK_MS
from dispatcher.ledger.engine import autocommit
from dispatcher.ledger.times import moment

SLICE = 10_000  # messages looked at for each campaign and round

OVERDUE = text("""
SELECT id FROM campaign
WHERE finished_at IS NULL AND state = 'running' AND validity_s > 0
    AND greatest(created_at, scheduled_for) + make_interval(secs => validity_s) < :now
ORDER BY id
""")

EXPIRE = text(f"""
WITH looked AS (
    SELECT seq FROM message WHERE campaign_id = :campaign AND seq > :place ORDER BY seq LIMIT :slice
), late AS (
    SELECT m.seq FROM campaign c, message m
    WHERE c.id = :campaign AND c.state = 'running' AND m.campaign_id = :campaign AND m.state = 'pending'
        AND m.seq > :place AND m.seq <= (SELECT max(seq) FROM looked)
        AND greatest(m.accepted_at, c.scheduled_for) + make_interval(secs => c.validity_s)
            + CASE WHEN m.waited THEN make_interval(secs => {LOCK_MS // 1000}) ELSE interval '0' END < :now
    ORDER BY m.seq FOR UPDATE OF m SKIP LOCKED
), gone AS (
    UPDATE message m SET
        state = 'expired', reason = '{EXPIRED.reason}', detail = NULL, due_at = NULL, settled_at = now()
    FROM late WHERE m.campaign_id = :campaign AND m.seq = late.seq
        AND m.seq > :place AND m.seq <= (SELECT max(seq) FROM looked)
)
SELECT CASE WHEN count(*) = :slice THEN max(seq) END FROM looked
""")


class Overdue:
    """Remembers how far it got with each campaign."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._places: dict[int, int] = {}

    def expire(self, now_ms: int) -> list[int]:
        """One slice of each running campaign whose first messages may be past their validity; these campaigns."""
        with autocommit(self._engine) as connection:
            overdue = list(connection.execute(OVERDUE, {"now": moment(now_ms)}).scalars())
        self._places = {campaign: self._slice(campaign, now_ms) for campaign in overdue}
        return overdue

    def _slice(self, campaign: int, now_ms: int) -> int:
        """How far it got; -1 after the campaign's end."""
        given = {"campaign": campaign, "place": self._places.get(campaign, -1), "slice": SLICE, "now": moment(now_ms)}
        with autocommit(self._engine) as connection:
            last: int | None = connection.execute(EXPIRE, given).scalar_one()
        return -1 if last is None else last
