"""Campaigns: taken in, read, planned, steered. Remembers nothing between calls."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Engine, Integer, RowMapping, func, select, text

from dispatcher.domain.account import Account, OnLocked
from dispatcher.domain.campaign import Accepted, Campaign, Draft, Refuse, Route
from dispatcher.domain.lifecycle import CampaignState, MessageState
from dispatcher.domain.tickets import Plan, Retry
from dispatcher.ledger import accept, plans, steering, tables
from dispatcher.ledger.engine import autocommit
from dispatcher.ledger.texts import storable

_C, _CS, _N = tables.campaign, tables.campaign_sender, tables.campaign_count
S = CampaignState

OPENED = text("UPDATE campaign SET opened_at = now() WHERE id = :campaign AND opened_at IS NULL")

ROUTES = text("""
SELECT c.id, a.provider FROM campaign c JOIN account a ON a.id = c.account_id WHERE c.id = ANY(:campaigns)
""")

UNOPENED = text("""
SELECT id FROM campaign
WHERE finished_at IS NULL AND state IN ('running', 'paused') AND opened_at IS NULL
    AND grown_at <= now() - make_interval(secs => :older_than_s)
ORDER BY id
""")

FIRST_SENDS = text("""
SELECT id, (SELECT started_at FROM attempt WHERE campaign_id = id ORDER BY seq, attempt LIMIT 1)
FROM unnest(CAST(:campaigns AS bigint[])) AS id
""")

_SENDERS = select(_CS.c.sender_id).where(_CS.c.campaign_id == _C.c.id).order_by(_CS.c.sender_id).scalar_subquery()
_OPEN_MESSAGES = (
    select(func.coalesce(func.sum(_N.c.pending + _N.c.sending), 0))
    .where(_N.c.campaign_id == _C.c.id)
    .correlate(_C)
    .scalar_subquery()
)
NOTHING_LEFT = _OPEN_MESSAGES == 0
WHOLE = select(_C, func.array(_SENDERS, type_=ARRAY(Integer)).label("sender_ids"))
SHOWN: dict[CampaignState, ColumnElement[bool]] = {
    S.SCHEDULED: (_C.c.state == S.RUNNING.value) & (_C.c.scheduled_for > func.now()),
    S.RUNNING: (_C.c.state == S.RUNNING.value) & func.coalesce(_C.c.scheduled_for <= func.now(), True),
}


class Campaigns:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # ------------------------------------------------------------ taking in

    def accept(
        self, account: Account, draft: Draft, idempotency: tuple[str, str] | None = None, refuse: Refuse | None = None
    ) -> Accepted:
        """Store a draft whole or not at all; see `ledger.accept`."""
        return accept.accept(self._engine, account, draft, idempotency, refuse)

    def earlier(self, account: Account, idempotency: tuple[str, str]) -> Accepted | None:
        """The receipt that this (key, digest) was given before; raises KeyReused for another digest."""
        return accept.earlier(self._engine, account, idempotency)

    # ------------------------------------------------------------ reading

    def get(self, campaign: int) -> Campaign:
        """Raises LookupError."""
        found = self._campaigns(_C.c.id == campaign, limit=1)
        if not found:
            raise LookupError("no such campaign")
        return found[0]

    def these(self, numbers: Sequence[int]) -> list[Campaign]:
        """Those of these numbers that there are."""
        return self._campaigns(_C.c.id.in_(numbers), limit=len(numbers))

    def route(self, campaign: int) -> Route:
        """Raises LookupError."""
        for found in self.routes([campaign]):
            return found
        raise LookupError("no such campaign")

    def routes(self, numbers: Sequence[int]) -> list[Route]:
        """Those of these numbers that there are."""
        with autocommit(self._engine) as connection:
            return [Route(row.id, row.provider) for row in connection.execute(ROUTES, {"campaigns": list(numbers)})]

    def page(
        self,
        state: CampaignState | None = None,
        account_id: int | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[Campaign]:
        """Newest first, those with a number less than `before`; `state` as it is shown (`scheduled` too)."""
        conditions: list[ColumnElement[bool]] = []
        if state is not None:
            conditions.append(SHOWN.get(state, _C.c.state == state.value))
        if account_id is not None:
            conditions.append(_C.c.account_id == account_id)
        if before is not None:
            conditions.append(_C.c.id < before)
        return self._campaigns(*conditions, limit=limit)

    def between(self, account_id: int, low: int, high: int, limit: int = 2) -> list[Campaign]:
        """The account's campaigns with low <= number < high."""
        return self._campaigns(_C.c.account_id == account_id, _C.c.id >= low, _C.c.id < high, limit=limit)

    def names(self, campaigns: Collection[int]) -> dict[int, str]:
        """Those that are still there."""
        query = select(_C.c.id, _C.c.name).where(_C.c.id.in_(campaigns))
        with autocommit(self._engine) as connection:
            return {row.id: row.name for row in connection.execute(query)}

    def joined(self, account_id: int, join_key: str) -> int | None:
        """The campaign that drafts of this key feed; None: there is none yet."""
        query = select(_C.c.id).where(_C.c.account_id == account_id, _C.c.join_key == storable(join_key))
        with autocommit(self._engine) as connection:
            return connection.execute(query).scalar()

    def counts(self, campaign: int) -> dict[MessageState, int]:
        """Messages by state, every state named."""
        return self.counts_of([campaign])[campaign]

    def counts_of(self, campaigns: Sequence[int]) -> dict[int, dict[MessageState, int]]:
        sums = [func.sum(_N.c[state.value]) for state in MessageState]
        query = select(_N.c.campaign_id, *sums).where(_N.c.campaign_id.in_(campaigns)).group_by(_N.c.campaign_id)
        counts = {campaign: dict.fromkeys(MessageState, 0) for campaign in campaigns}
        with autocommit(self._engine) as connection:
            for campaign, *numbers in connection.execute(query):
                counts[campaign] = dict(zip(MessageState, map(int, numbers), strict=True))
        return counts

    def first_send_ms(self, campaigns: Sequence[int]) -> dict[int, int]:
        """When each began to send (UTC epoch, ms); those that did not are left out."""
        typed = FIRST_SENDS.columns(id=_C.c.id.type, started_at=tables.attempt.c.started_at.type)
        with autocommit(self._engine) as connection:
            rows = connection.execute(typed, {"campaigns": list(campaigns)}).all()
        return {campaign: started_ms for campaign, started_ms in rows if started_ms is not None}

    # ------------------------------------------------------------ the lane clock's side

    def plan_of(self, campaign: int) -> tuple[Plan, tuple[Retry, ...]]:
        """The campaign as the clock should know it, and the first of what waits for its time. Raises LookupError."""
        with autocommit(self._engine) as connection:
            return plans.plan_of(connection, campaign)

    def opened(self, campaign: int) -> None:
        """The clock knows of it."""
        with autocommit(self._engine) as connection:
            connection.execute(OPENED, {"campaign": campaign})

    def unopened(self, older_than_s: float = 2) -> list[int]:
        """Running or paused campaigns that came, grew or changed so long ago, and the clock was not told."""
        with autocommit(self._engine) as connection:
            return list(connection.execute(UNOPENED, {"older_than_s": older_than_s}).scalars())

    def running(self) -> list[int]:
        """Campaigns that `complete` may close: running ones, cancelled ones with messages in flight, and paused ones
        with nothing left, whose last worker died before it said so."""
        may_close = _live("running", "cancelled") | (_live("paused") & NOTHING_LEFT)
        return self._numbers(select(_C.c.id).where(may_close).order_by(_C.c.id))

    def over(self, campaigns: Sequence[int]) -> list[int]:
        """Those of them that ended more than a minute ago."""
        ended = _C.c.finished_at < func.now() - timedelta(minutes=1)
        return self._numbers(select(_C.c.id).where(_C.c.id.in_(campaigns), ended).order_by(_C.c.id))

    def live_campaigns(self) -> list[int]:
        """Running and paused campaigns."""
        return self._numbers(select(_C.c.id).where(_live("running", "paused")).order_by(_C.c.id))

    # ------------------------------------------------------------ steering

    def complete(self, campaign: int) -> bool:
        """Done, if no message is pending or sending any more; True when it is so by this call."""
        return steering.close(self._engine, campaign)

    def pause(self, campaign: int, reason: str | None = None) -> bool:
        """False when the campaign is over, or unknown."""
        return steering.pause(self._engine, campaign, reason)

    def resume(self, campaign: int) -> bool:
        return steering.resume(self._engine, campaign)

    def cancel(self, campaign: int) -> bool:
        return steering.cancel(self._engine, campaign)

    def retry_failed(self, campaign: int) -> int:
        """How many messages wait again; the clock must be told (`pipeline.plan.plan_anew`)."""
        return steering.retry_failed(self._engine, campaign)

    # ------------------------------------------------------------ rows as values

    def _numbers(self, query: Any) -> list[int]:
        with autocommit(self._engine) as connection:
            return list(connection.execute(query).scalars())

    def _campaigns(self, *conditions: ColumnElement[bool], limit: int) -> list[Campaign]:
        query = WHOLE.where(*conditions).order_by(_C.c.id.desc()).limit(limit)
        with autocommit(self._engine) as connection:
            return [campaign_of(row) for row in connection.execute(query).mappings()]


def _live(*states: str) -> ColumnElement[bool]:
    return _C.c.finished_at.is_(None) & _C.c.state.in_(states)


def campaign_of(row: RowMapping) -> Campaign:
    return Campaign(
        id=row["id"],
        account_id=row["account_id"],
        name=row["name"],
        dialect=row["dialect"],
        state=CampaignState(row["state"]),
        pacing=plans.pacing_of(row),
        total=row["total"],
        created_at_ms=row["created_at"],
        content=row["content"],
        sender_ids=tuple(row["sender_ids"]),
        scheduled_for_ms=row["scheduled_for"],
        guarded=row["guarded"],
        on_locked=OnLocked(row["on_locked"]),
        validity_s=row["validity_s"],
        options=row["options"],
        warnings=tuple(row["warnings"]),
        priority=row["priority"],
        callback_url=row["callback_url"],
        follow_ups=tuple(row["follow_ups"]),
        paused_reason=row["paused_reason"],
        finished_at_ms=row["finished_at"],
        business_hours=row["business_hours"],
    )
