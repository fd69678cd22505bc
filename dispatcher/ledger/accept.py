"""Taking a draft in: one transaction, whole or not at all.

reserve   the idempotency key: a concurrent twin waits here, and then gets the first one's receipt
open      the campaign, or the one that drafts of this join key feed, locked while it grows
copy      the messages, with consecutive seq
close     total, counts, chunk size, receipt
"""

import secrets
from collections.abc import Sequence
from time import time_ns
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, case, func, select, update
from sqlalchemy.dialects.postgresql import insert

from dispatcher.domain.account import Account
from dispatcher.domain.campaign import Accepted, Draft, EmptyCampaign, KeyReused, Refusal, Refuse, UnknownSender
from dispatcher.domain.guards import is_guarded
from dispatcher.domain.ids import CHANCE_BITS, campaign_number
from dispatcher.domain.lifecycle import CampaignState, MessageState
from dispatcher.domain.pacing import chunk_size_for
from dispatcher.ledger import tables
from dispatcher.ledger.callback_endpoints import endpoint_of, note_settled
from dispatcher.ledger.engine import autocommit, transaction
from dispatcher.ledger.intake import MessageFile, copy_in
from dispatcher.ledger.texts import storable
from dispatcher.ledger.triggers import SHARDS

LOG_LINES = 100  # of a campaign that a thousand drafts feed: the first tell what is wrong with the others
LONGEST_INTAKE_S = 1800.0  # COPY runs as long as its source: a million leads from a slow server

_C, _K, _N, _CS = tables.campaign, tables.idempotency_key, tables.campaign_count, tables.campaign_sender


class _Open(NamedTuple):
    """The campaign that takes the messages, where its callbacks go, and how many, and what log, it had."""

    id: int
    created_at_ms: int
    endpoint: int | None
    total: int = 0
    warnings: Sequence[str] = ()


def accept(
    engine: Engine,
    account: Account,
    draft: Draft,
    idempotency: tuple[str, str] | None = None,
    refuse: Refuse | None = None,
) -> Accepted:
    """Store a draft. Raises KeyReused, EmptyCampaign, CampaignFull, UnknownSender, and what its messages raise.

    `refuse` is asked about each thousand messages; it must not use this engine, whose connections may all be
    taking drafts in.
    """
    with autocommit(engine) as connection:  # not in the long transaction, whose row locks would hold couriers up
        senders = _senders(connection, account, draft)  # first: a refusal is to leave no endpoint behind
        told = endpoint_of(connection, account.id, draft.callback_url)
    with transaction(engine, LONGEST_INTAKE_S) as connection:
        if idempotency is not None and not _reserve(connection, account.id, *idempotency):
            return _receipt(connection, account.id, *idempotency)
        opened = _open(connection, account, draft, told, senders)
        file = MessageFile(draft.messages, opened.id, opened.total, refuse, opened.endpoint)
        copy_in(connection, file)
        if not file.count:
            raise EmptyCampaign("a campaign needs at least one message")
        _count(connection, opened.id, file)
        _close(connection, draft, opened, file)
        if file.settled.total():
            note_settled(connection, opened.id, opened.total)
        queued = file.count - file.settled.total()
        refused = tuple(file.refused)
        accepted = Accepted(opened.id, opened.created_at_ms, file.count, queued, refused, first_seq=opened.total)
        if idempotency is not None:
            _keep(connection, account.id, idempotency[0], accepted)
    return accepted


def earlier(engine: Engine, account: Account, idempotency: tuple[str, str]) -> Accepted | None:
    """The receipt that this (key, digest) was given before; raises KeyReused for another digest."""
    with autocommit(engine) as connection:
        known = connection.execute(select(_K.c.key).where(_K.c.account_id == account.id, _K.c.key == idempotency[0]))
        return _receipt(connection, account.id, *idempotency) if known.first() else None


def _reserve(connection: Connection, account_id: int, key: str, digest: str) -> bool:
    """False when the key was used before. Waits for a transaction that is using it now."""
    row = {"account_id": account_id, "key": storable(key), "digest": digest}
    made = connection.execute(insert(_K).values(**row).on_conflict_do_nothing().returning(_K.c.key))
    return made.first() is not None


def _receipt(connection: Connection, account_id: int, key: str, digest: str) -> Accepted:
    same = _K.c.account_id == account_id, _K.c.key == storable(key)
    row = connection.execute(select(_K.c.digest, _K.c.receipt).where(*same)).one()
    if row.digest != digest:
        raise KeyReused("this idempotency key was used with another request")
    campaign, created_at_ms, accepted, queued, given, first_seq = row.receipt
    refused = tuple(Refusal(*one) for one in given)
    return Accepted(campaign, created_at_ms, accepted, queued, refused, replayed=True, first_seq=first_seq)


def _keep(connection: Connection, account_id: int, key: str, accepted: Accepted) -> None:
    counts = accepted.accepted, accepted.queued
    receipt = [accepted.campaign_id, accepted.created_at_ms, *counts, accepted.refused, accepted.first_seq]
    same = _K.c.account_id == account_id, _K.c.key == storable(key)
    connection.execute(update(_K).where(*same).values(receipt=receipt))


def _open(connection: Connection, account: Account, draft: Draft, told: int | None, senders: Sequence[int]) -> _Open:
    """A new campaign, or the one of this join key. Two that want to make it at once: the second waits and joins."""
    while True:
        number = campaign_number(time_ns() // 1_000_000, secrets.randbits(CHANCE_BITS))
        columns = _columns(account, draft) | {"id": number, "callback_endpoint_id": told}
        made = insert(_C).values(**columns).on_conflict_do_nothing()
        created_at_ms = connection.execute(made.returning(_C.c.created_at)).scalar()
        if created_at_ms is not None:
            if senders:
                connection.execute(insert(_CS), [{"campaign_id": number, "sender_id": one} for one in senders])
            return _Open(number, created_at_ms, told)
        if draft.join_key is not None:
            joined = _C.c.account_id == account.id, _C.c.join_key == storable(draft.join_key)
            known = select(_C.c.id, _C.c.created_at, _C.c.callback_endpoint_id, _C.c.total, _C.c.warnings)
            row = connection.execute(known.where(*joined).with_for_update()).first()
            if row is not None:
                return _Open(*row)


def _columns(account: Account, draft: Draft) -> dict[str, Any]:
    pacing = draft.pacing
    return {
        "account_id": account.id,
        "name": storable(draft.name),
        "dialect": draft.dialect,
        "join_key": None if draft.join_key is None else storable(draft.join_key),
        "content": draft.content,
        "options": draft.options,
        "warnings": draft.warnings,
        "follow_ups": draft.follow_ups,
        "callback_url": None if draft.callback_url is None else storable(draft.callback_url),
        "guarded": is_guarded(account, draft),
        "on_locked": (draft.on_locked or account.on_locked).value,
        "validity_s": account.validity_s if draft.validity_s is None else draft.validity_s,
        "priority": draft.priority,
        "business_hours": None if draft.business_hours is None else storable(draft.business_hours),
        "delay_min_ms": pacing.delay_min_ms,
        "delay_max_ms": pacing.delay_max_ms,
        "chunk_size": pacing.chunk_size,
        "chunk_gap_ms": pacing.chunk_gap_ms,
        "batch": pacing.batch,
        "scheduled_for": draft.scheduled_for_ms,
    }


def _senders(connection: Connection, account: Account, draft: Draft) -> Sequence[int]:
    """Those that the draft names; raises UnknownSender."""
    names = set(draft.senders)
    if not names:
        return ()
    sender = tables.sender
    theirs = sender.c.account_id == account.id, sender.c.removed_at.is_(None), sender.c.name.in_(names)
    ids = connection.execute(select(sender.c.id).where(*theirs)).scalars().all()
    if len(ids) < len(names):
        raise UnknownSender("the account has no sender of that name")
    return ids


def _count(connection: Connection, campaign: int, file: MessageFile) -> None:
    """The trigger does not see what COPY brings: its rows are counted here, in one."""
    settled = {state.value: number for state, number in file.settled.items()}
    counts = {MessageState.PENDING.value: file.count - file.settled.total(), **settled}
    shard = func.mod(func.pg_backend_pid(), SHARDS)
    added = insert(_N).values(campaign_id=campaign, shard=shard, **counts)
    grown = {name: _N.c[name] + added.excluded[name] for name in counts}
    connection.execute(added.on_conflict_do_update(index_elements=["campaign_id", "shard"], set_=grown))


def _close(connection: Connection, draft: Draft, opened: _Open, file: MessageFile) -> None:
    """A campaign whose messages all are settled is done at once; one that was done runs again."""
    change: dict[str, Any] = {"total": opened.total + file.count, "grown_at": func.now(), "opened_at": None}
    if opened.total and draft.warnings:
        change["warnings"] = list(dict.fromkeys([*opened.warnings, *draft.warnings]))[:LOG_LINES]
    if failed := file.settled[MessageState.FAILED]:  # not at the provider: no failure of the window that is open
        change |= {"watch_settled": _C.c.watch_settled + failed, "watch_failed": _C.c.watch_failed + failed}
    if not opened.total:
        change["chunk_size"] = chunk_size_for(file.count, draft.pacing.chunk_size, draft.chunks_count)
    if file.count > file.settled.total():
        over = _C.c.state == CampaignState.DONE.value
        change |= {"state": case((over, CampaignState.RUNNING.value), else_=_C.c.state), "finished_at": None}
    elif not opened.total:
        change |= {"state": CampaignState.DONE.value, "finished_at": func.now()}
    connection.execute(update(_C).where(_C.c.id == opened.id).values(**change))
