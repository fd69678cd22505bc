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
