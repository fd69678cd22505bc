"""The station where a campaign comes in: stored whole or not at all, then planned."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dispatcher.domain.account import Account, CpcScope
from dispatcher.domain.campaign import Accepted, Draft, DraftMessage, Refuse
from dispatcher.domain.guards import lock_scope
from dispatcher.domain.trouble import DispatcherTrouble
from dispatcher.pipeline.plan import plan
from dispatcher.pipeline.stations import Stations
from dispatcher.telemetry import emit

ANSWERS_AT_ONCE = {"cpc"}
"""Dialects whose callers are told at once who will not be written to; the others learn it when it is their turn."""


def accept(stations: Stations, account: Account, draft: Draft, idempotency: tuple[str, str] | None = None) -> Accepted:
    """Store a draft and put it on the clock; the receipt is given only after the commit.

    `idempotency` is (key, digest of the request). When Redis is away the campaign is accepted all the
    same: the ledger is the truth, and a sweeper plans it later.
    """
    fitted = replace(draft, pacing=replace(draft.pacing, batch=stations.batch(account, draft.pacing.chunk_size)))
    refuse = _refuser(stations, account, draft) if draft.dialect in ANSWERS_AT_ONCE else None
    accepted = stations.campaigns.accept(account, fitted, idempotency, refuse)
    if not accepted.replayed:
        plan(stations, accepted.campaign_id)
        emit(
            "campaign.accepted",
            campaign=accepted.campaign_id,
            account=account.name,
            accepted=accepted.accepted,
            queued=accepted.queued,
        )
    return accepted


def _refuser(stations: Stations, account: Account, draft: Draft) -> Refuse:
    """Who is suppressed, or in contact now. Redis may be away: the guard asks again before each send."""
    scope = _scope(stations, account, draft)

    def refuse(messages: Sequence[DraftMessage]) -> Mapping[str, str]:
        keys = [message.key for message in messages if message.key and not message.problem]
        refused = dict.fromkeys(_held(stations, scope, keys), "contact_open") if scope else {}
        return refused | dict.fromkeys(stations.suppressed(keys), "suppressed")

    return refuse


def _scope(stations: Stations, account: Account, draft: Draft) -> str | None:
    """The scope of the locks that count; None for an unguarded draft, and where the sender is not known yet."""
    if not (account.cpc if draft.guarded is None else draft.guarded):
        return None
    named = [sender for sender in stations.accounts.senders(account.id) if sender.name in draft.senders]
    if account.cpc_scope is CpcScope.TAG and len(named) != 1:
        return None
    return lock_scope(account, named[0] if named else None)


def _held(stations: Stations, scope: str, keys: Sequence[str]) -> list[str]:
    try:
        return list(stations.locks.held(scope, keys))
    except DispatcherTrouble:
        return []
