"""What nobody needs any more: old idempotency keys, processed events, CPC locks that ended, starts that were lost.
Cleared in slices.

No index is kept for it: keys have one by age, events are looked at from the oldest on, and locks are walked
through in the order of their key, a slice at a time, round and round.
"""

from typing import NamedTuple

from sqlalchemy import Engine, text

from dispatcher.ledger.engine import autocommit

SLICE = 1_000  # rows of each kind in a round: some milliseconds

KEYS = text("""
DELETE FROM idempotency_key WHERE (account_id, key) IN (
    SELECT account_id, key FROM idempotency_key
    WHERE created_at < now() - make_interval(days => :days) ORDER BY created_at LIMIT :slice
)
""")

EVENTS = text("""
DELETE FROM inbound_event WHERE id IN (
    SELECT id FROM (SELECT id, processed_at FROM inbound_event ORDER BY id LIMIT :slice) AS oldest
    WHERE processed_at < now() - make_interval(days => :days)
)
""")

LOCKS = text("""
WITH looked AS (
    SELECT scope, phone_key FROM contact_lock
    WHERE (scope, phone_key) > (:scope, :key) ORDER BY scope, phone_key LIMIT :slice
), gone AS (
    DELETE FROM contact_lock l USING looked
    WHERE l.scope = looked.scope AND l.phone_key = looked.phone_key
        AND least(l.until_at, l.lifted_at) < now() - make_interval(days => :days)
    RETURNING 1
)
SELECT (SELECT count(*) FROM gone) AS gone, scope, phone_key FROM looked ORDER BY scope DESC, phone_key DESC LIMIT 1
""")

STARTS = text("""
DELETE FROM lost_start WHERE (campaign_id, seq) IN (
    SELECT campaign_id, seq FROM lost_start WHERE at < now() - make_interval(days => :days) LIMIT :slice
)
""")

STREAKS = text("""
DELETE FROM lost_streak WHERE (common, id) IN (
    SELECT common, id FROM lost_streak WHERE noted_at < now() - make_interval(days => :days) LIMIT :slice
)
""")


class Cleared(NamedTuple):
    keys: int = 0
    events: int = 0
    locks: int = 0


class Leftovers:
    """`days`: how long each is kept after it was made, processed, ended. Remembers how far it got with the locks."""

    def __init__(self, engine: Engine, days: int) -> None:
        self._engine = engine
        self._bounds = {"days": days, "slice": SLICE}
        self._place = {"scope": "", "key": ""}

    def clear(self) -> Cleared:
        """One slice of each; what there was in it."""
        with autocommit(self._engine) as connection:
            keys = connection.execute(KEYS, self._bounds).rowcount
            events = connection.execute(EVENTS, self._bounds).rowcount
            row = connection.execute(LOCKS, self._bounds | self._place).first()
            connection.execute(STARTS, self._bounds)
            connection.execute(STREAKS, self._bounds)
        self._place = {"scope": row.scope, "key": row.phone_key} if row else {"scope": "", "key": ""}
        return Cleared(keys, events, row.gone if row else 0)
