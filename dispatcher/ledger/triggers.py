"""The trigger that keeps campaign_count: every change of a message's state, however it comes about.

A statement-level trigger sees all the rows that one statement changed and writes one row of counts for each
campaign. Sixteen shards, by connection, keep workers from waiting for one another; their sum is the truth.
Rows that COPY brings are not seen here: accept counts them itself, for a million rows in one number.
"""

from sqlalchemy import DDL

from dispatcher.domain.lifecycle import MessageState

SHARDS = 16

_STATES = [state.value for state in MessageState]
_COLUMNS = ", ".join(_STATES)
_NET = ",\n        ".join(f"coalesce(sum(net) FILTER (WHERE state = '{state}'), 0)" for state in _STATES)
_ADDED = ",\n        ".join(f"{state} = kept.{state} + excluded.{state}" for state in _STATES)

COUNT_FUNCTION_SQL = f"""
CREATE FUNCTION count_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO campaign_count AS kept (
        campaign_id, shard, {_COLUMNS}
    )
    SELECT campaign_id, mod(pg_backend_pid(), {SHARDS}),
        {_NET}
    FROM (
        SELECT campaign_id, state, sum(one) AS net
        FROM (
            SELECT campaign_id, state, -1 AS one FROM message_before
            UNION ALL
            SELECT campaign_id, state, 1 FROM message_after
        ) AS change
        GROUP BY campaign_id, state
        HAVING sum(one) <> 0
    ) AS moved
    GROUP BY campaign_id
    ON CONFLICT (campaign_id, shard) DO UPDATE SET
        {_ADDED};
    RETURN NULL;
END $$
"""

COUNT_TRIGGER_SQL = """
CREATE TRIGGER message_count AFTER UPDATE ON message
REFERENCING OLD TABLE AS message_before NEW TABLE AS message_after
FOR EACH STATEMENT EXECUTE FUNCTION count_messages()
"""

COUNT_TRIGGER = DDL(f"{COUNT_FUNCTION_SQL};{COUNT_TRIGGER_SQL}")  # type: ignore[no-untyped-call]

_GOT = "(coalesce({row}.delivered_at, {row}.read_at, {row}.answered_at) IS NOT NULL)::int"
_READ = "(coalesce({row}.read_at, {row}.answered_at) IS NOT NULL)::int"
_ANSWERED = "({row}.answered_at IS NOT NULL)::int"
_CHANGES = ",\n        ".join(
    f"{one.format(row='NEW')}\n            - {one.format(row='OLD')}" for one in (_GOT, _READ, _ANSWERED)
)

RECEIPT_FUNCTION_SQL = f"""
CREATE FUNCTION count_receipts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO receipt_count AS kept (campaign_id, shard, delivered, read, answered)
    VALUES (NEW.campaign_id, mod(pg_backend_pid(), {SHARDS}),
        {_CHANGES})
    ON CONFLICT (campaign_id, shard) DO UPDATE SET
        delivered = kept.delivered + excluded.delivered,
        read = kept.read + excluded.read,
        answered = kept.answered + excluded.answered;
    RETURN NULL;
END $$
"""

RECEIPT_TRIGGER_SQL = """
CREATE TRIGGER message_receipts AFTER UPDATE OF delivered_at, read_at, answered_at ON message FOR EACH ROW
WHEN (
    (OLD.delivered_at, OLD.read_at, OLD.answered_at) IS DISTINCT FROM
    (NEW.delivered_at, NEW.read_at, NEW.answered_at)
)
EXECUTE FUNCTION count_receipts()
"""

RECEIPT_TRIGGER = DDL(f"{RECEIPT_FUNCTION_SQL};{RECEIPT_TRIGGER_SQL}")  # type: ignore[no-untyped-call]
"""Statements that name none of these columns, as claims, do not know of it; outcomes name `answered_at`."""
