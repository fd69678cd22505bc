"""CPC locks, the durable copy: what Redis is rebuilt from, and the second barrier behind it.

A row is a client's latest open contact in a scope. It stands until its time is over or a reply lifted it; a lock
that was given back leaves no row. Lifted rows stay until they are taken anew, so that a reply that is
processed twice names the same scopes both times: Redis may not have heard of it the first time.

A follow-up holds the client for the message it follows, anew: until it is known to have left, its row remembers the
hold that was there before (`before_…`), which comes back when it certainly did not.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine, Row, text

from dispatcher.domain.contactlock import FREE, ContactLock, Stands, Wish
from dispatcher.domain.followups import holder_of
from dispatcher.domain.guards import LOCK_MS
from dispatcher.domain.ids import MessageId
from dispatcher.domain.outcomes import RESOLVED_BY_HAND, SENT_AGAIN_IN_DOUBT
from dispatcher.ledger.engine import LedgerFault, autocommit, transaction
from dispatcher.ledger.times import epoch_ms, moment
from dispatcher.ledger.waits import wake
from dispatcher.together import Together

_OURS = "(old.campaign_id, old.seq) = (excluded.campaign_id, excluded.seq)"


def _before(column: str) -> str:
    """The hold that a follow-up's try goes on from, to come back if it does not send; the same for each try."""
    return f"""CASE WHEN excluded.tried_seq > excluded.seq AND {_OURS} AND old.lifted_at IS NULL
                AND old.until_at > :now THEN
            CASE WHEN old.tried_seq = excluded.tried_seq THEN old.before_{column} ELSE old.{column} END END"""


TAKE = text(f"""
WITH given AS (
    SELECT * FROM unnest(
        CAST(:keys AS text[]), CAST(:campaigns AS bigint[]), CAST(:seqs AS int[]), CAST(:taken AS timestamptz[]),
        CAST(:until AS timestamptz[]), CAST(:tried AS int[])
    ) AS given (key, campaign, seq, taken, until, tried)
), taken AS (
    INSERT INTO contact_lock AS old (scope, phone_key, campaign_id, seq, taken_at, until_at, tried_seq)
    SELECT :scope, key, campaign, seq, taken, until, tried FROM given
    ON CONFLICT (scope, phone_key) DO UPDATE SET
        campaign_id = excluded.campaign_id, seq = excluded.seq, taken_at = excluded.taken_at, lifted_at = NULL,
        until_at = CASE WHEN old.lifted_at IS NULL THEN greatest(excluded.until_at, old.until_at)
            ELSE excluded.until_at END,
        tried_seq = excluded.tried_seq,
        before_taken_at = {_before("taken_at")},
        before_until_at = {_before("until_at")}
    WHERE old.until_at <= :now OR old.lifted_at IS NOT NULL OR {_OURS}
    RETURNING phone_key
)
SELECT key, key IN (SELECT phone_key FROM taken) AS taken,
    (SELECT until_at FROM contact_lock WHERE scope = :scope AND phone_key = key) AS until_at
FROM given
""")

_MAY_HAVE_ARRIVED = f"""
    SELECT FROM message WHERE campaign_id = :campaign AND seq = :tried AND state IN ('sending', 'sent', 'in_doubt')
    UNION ALL
    SELECT FROM attempt a
    WHERE campaign_id = :campaign AND seq = :tried AND fate = 'retry' AND reason IN {SENT_AGAIN_IN_DOUBT}
        AND started_at > now() - interval '{LOCK_MS} ms' AND NOT EXISTS (
            SELECT FROM attempt WHERE campaign_id = a.campaign_id AND seq = a.seq AND attempt > a.attempt
                AND fate = 'failed' AND reason = '{RESOLVED_BY_HAND}')
"""
"""A message that reached its client, as far as is known, or by an attempt that was in doubt when it was sent again;
an operator's later word that it failed is about them all."""

GIVE_BACK = text(f"""
WITH kept AS ({_MAY_HAVE_ARRIVED}), ours AS (
    SELECT * FROM contact_lock
    WHERE scope = :scope AND phone_key = :key AND campaign_id = :campaign AND seq = :seq
        AND NOT EXISTS (SELECT FROM kept)
    FOR UPDATE
), gone AS (
    DELETE FROM contact_lock l USING ours
    WHERE l.scope = :scope AND l.phone_key = :key AND coalesce(ours.tried_seq, ours.seq) = :tried
        AND (ours.before_until_at IS NULL OR ours.lifted_at IS NOT NULL)
    RETURNING l.taken_at
), restored AS (
    UPDATE contact_lock l SET taken_at = ours.before_taken_at, until_at = ours.before_until_at,
        tried_seq = NULL, before_taken_at = NULL, before_until_at = NULL
    FROM ours
    WHERE l.scope = :scope AND l.phone_key = :key AND ours.tried_seq = :tried
        AND ours.before_until_at IS NOT NULL AND ours.lifted_at IS NULL
    RETURNING l.taken_at, l.until_at
), untouched AS (
    SELECT taken_at, until_at FROM ours WHERE coalesce(tried_seq, seq) <> :tried AND lifted_at IS NULL
)
SELECT NOT EXISTS (SELECT FROM kept) AS given, coalesce(gone.taken_at, restored.until_at) AS wakes_at,
    coalesce(restored.taken_at, untouched.taken_at) AS taken_at,
    coalesce(restored.until_at, untouched.until_at) AS until_at
FROM (VALUES (1)) AS always LEFT JOIN gone ON true LEFT JOIN restored ON true LEFT JOIN untouched ON true
""")

EXTEND = text(f"""
INSERT INTO contact_lock AS old (scope, phone_key, campaign_id, seq, taken_at, until_at)
VALUES (:scope, :key, :campaign, :seq, :now, :until)
ON CONFLICT (scope, phone_key) DO UPDATE SET
    campaign_id = excluded.campaign_id, seq = excluded.seq, taken_at = excluded.taken_at, lifted_at = NULL,
    until_at = CASE
        WHEN old.lifted_at IS NOT NULL THEN excluded.until_at
        WHEN {_OURS}
            AND (:tried = :seq OR old.tried_seq = :tried) AND NOT EXISTS ({_MAY_HAVE_ARRIVED})
            THEN greatest(excluded.until_at, CASE WHEN :tried > :seq THEN old.before_until_at END)
        ELSE greatest(excluded.until_at, old.until_at) END,
    tried_seq = NULL, before_taken_at = NULL, before_until_at = NULL
RETURNING until_at
""")

LIFT = text("""
UPDATE contact_lock SET lifted_at = coalesce(lifted_at, :at)
WHERE phone_key = :key AND taken_at < :at AND (CAST(:scopes AS text[]) IS NULL OR scope = ANY(:scopes))
RETURNING scope, taken_at
""")

FORGET_BEFORE = text("""
UPDATE contact_lock SET before_taken_at = NULL, before_until_at = NULL
WHERE phone_key = :key AND before_taken_at < :at AND (CAST(:scopes AS text[]) IS NULL OR scope = ANY(:scopes))
""")

STANDING = text("""
SELECT * FROM contact_lock WHERE phone_key = :key AND until_at > :now AND lifted_at IS NULL ORDER BY taken_at
""")

AMONG = text("""
SELECT phone_key, until_at FROM contact_lock
WHERE scope = :scope AND phone_key = ANY(:keys) AND until_at > :now AND lifted_at IS NULL
""")

STANDING_AMONG = text("""
SELECT * FROM contact_lock
WHERE scope = ANY(:scopes) AND phone_key = ANY(:keys) AND until_at > :now AND lifted_at IS NULL
""")

MOST_AT_ONCE = 64
STATEMENTS = 2  # under way at a time: of different scopes
NEAR_MS = 1_000  # wishes so near to each other go by the time of the first of them
TRIES = 5  # each means that somebody else moved this very lock between two looks at it


class Asked(NamedTuple):
    wish: Wish
    now_ms: int


class LockBook:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._takes = Together(self._take_all, _near, MOST_AT_ONCE, STATEMENTS, apart=(LedgerFault,))

    def take(self, scope: str, key: str, message: MessageId, now_ms: int, until_ms: int, leaves_in_ms: int = 0) -> int:
        """0 when the message's holder has it, also when it had it before; else the ms it still is another's.

        A reply lifts it that came after the message has left, `leaves_in_ms` from now.
        """
        return self._taken(Asked(Wish(scope, key, message, until_ms, leaves_in_ms), now_ms), TRIES)

    def take_all(self, wishes: Sequence[Wish], now_ms: int) -> list[int]:
        """The same for several messages, those of a scope in one statement; raises what the first failed with."""
        asked = [Asked(wish, now_ms) for wish in wishes]
        left = [answer() for answer in self._takes.all(asked)]
        return [self._taken(one, TRIES - 1) if ms is None else ms for one, ms in zip(asked, left, strict=True)]

    def _taken(self, asked: Asked, tries: int) -> int:
        for _ in range(tries):
            left_ms = self._takes(asked)
            if left_ms is not None:
                return left_ms
        return 1

    def _take_all(self, asked: Sequence[Asked]) -> list[int | None]:
        """Of one scope; of several for one client each has a statement of its own. None: it is to be tried again."""
        left, waiting = dict[int, int | None](), dict(enumerate(asked))
        with autocommit(self._engine) as connection:
            while waiting:
                first = {waiting[place].wish.key: place for place in reversed(waiting)}
                together = [waiting.pop(first[key]) for key in sorted(first)]
                rows = {row.key: row for row in connection.execute(TAKE, _take_values(together))}
                left |= {first[one.wish.key]: _left_ms(rows[one.wish.key], one.now_ms) for one in together}
        return [left[place] for place in range(len(asked))]

    def give_back(self, scope: str, key: str, message: MessageId) -> Stands | None:
        """Free the client of a try of this message; a follow-up's leaves the hold as it was before it.

        What stands of the holder's now. None: another attempt of the same message may have reached the client.
        """
        with transaction(self._engine) as connection:
            row = connection.execute(GIVE_BACK, _named(scope, key, message)).one()
            if row.wakes_at is not None:
                wake(connection, key, [scope], row.wakes_at)
            stands = Stands(epoch_ms(row.taken_at), epoch_ms(row.until_at)) if row.until_at else FREE
            return stands if row.given else None

    def extend(self, scope: str, key: str, message: MessageId, now_ms: int, until_ms: int) -> int:
        """Hold the client until then, whoever held it; longer, if another did or the message was sent. The end."""
        times = {"now": moment(now_ms), "until": moment(until_ms)}
        with autocommit(self._engine) as connection:
            until: datetime = connection.execute(EXTEND, _named(scope, key, message) | times).scalar_one()
        return epoch_ms(until)

    def lift(self, key: str, at_ms: int, scopes: Sequence[str] | None = None) -> list[str]:
        """End the client's locks in these scopes (None: in all) that were taken before a reply of `at_ms`.

        Gives their scopes, each time the same. Messages that waited for them are due.
        """
        said = {"key": key, "at": moment(at_ms), "scopes": None if scopes is None else list(scopes)}
        with transaction(self._engine) as connection:
            lifted = connection.execute(LIFT, said).all()
            connection.execute(FORGET_BEFORE, said)
            scopes_lifted = sorted(row.scope for row in lifted)
            if lifted:
                wake(connection, key, scopes_lifted, min(row.taken_at for row in lifted))
            return scopes_lifted

    def among(self, scope: str, keys: Sequence[str], now_ms: int) -> dict[str, int]:
        """Of these clients, those with an open contact in the scope, and the ms it lasts."""
        asked = {"scope": scope, "keys": list(keys), "now": moment(now_ms)}
        with autocommit(self._engine) as connection:
            rows = connection.execute(AMONG, asked).all()
        return {row.phone_key: epoch_ms(row.until_at) - now_ms for row in rows}

    def standing(self, scopes: Sequence[str], keys: Sequence[str], now_ms: int) -> list[ContactLock]:
        """The open contacts of these clients in these scopes."""
        asked = {"scopes": list(scopes), "keys": list(keys), "now": moment(now_ms)}
        with autocommit(self._engine) as connection:
            return list(map(lock_of, connection.execute(STANDING_AMONG, asked)))

    def of(self, key: str, now_ms: int) -> list[ContactLock]:
        """The client's open contacts, the oldest first."""
        with autocommit(self._engine) as connection:
            return list(map(lock_of, connection.execute(STANDING, {"key": key, "now": moment(now_ms)})))


def lock_of(row: Row[Any]) -> ContactLock:
    holder = MessageId(row.campaign_id, row.seq)
    return ContactLock(row.scope, row.phone_key, holder, epoch_ms(row.taken_at), epoch_ms(row.until_at))


def _near(asked: Asked) -> tuple[str, int]:
    return asked.wish.scope, asked.now_ms // NEAR_MS


def _take_values(asked: Sequence[Asked]) -> dict[str, object]:
    """TAKE's, for wishes of one scope, no two for the same client."""
    wishes = [one.wish for one in asked]
    holders = [holder_of(wish.message) for wish in wishes]
    return {
        "scope": wishes[0].scope,
        "now": moment(min(one.now_ms for one in asked)),
        "keys": [wish.key for wish in wishes],
        "campaigns": [holder.campaign for holder in holders],
        "seqs": [holder.seq for holder in holders],
        "tried": [wish.message.seq for wish in wishes],
        "taken": [moment(one.now_ms + one.wish.leaves_in_ms) for one in asked],
        "until": [moment(wish.until_ms) for wish in wishes],
    }


def _left_ms(row: Row[Any], now_ms: int) -> int | None:
    if row.taken:
        return 0
    left_ms = 0 if row.until_at is None else epoch_ms(row.until_at) - now_ms
    return left_ms if left_ms > 0 else None


def _named(scope: str, key: str, message: MessageId) -> dict[str, object]:
    holder = holder_of(message)
    return {"scope": scope, "key": key, "campaign": holder.campaign, "seq": holder.seq, "tried": message.seq}
