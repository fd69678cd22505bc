"""Campaigns as the upstream app of one account searches, changes and removes them.

A change is one statement: the new pace, and a row in campaign_change with what was and what is. A removed campaign
is gone for its upstream app alone; operators and the ledger keep it.
"""

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, exists, func, select, text

from dispatcher.domain.campaign import Campaign
from dispatcher.domain.changes import Change, Changed, ChunkCount, Wanted
from dispatcher.domain.followups import STEP
from dispatcher.domain.lifecycle import CampaignState
from dispatcher.ledger import tables
from dispatcher.ledger.campaigns import SHOWN, WHOLE, campaign_of
from dispatcher.ledger.engine import autocommit
from dispatcher.ledger.texts import storable
from dispatcher.ledger.times import epoch_ms, moment

_C, _CS, _N, _S = tables.campaign, tables.campaign_sender, tables.campaign_count, tables.sender

CHANGE = text("""
WITH was AS (
    SELECT id, delay_min_ms, delay_max_ms, chunk_size, chunk_gap_ms, batch, scheduled_for, priority, name,
        business_hours
    FROM campaign WHERE id = :campaign AND state IN ('running', 'paused') FOR UPDATE
), now_is AS (
    UPDATE campaign c SET
        delay_min_ms = coalesce(:delay_min_ms, c.delay_min_ms),
        delay_max_ms = coalesce(:delay_max_ms, c.delay_max_ms),
        chunk_size = coalesce(:chunk_size, c.chunk_size),
        chunk_gap_ms = coalesce(:chunk_gap_ms, c.chunk_gap_ms),
        batch = coalesce(:batch, c.batch),
        priority = coalesce(:priority, c.priority),
        name = coalesce(:name, c.name),
        business_hours = CASE WHEN :business_hours IS NULL THEN c.business_hours ELSE nullif(:business_hours, '') END,
        scheduled_for = CASE WHEN :moves_start THEN CAST(:start AS timestamptz) ELSE c.scheduled_for END,
        options = CAST(CAST(c.options AS jsonb) || CAST(:options AS jsonb) AS json),
        opened_at = NULL,
        grown_at = now()
    FROM was WHERE c.id = was.id
    RETURNING c.id, c.delay_min_ms, c.delay_max_ms, c.chunk_size, c.chunk_gap_ms, c.batch, c.scheduled_for,
        c.priority, c.name, c.business_hours
)
INSERT INTO campaign_change (campaign_id, was, now_is)
SELECT was.id, row_to_json(was), row_to_json(now_is) FROM was JOIN now_is USING (id)
""")

CHANGES = text("SELECT at, was, now_is FROM campaign_change WHERE campaign_id = :campaign ORDER BY id")

LAST_CHANGES = text("""
SELECT campaign_id, max(at) FROM campaign_change
WHERE campaign_id = ANY(CAST(:campaigns AS bigint[])) GROUP BY campaign_id
""")

REMOVE = text("UPDATE campaign SET removed_at = now() WHERE id = :campaign AND removed_at IS NULL")

CHUNKS = text(f"""
SELECT m.campaign_id, m.seq / CASE WHEN c.chunk_size > 0 THEN c.chunk_size ELSE greatest(c.total, 1) END AS chunk,
    count(*),
    count(*) FILTER (WHERE m.state NOT IN ('pending', 'sending', 'cancelled')),
    count(*) FILTER (WHERE m.state = 'sent'),
    count(*) FILTER (WHERE coalesce(m.delivered_at, m.read_at, m.answered_at) IS NOT NULL),
    count(*) FILTER (WHERE coalesce(m.read_at, m.answered_at) IS NOT NULL),
    count(m.answered_at),
    max(coalesce(m.settled_at, m.sent_at)) FILTER (WHERE m.attempts > 0)
FROM message m JOIN campaign c ON c.id = m.campaign_id
WHERE m.campaign_id = ANY(CAST(:campaigns AS bigint[])) AND m.seq < {STEP}
GROUP BY 1, 2 ORDER BY 1, 2
""")

MARKS = text("""
SELECT c.id, concat_ws(' ', c.chunk_size, c.total,
    (SELECT string_agg(concat(shard, ':', xmin), ' ' ORDER BY shard) FROM campaign_count WHERE campaign_id = c.id),
    '/',
    (SELECT string_agg(concat(shard, ':', xmin), ' ' ORDER BY shard) FROM receipt_count WHERE campaign_id = c.id)
) AS mark
FROM campaign c WHERE c.id = ANY(CAST(:campaigns AS bigint[]))
""")
"""Another as soon as a message's state or receipts are: triggers write the counters then. `xmin` is who wrote them."""

Chunks = dict[int, ChunkCount]


class UpstreamCampaigns:
    """Weak spot: `chunks` reads every message of a campaign that changed since it was last asked about it, or that it
    forgot: a second or two for a million.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._counted = Counted()

    def find(self, account_id: int, wanted: Wanted, offset: int, limit: int) -> tuple[int, list[Campaign]]:
        """How many there are, and those of the page, newest first."""
        conditions = [_C.c.account_id == account_id, _C.c.removed_at.is_(None), *_conditions(wanted)]
        with autocommit(self._engine) as connection:
            total = connection.execute(select(func.count()).select_from(_C).where(*conditions)).scalar_one()
            page = WHOLE.where(*conditions).order_by(_C.c.id.desc()).offset(offset).limit(limit)
            return total, [campaign_of(row) for row in connection.execute(page).mappings()]

    def change(self, campaign: int, change: Change, batch: int | None) -> bool:
        """Write a change down, and that the clock does not know of it; False: the campaign is over, or unknown."""
        values = {
            "campaign": campaign,
            "delay_min_ms": change.delay_min_ms,
            "delay_max_ms": change.delay_max_ms,
            "chunk_size": change.chunk_size,
            "chunk_gap_ms": change.chunk_gap_ms,
            "batch": batch,
            "priority": change.priority,
            "name": None if change.name is None else storable(change.name),
            "business_hours": None if change.business_hours is None else storable(change.business_hours),
            "moves_start": change.moves_start,
            "start": moment(change.scheduled_for_ms),
            "options": json.dumps(dict(change.options)),
        }
        with autocommit(self._engine) as connection:
            return connection.execute(CHANGE, values).rowcount > 0

    def changes(self, campaign: int) -> list[Changed]:
        """What was and what is, the oldest change first."""
        with autocommit(self._engine) as connection:
            rows = connection.execute(CHANGES, {"campaign": campaign}).all()
        return [_changed(epoch_ms(row.at), row.was, row.now_is) for row in rows]

    def last_change_ms(self, campaigns: Sequence[int]) -> dict[int, int]:
        with autocommit(self._engine) as connection:
            rows = connection.execute(LAST_CHANGES, {"campaigns": list(campaigns)}).all()
        return {campaign: epoch_ms(at) for campaign, at in rows}

    def remove(self, campaign: int) -> None:
        """Twice is as good as once."""
        with autocommit(self._engine) as connection:
            connection.execute(REMOVE, {"campaign": campaign})

    def chunks(self, campaigns: Sequence[int]) -> dict[int, Chunks]:
        """The chunks of each campaign, by their index."""
        with autocommit(self._engine) as connection:
            asked = {"campaigns": list(campaigns)}
            marks = {row.id: str(row.mark) for row in connection.execute(MARKS, asked)}
            found = self._counted.of(marks)
            missing = [campaign for campaign in marks if campaign not in found]
            if missing:  # marked before they are counted: what changes in between is counted again
                found |= self._counted.keep(marks, _count(connection, missing))
        return {campaign: found.get(campaign, {}) for campaign in campaigns}


class Counted:
    """Chunks that were counted, each campaign's as long as its mark is the same: the last ones, shared by threads."""

    MOST = 20_000
    """Chunks: some 5 MB."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, tuple[str, Chunks]] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def of(self, marks: Mapping[int, str]) -> dict[int, Chunks]:
        found: dict[int, Chunks] = {}
        with self._lock:
            for campaign, mark in marks.items():
                known, chunks = self._kept.get(campaign, ("", {}))
                if known == mark:
                    found[campaign] = chunks
                    self._kept.move_to_end(campaign)
        return found

    def keep(self, marks: Mapping[int, str], counted: dict[int, Chunks]) -> dict[int, Chunks]:
        """The same that is given."""
        with self._lock:
            for campaign, chunks in counted.items():
                self._size += len(chunks) - len(self._kept.pop(campaign, ("", {}))[1])
                self._kept[campaign] = marks[campaign], chunks
            while self._size > self.MOST:
                _, (_, oldest) = self._kept.popitem(last=False)
                self._size -= len(oldest)
        return counted


def _count(connection: Connection, campaigns: Sequence[int]) -> dict[int, Chunks]:
    found: dict[int, Chunks] = {campaign: {} for campaign in campaigns}
    for campaign, chunk, *counts in connection.execute(CHUNKS, {"campaigns": list(campaigns)}):
        *numbers, last = counts
        found[campaign][chunk] = ChunkCount._make((*numbers, epoch_ms(last)))
    return found


def _changed(at_ms: int, was: dict[str, Any], now_is: dict[str, Any]) -> Changed:
    other = [name for name, value in now_is.items() if was.get(name) != value]
    return Changed(at_ms, {name: was.get(name) for name in other}, {name: now_is[name] for name in other})


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.name:
        found.append(_C.c.name.icontains(wanted.name, autoescape=True))
    if wanted.sender:
        named = select(_CS.c.sender_id).join(_S, _S.c.id == _CS.c.sender_id)
        found.append(exists(named.where(_CS.c.campaign_id == _C.c.id, _S.c.name == wanted.sender)))
    if wanted.state is not None:
        found.append(SHOWN.get(wanted.state, _C.c.state == wanted.state.value))
    if wanted.sent is not None:
        reached = func.coalesce(_sent_or_doubtful(wanted.state), 0) > 0
        found.append(reached if wanted.sent else ~reached)
    if wanted.numbers is not None:
        found.append(_C.c.id.in_(wanted.numbers))
    for names, are_wanted in ((wanted.hours, True), (wanted.not_hours, False)):
        if names is not None:
            among = func.coalesce(_C.c.business_hours, "").in_(names)
            found.append(among if are_wanted else ~among)
    if wanted.not_numbers:
        found.append(_C.c.id.not_in(wanted.not_numbers))
    return found


def _sent_or_doubtful(state: CampaignState | None) -> Any:
    number = _N.c.sent + _N.c.in_doubt if state is CampaignState.DONE else _N.c.sent
    return select(func.sum(number)).where(_N.c.campaign_id == _C.c.id).scalar_subquery()
