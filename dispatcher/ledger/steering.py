"""Steering campaigns: pause, resume, cancel, retry what failed, close.

    running <-> paused            pause, resume
    running, paused -> cancelled  at once for the campaign; its waiting messages follow in blocks
    running, paused -> done       when no message is pending or sending
    done -> running               messages failed or in doubt are to be sent again, or it grew

Failures are counted anew from a resume on: whoever resumes a campaign that paused itself has seen why.

`finished_at` says that nothing is left to do. A cancelled campaign without it has messages that were in
flight: when they come back to wait, `close` cancels them too.
"""

from sqlalchemy import Connection, Engine, text

from dispatcher.domain.followups import MOST, STEP
from dispatcher.domain.loststarts import REASON
from dispatcher.ledger.engine import autocommit, transaction

CANCEL_AT_ONCE = 10_000  # a million in one transaction would make every worker wait for it
LONG_S = 900.0  # for every message of a campaign: a million

MOVE = text("""
UPDATE campaign SET
    state = CAST(:state AS campaign_state),
    paused_reason = :reason,
    join_key = CASE WHEN :state = 'cancelled' THEN NULL ELSE join_key END,
    watch_settled = CASE WHEN :state = 'running' THEN NULL ELSE watch_settled END,
    watch_failed = CASE WHEN :state = 'running' THEN NULL ELSE watch_failed END
WHERE id = :campaign AND state::text = ANY(:from_states)
""")

CANCEL_WAITING = text("""
UPDATE message SET state = 'cancelled', reason = 'cancelled', due_at = NULL, settled_at = now()
WHERE campaign_id = :campaign AND seq >= :first AND seq < :after AND state = 'pending'
""")

RETRY_FAILED = text(f"""
WITH again AS (
    UPDATE message SET state = 'pending', due_at = now(), settled_at = NULL, reason = NULL, detail = NULL
    WHERE campaign_id = :campaign AND state = 'failed' AND (attempts > 0 OR reason = '{REASON}')
    RETURNING seq
)
SELECT count(*) FROM again
""")

REOPEN = text("""
UPDATE campaign SET
    finished_at = NULL, watch_settled = NULL, watch_failed = NULL,
    state = CASE state WHEN 'done' THEN 'running' ELSE state END
WHERE id = :campaign
""")

STATE = text("SELECT state, total FROM campaign WHERE id = :campaign")

LOCK = text("SELECT state FROM campaign WHERE id = :campaign FOR UPDATE")

OPEN_MESSAGES = text("SELECT sum(pending)::int, sum(sending)::int FROM campaign_count WHERE campaign_id = :campaign")

FINISH = text("""
UPDATE campaign SET
    finished_at = now(),
    paused_reason = NULL,
    state = CASE WHEN state = 'cancelled' THEN state ELSE 'done' END
WHERE id = :campaign AND finished_at IS NULL
""")


def pause(engine: Engine, campaign: int, reason: str | None = None) -> bool:
    """False when the campaign is over. Claims stop at once; calls in flight still end."""
    return _move(engine, campaign, "paused", ["running", "paused"], reason)


def resume(engine: Engine, campaign: int) -> bool:
    return _move(engine, campaign, "running", ["running", "paused"])


def cancel(engine: Engine, campaign: int) -> bool:
    """False when the campaign is done. Interrupted half-way it can be called again, and `close` goes on as well."""
    if not _move(engine, campaign, "cancelled", ["running", "paused", "cancelled"]):
        return False
    close(engine, campaign)
    return True


def retry_failed(engine: Engine, campaign: int) -> int:
    """Let every message that failed at a provider wait again; how many. None of a cancelled campaign."""
    with transaction(engine, LONG_S) as connection:
        if connection.execute(LOCK, {"campaign": campaign}).scalar() in (None, "cancelled"):
            return 0
        again: int = connection.execute(RETRY_FAILED, {"campaign": campaign}).scalar_one()
        if again:
            connection.execute(REOPEN, {"campaign": campaign})
        return again


def close(engine: Engine, campaign: int) -> bool:
    """Finish a campaign of which no message is pending or sending; True when it is finished now.

    The campaign is locked before its messages are counted, so that one which goes back to waiting just now
    either is counted, or finds the campaign done and reopens it.
    """
    with autocommit(engine) as connection:
        kept = connection.execute(STATE, {"campaign": campaign}).first()
        if kept is not None and kept.state == "cancelled":
            _cancel_waiting(connection, campaign, kept.total)
        if _is_open(connection, campaign):
            return False
    with transaction(engine) as connection:
        connection.execute(LOCK, {"campaign": campaign})
        if _is_open(connection, campaign):
            return False
        return connection.execute(FINISH, {"campaign": campaign}).rowcount > 0


def _move(engine: Engine, campaign: int, state: str, from_states: list[str], reason: str | None = None) -> bool:
    change = {"campaign": campaign, "state": state, "from_states": from_states, "reason": reason}
    with autocommit(engine) as connection:
        return connection.execute(MOVE, change).rowcount > 0


def _cancel_waiting(connection: Connection, campaign: int, total: int) -> None:
    """Block by block, follow-ups last, until nothing waits any more."""
    for first in (step + seq for step in range(0, STEP * (MOST + 1), STEP) for seq in range(0, total, CANCEL_AT_ONCE)):
        pending, _ = connection.execute(OPEN_MESSAGES, {"campaign": campaign}).one()
        if not pending:
            return
        block = {"campaign": campaign, "first": first, "after": first + CANCEL_AT_ONCE}
        connection.execute(CANCEL_WAITING, block)


def _is_open(connection: Connection, campaign: int) -> bool:
    """Counts of a campaign that does not exist are null: it is not open, and there is nothing to finish."""
    pending, sending = connection.execute(OPEN_MESSAGES, {"campaign": campaign}).one()
    return bool(pending or sending)
