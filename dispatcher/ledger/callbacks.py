"""The outbox: callbacks that wait for their endpoints, and what became of them. Triggers fill it.

    take      an endpoint that is not leased, not resting, not disabled, and has something due
    due       of each message (campaign and seq) the first event that waits: the others come after it
    settle    what was brought, and how the endpoint goes on, together; only for who holds the lease

What waits behind an event that is tried again later is due with it, so that no round looks through thousands that
cannot go yet.

A row that was delivered is kept for `KEEP_DELIVERED_S`, one that failed for `KEEP_FAILED_S`.
"""

import secrets
from collections.abc import Sequence
from threading import local

from sqlalchemy import Engine, Row, text

from dispatcher.domain.callbacks import Callback, CallbackState, CallbackView, Endpoint, Mark, Rest, Told
from dispatcher.ledger.engine import autocommit, transaction
from dispatcher.ledger.times import epoch_ms, moment

KEEP_DELIVERED_S = 86_400
KEEP_FAILED_S = 7 * 86_400
CLEAR_AT_ONCE = 5_000
COUNTED_TO = 100_000  # a metric need not count further

TAKE = text("""
UPDATE callback_endpoint SET
    lease = :lease, leased_until = now() + make_interval(secs => :lease_s), served_at = clock_timestamp()
WHERE id = (
    SELECT e.id FROM callback_endpoint e
    WHERE e.disabled_at IS NULL AND e.not_before <= now() AND (e.leased_until IS NULL OR e.leased_until < now())
        AND (:slow_too OR e.slow IS NOT TRUE)
        AND EXISTS (
            SELECT FROM callback b WHERE b.goes_to = e.id AND b.settled_at IS NULL AND b.due_at <= now())
    ORDER BY e.slow IS NULL, e.served_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
)
RETURNING id, account_id, url, failures, failing_since, slow
""")

DUE = text("""
WITH ours AS MATERIALIZED (
    SELECT id FROM callback_endpoint WHERE id = :endpoint AND lease = :lease AND leased_until > now()
), first AS MATERIALIZED (
    SELECT b.* FROM callback b
    WHERE b.goes_to = :endpoint AND b.settled_at IS NULL AND b.due_at <= now() AND EXISTS (SELECT FROM ours)
        AND b.id = (
            SELECT w.id FROM callback w
            WHERE w.campaign_id = b.campaign_id AND w.seq = b.seq AND w.settled_at IS NULL ORDER BY w.id LIMIT 1)
    ORDER BY b.due_at, b.id LIMIT :limit
)
SELECT b.*, c.name, c.total, m.phone, m.sent_at, m.delivered_at, m.read_at, m.answered_at, s.name AS sender_name
FROM first b JOIN campaign c ON c.id = b.campaign_id
LEFT JOIN message m ON m.campaign_id = b.campaign_id AND m.seq = b.seq
LEFT JOIN sender s ON s.id = m.sender_id
ORDER BY b.id
""")

SETTLE = text("""
WITH ours AS (
    UPDATE callback_endpoint SET
        failures = :failures,
        failing_since = :failing_since,
        not_before = greatest(not_before, :until),
        slow = :slow,
        leased_until = now() + make_interval(secs => :lease_s),
        disabled_reason = nullif(:disabled, ''),
        disabled_at = CASE WHEN :disabled <> '' THEN now() END
    WHERE id = :endpoint AND lease = :lease AND disabled_at IS NULL
    RETURNING id
), given AS (
    SELECT * FROM unnest(
        CAST(:ids AS bigint[]), CAST(:fates AS text[]), CAST(:dues AS timestamptz[]), CAST(:troubles AS text[])
    ) AS given (id, fate, due, trouble)
), marked AS (
    UPDATE callback b SET
        attempts = b.attempts + 1,
        tried_at = coalesce(b.tried_at, now()),
        trouble = nullif(given.trouble, ''),
        due_at = given.due,
        fate = nullif(given.fate, 'waiting'),
        settled_at = CASE WHEN given.fate <> 'waiting' THEN now() END
    FROM given WHERE b.id = given.id AND EXISTS (SELECT FROM ours)
    RETURNING b.id, b.campaign_id, b.seq, given.due, b.settled_at
), behind AS (
    UPDATE callback b SET due_at = m.due FROM marked m
    WHERE m.settled_at IS NULL AND b.campaign_id = m.campaign_id AND b.seq = m.seq AND b.id > m.id
        AND b.settled_at IS NULL
)
SELECT count(*) FROM ours
""")

GIVE_BACK = text("""
UPDATE callback_endpoint SET
    leased_until = NULL, lease = NULL, not_before = greatest(not_before, now() + make_interval(secs => :pause_s))
WHERE id = :endpoint AND lease = :lease
""")

CLEAR = text("""
DELETE FROM callback WHERE id IN (
    (SELECT id FROM callback WHERE settled_at < now() - make_interval(secs => :delivered_s) AND (
        fate = 'delivered' OR settled_at < now() - make_interval(secs => :failed_s)) LIMIT :limit)
    UNION ALL
    (SELECT b.id FROM callback_endpoint e JOIN callback b ON b.goes_to = e.id AND b.settled_at IS NULL
    WHERE e.disabled_at < now() - make_interval(secs => :failed_s)
        AND b.made_at < now() - make_interval(secs => :failed_s) LIMIT :limit)
)
""")

STATE = """
CASE WHEN b.settled_at IS NOT NULL THEN b.fate WHEN e.disabled_at IS NULL THEN 'waiting' ELSE 'failed' END
"""

PAGE = text(f"""
SELECT b.*, e.url, e.disabled_reason, a.name AS account, {STATE} AS shown FROM callback b
JOIN callback_endpoint e ON e.id = b.goes_to JOIN account a ON a.id = e.account_id
WHERE b.id > :after AND (CAST(:state AS text) IS NULL OR {STATE} = :state)
    AND (CAST(:number AS bigint) IS NULL OR b.id = :number)
ORDER BY b.id LIMIT :limit
""")

COUNTS = text("""
SELECT shown, count(*) FROM (
    (SELECT 'waiting' AS shown FROM callback_endpoint e JOIN callback b ON b.goes_to = e.id AND b.settled_at IS NULL
    WHERE e.disabled_at IS NULL LIMIT :most)
    UNION ALL
    (SELECT 'failed' FROM callback_endpoint e JOIN callback b ON b.goes_to = e.id AND b.settled_at IS NULL
    WHERE e.disabled_at IS NOT NULL LIMIT :most)
    UNION ALL
    (SELECT 'failed' FROM callback WHERE fate = 'failed' LIMIT :most)
) AS counted GROUP BY shown
""")

DISABLED = text("SELECT count(*) FROM callback_endpoint WHERE disabled_at IS NOT NULL AND url <> ''")

AGAIN = text("""
WITH meant AS (
    SELECT b.id, b.goes_to FROM callback b JOIN callback_endpoint e ON e.id = b.goes_to
    WHERE e.url <> '' AND (b.fate = 'failed' OR b.settled_at IS NULL AND e.disabled_at IS NOT NULL)
        AND (CAST(:number AS bigint) IS NULL OR b.id = :number)
        AND (CAST(:account AS int) IS NULL OR e.account_id = :account)
), enabled AS (
    UPDATE callback_endpoint SET
        disabled_at = NULL, disabled_reason = NULL, failures = 0, failing_since = NULL, not_before = now()
    WHERE id IN (SELECT goes_to FROM meant)
), again AS (
    UPDATE callback SET
        settled_at = NULL, fate = NULL, trouble = NULL, attempts = 0, tried_at = NULL, due_at = now()
    WHERE id IN (SELECT id FROM meant)
)
SELECT count(*) FROM meant
""")


class Callbacks:
    """Each courier thread holds one lease at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held = local()

    # ------------------------------------------------------------ for couriers

    def now_ms(self) -> int:
        """The ledger's clock (UTC epoch, ms): what is due is compared with no other."""
        with autocommit(self._engine) as connection:
            return epoch_ms(connection.execute(text("SELECT clock_timestamp()")).scalar_one()) or 0

    def take(self, lease_s: float, slow_too: bool = True) -> Endpoint | None:
        """Lease the endpoint with something due that waited longest for its turn; None: there is none. Those that
        nobody has called come last; without `slow_too` those that were slow the last time are left alone."""
        self._held.lease = secrets.token_hex(8)
        asked = {"lease": self._held.lease, "lease_s": lease_s, "slow_too": slow_too}
        with autocommit(self._engine) as connection:
            row = connection.execute(TAKE, asked).first()
        if row is None:
            return None
        return Endpoint(row.id, row.account_id, row.url, row.failures, epoch_ms(row.failing_since), bool(row.slow))

    def due(self, endpoint: int, limit: int) -> Sequence[Callback]:
        """The first waiting event of each message, those that are due; none when the endpoint is somebody else's."""
        asked = {"endpoint": endpoint, "lease": self._held.lease, "limit": limit}
        with autocommit(self._engine) as connection:
            return [_callback(row) for row in connection.execute(DUE, asked)]

    def settle(self, endpoint: int, marks: Sequence[Mark], rest: Rest, lease_s: float) -> bool:
        """Write down what became of some, and renew the lease; False when the endpoint is somebody else's by now."""
        given = {
            "endpoint": endpoint,
            "lease": self._held.lease,
            "lease_s": lease_s,
            "failures": rest.failures,
            "failing_since": moment(rest.failing_since_ms),
            "until": moment(rest.until_ms),
            "disabled": rest.disabled,
            "slow": rest.slow,
            "ids": [mark.id for mark in marks],
            "fates": [mark.state.value for mark in marks],
            "dues": [moment(mark.due_ms) for mark in marks],
            "troubles": [mark.trouble for mark in marks],
        }
        with autocommit(self._engine) as connection:
            return int(connection.execute(SETTLE, given).scalar_one()) > 0

    def give_back(self, endpoint: int, pause_s: float) -> None:
        """Let others have it, after a pause."""
        held = {"endpoint": endpoint, "lease": self._held.lease, "pause_s": pause_s}
        with autocommit(self._engine) as connection:
            connection.execute(GIVE_BACK, held)

    def clear(self) -> int:
        """Forget some of what is over for long enough; how many."""
        kept = {"delivered_s": KEEP_DELIVERED_S, "failed_s": KEEP_FAILED_S, "limit": CLEAR_AT_ONCE}
        with autocommit(self._engine) as connection:
            return connection.execute(CLEAR, kept).rowcount

    # ------------------------------------------------------------ for operators

    def page(self, state: CallbackState | None, after: int = 0, limit: int = 100) -> list[CallbackView]:
        """The oldest first, behind the number `after`."""
        return self._views({"state": state and state.value, "after": after, "limit": limit, "number": None})

    def one(self, number: int) -> CallbackView | None:
        found = self._views({"state": None, "after": 0, "limit": 1, "number": number})
        return found[0] if found else None

    def counts(self) -> dict[str, int]:
        """How many wait and how many failed, counted up to `COUNTED_TO`."""
        shown = {CallbackState.WAITING.value: 0, CallbackState.FAILED.value: 0}
        with autocommit(self._engine) as connection:
            rows = connection.execute(COUNTS, {"most": COUNTED_TO}).all()
        return shown | {state: min(int(number), COUNTED_TO) for state, number in rows}

    def disabled(self) -> int:
        """How many endpoints are disabled."""
        with autocommit(self._engine) as connection:
            return int(connection.execute(DISABLED).scalar_one())

    def send_again(self, number: int | None = None, account_id: int | None = None) -> int:
        """Let what failed wait again, one or an account's or all, where a URL is named; disabled ones are enabled."""
        with transaction(self._engine) as connection:
            return int(connection.execute(AGAIN, {"number": number, "account": account_id}).scalar_one())

    def _views(self, asked: dict[str, object]) -> list[CallbackView]:
        with autocommit(self._engine) as connection:
            return [_view(row) for row in connection.execute(PAGE, asked)]


def _callback(row: Row[tuple[object, ...]]) -> Callback:
    told = Told(
        row.phone,
        row.sender_name,
        epoch_ms(row.sent_at),
        epoch_ms(row.delivered_at),
        epoch_ms(row.read_at),
        epoch_ms(row.answered_at),
    )
    return Callback(
        id=row.id,
        campaign=row.campaign_id,
        name=row.name,
        seq=row.seq,
        type=row.type,
        state=row.state,
        reason=row.reason or "",
        at_ms=epoch_ms(row.at),
        total=row.total,
        attempts=row.attempts,
        tried_at_ms=epoch_ms(row.tried_at),
        message=told if row.phone is not None else None,
    )


def _view(row: Row[tuple[object, ...]]) -> CallbackView:
    state = CallbackState(row.shown)
    return CallbackView(
        id=row.id,
        campaign=row.campaign_id,
        seq=row.seq,
        type=row.type,
        account=row.account,
        url=row.url,
        state=state,
        attempts=row.attempts,
        trouble=(row.disabled_reason if state is CallbackState.FAILED else None) or row.trouble or "",
        at_ms=epoch_ms(row.at),
        due_at_ms=epoch_ms(row.due_at) if state is CallbackState.WAITING else None,
        settled_at_ms=epoch_ms(row.settled_at),
    )
