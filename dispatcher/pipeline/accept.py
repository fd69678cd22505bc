"""The station where a campaign comes in: stored whole or not at all, then planned."""

from collections.abc import Sequence
from dataclasses import replace

from dispatcher.domain.account import Account, CpcScope, OnLocked
from dispatcher.domain.campaign import Accepted, Draft, DraftMessage, Refusal, Refuse
from dispatcher.domain.guards import is_guarded, lock_scope, turned_away
from dispatcher.pipeline.plan import plan
from dispatcher.pipeline.stations import Stations
from dispatcher.telemetry import emit

ANSWERS_AT_ONCE = {"cpc"}
"""Dialects whose callers are told at once who will not be written to; the others learn it when it is their turn."""


def accept(stations: Stations, account: Account, draft: Draft, idempotency: tuple[str, str] | None = None) -> Accepted:
    """Store a draft and put it on the clock; the receipt is given only after the commit.

    `idempotency` is (key, digest of the request). When Redis is away the campaign is accepted all the
    same: the ledger is the truth, and a sweeper plans it later. Raises BadRequest for a `callback_url` that may not be
    called, and as `campaigns.accept` does.
    """
    if draft.callback_url is not None:
        stations.check_callback_url(account, draft.callback_url)
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
    """Who is suppressed, in contact now, or about to be by an earlier message of the campaign.

    The ledger is asked, which forgets no lock, whatever became of Redis. Not every case shows already: the guard
    asks again before each send.
    """
    scope = _scope(stations, account, draft)
    reached: set[str] = set()

    def refuse(campaign: int, messages: Sequence[DraftMessage]) -> list[Refusal | None]:
        keys = [message.key for message in messages if message.key and not message.problem]
        suppressed, left_ms = stations.suppressed(keys), dict[str, int]()
        if scope:  # in this order: a message that is sent in between shows in both, and never in neither
            reached.update(stations.expected(campaign, keys))
            left_ms = stations.contacted(scope, keys, stations.now_ms())
        refused: list[Refusal | None] = []
        for message in messages:
            refused.append(turned_away(message, suppressed, left_ms, reached))
            if scope and refused[-1] is None:
                reached.add(message.key)
        return refused

    return refuse


def _scope(stations: Stations, account: Account, draft: Draft) -> str | None:
    """The scope of the locks that count now; None where the sender is not known yet, and for a draft that is not
    guarded, or whose messages wait for the end of a contact."""
    if not is_guarded(account, draft) or (draft.on_locked or account.on_locked) is OnLocked.DEFER:
        return None
    named = [sender for sender in stations.accounts.senders(account.id) if sender.name in draft.senders]
    if account.cpc_scope is CpcScope.TAG and len(named) != 1:
        return None
    return lock_scope(account, named[0] if named else None)
