"""A campaign as the lane clock should know it, read from what became of its messages.

    seq   0 ............ frontier ............ total
          claimed once   |     never claimed
          or a hole      |     the cursor runs from the first that is pending

The frontier lies behind the last message that ever was claimed. A pending message before it without a due time is
a hole: it was released, but its job never claimed it. Holes and the first of the waiting retries are given as
retries, at most a batch in each, because the clock hands a retry out whole. Follow-ups lie far behind `total` and
always have a due time.
"""

from typing import Any

from sqlalchemy import Connection, RowMapping, text

from dispatcher.domain.followups import STEP
from dispatcher.domain.hours import Hours
from dispatcher.domain.hours_written import read_hours
from dispatcher.domain.ids import Lane
from dispatcher.domain.lifecycle import CampaignState
from dispatcher.domain.pacing import Pacing
from dispatcher.domain.retries import SLICE
from dispatcher.domain.tickets import Plan, Retry, merged
from dispatcher.ledger.times import epoch_ms

REMEMBER_EVERY = 1000  # messages the scan for holes must get ahead to be worth a write

CAMPAIGN = text(f"""
SELECT c.*, (SELECT max(seq) + 1 FROM attempt WHERE campaign_id = c.id AND seq < {STEP}) AS frontier,
    a.hours AS account_hours, a.business_hours AS named_hours
FROM campaign c JOIN account a ON a.id = c.account_id WHERE c.id = :campaign
""")

CURSOR = text(f"""
SELECT seq FROM message
WHERE campaign_id = :campaign AND seq >= :frontier AND seq < {STEP} AND state = 'pending' AND due_at IS NULL
ORDER BY seq LIMIT 1
""")

WAITING = text("""
SELECT * FROM (
    SELECT seq, due_at FROM message
    WHERE campaign_id = :campaign AND state = 'pending' AND due_at IS NOT NULL ORDER BY due_at, seq LIMIT :limit
) AS first
UNION ALL
SELECT seq, due_at FROM message
WHERE campaign_id = :campaign AND seq >= :untouched AND seq < :frontier AND state = 'pending' AND due_at IS NULL
ORDER BY seq
""")

LANES = text("""
SELECT s.id, slot FROM account a JOIN sender s ON s.account_id = a.id, generate_series(0, s.concurrency - 1) AS slot
WHERE a.id = :account AND a.removed_at IS NULL AND s.removed_at IS NULL AND (
    EXISTS (SELECT FROM campaign_sender WHERE campaign_id = :campaign AND sender_id = s.id)
    OR NOT EXISTS (SELECT FROM campaign_sender WHERE campaign_id = :campaign))
ORDER BY slot, s.id
""")

LAST_END = text("""
SELECT max(ended_at) FROM attempt WHERE campaign_id = :campaign AND seq >= :first AND seq < :next
""")

REMEMBER = text("UPDATE campaign SET untouched_from = :to WHERE id = :campaign AND untouched_from < :to")


def plan_of(connection: Connection, campaign: int) -> tuple[Plan, tuple[Retry, ...]]:
    """The plan, and everything that waits for its time. Raises LookupError for an unknown campaign."""
    row = connection.execute(CAMPAIGN, {"campaign": campaign}).mappings().first()
    if row is None:
        raise LookupError("no such campaign")
    frontier = row["frontier"] or 0
    cursor = connection.execute(CURSOR, {"campaign": campaign, "frontier": frontier}).scalar()
    lanes = connection.execute(LANES, {"campaign": campaign, "account": row["account_id"]})
    pacing = pacing_of(row)
    begin = row["total"] if cursor is None else cursor
    plan = Plan(
        campaign=campaign,
        next=begin,
        end=row["total"],
        pacing=pacing,
        lanes=tuple(Lane(*lane) for lane in lanes),
        not_before_ms=max(epoch_ms(row["scheduled_for"]) or 0, _gate_ms(connection, campaign, pacing, begin)),
        held=row["state"] == CampaignState.PAUSED.value,
        over=row["state"] in (CampaignState.CANCELLED.value, CampaignState.DONE.value),
        priority=row["priority"],
        hours=_hours(row),
        account=row["account_id"],
    )
    return plan, _waiting(connection, row, frontier, pacing.batch)


def pacing_of(row: RowMapping) -> Pacing:
    return Pacing(row["delay_min_ms"], row["delay_max_ms"], row["chunk_size"], row["chunk_gap_ms"], row["batch"])


def _hours(row: RowMapping) -> Hours | None:
    """As `Account.hours_for`, of the account as it is at this moment."""
    named: dict[str, Any] = row["named_hours"]
    written = named.get(row["business_hours"] or "", row["account_hours"]) if named else None
    return read_hours(written) if written else None


def _waiting(connection: Connection, row: RowMapping, frontier: int, batch: int) -> tuple[Retry, ...]:
    """The first retries, all holes, and a note of how far there are none any more, so that nobody looks there again."""
    campaign, untouched = row["id"], row["untouched_from"]
    asked = {"campaign": campaign, "untouched": untouched, "frontier": frontier, "limit": SLICE}
    found = connection.execute(WAITING, asked).all()
    holes = [one.seq for one in found if one.due_at is None]
    whole_to = min(holes, default=frontier)
    if whole_to - untouched >= REMEMBER_EVERY:
        connection.execute(REMEMBER, {"campaign": campaign, "to": whole_to})
    return tuple(merged(((one.seq, epoch_ms(one.due_at) or 0) for one in found), batch))


def _gate_ms(connection: Connection, campaign: int, pacing: Pacing, begin: int) -> int:
    """When the next chunk may start (UTC epoch, ms), if the cursor stands between two; 0: at once."""
    size = pacing.chunk_size
    if not size or not begin or begin % size:
        return 0
    chunk = {"campaign": campaign, "first": begin - size, "next": begin}
    ended = epoch_ms(connection.execute(LAST_END, chunk).scalar())
    return 0 if ended is None else ended + pacing.chunk_gap_ms
