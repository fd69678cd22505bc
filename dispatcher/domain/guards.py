"""The guards before a call: may this message leave now? Cheapest first, each with its own outcome.

`turned_away` is the same question asked when a message comes in, by a dialect that answers it at once.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from math import inf

from dispatcher.domain.account import Account, CpcScope, OnLocked, Sender
from dispatcher.domain.campaign import Campaign, Draft, DraftMessage, Refusal
from dispatcher.domain.claims import Claimed
from dispatcher.domain.outcomes import Fate, Outcome

LOCK_MS = 24 * 3600 * 1000
"""How long a client counts as contacted without a reply (seeds/004, "Regras de CPC")."""

EVERYBODY = "global"

CONTACT_OPEN = "contact_open"

EXPIRED = Outcome(Fate.EXPIRED, "validity_over")
SUPPRESSED = Outcome(Fate.SUPPRESSED, "suppressed")
ANSWERED = Outcome(Fate.CANCELLED, "answered")
"""Of a follow-up: nobody is followed up who answered."""
UNHEARD = Outcome(Fate.DEFERRED, "reply_unprocessed")
"""Of a follow-up: whether the client answered is about to be known."""

UNHEARD_MS = 5_000
"""So long it moves aside the first time: a lost job of an event is found within 15 seconds."""
MOST_DOUBLINGS = 6  # five minutes: an event that nobody manages to process is no reason for a claim every few seconds


def is_guarded(account: Account, draft: Draft) -> bool:
    """The draft's own word, else the account's."""
    return account.cpc if draft.guarded is None else draft.guarded


def kept_back(campaign: Campaign, row: Claimed, now_ms: int) -> Outcome | None:
    """The outcome of a message that must not leave, whoever else is in contact with its client; None: it may."""
    if row.answered:
        return ANSWERED
    if now_ms > valid_until(campaign, row):
        return EXPIRED
    return SUPPRESSED if row.suppressed else None


def unheard_until(row: Claimed, now_ms: int) -> int | None:
    """When to look again whether a follow-up may leave; None: no reply of its client waits to be processed."""
    if not row.unheard:
        return None
    return now_ms + (UNHEARD_MS << min(row.attempt - row.tries, MOST_DOUBLINGS))


def valid_until(campaign: Campaign, row: Claimed) -> float:
    """The last moment (UTC epoch, ms) at which a message may leave; infinite where it may for ever.

    It counts from the message's acceptance or the campaign's start; a follow-up is accepted when it is due. Who waited
    for its client's lock has as much longer as a lock lasts: with the usual validity of a day it would expire at the
    very moment in which the lock ends.
    """
    if not campaign.validity_s:
        return inf
    start_ms = max(row.accepted_at_ms, campaign.scheduled_for_ms or 0)
    return start_ms + campaign.validity_s * 1000 + (LOCK_MS if row.waited else 0)


def locked(on_locked: OnLocked) -> Outcome:
    """The outcome of a message whose client another message holds: blocked, or moved aside until the lock ends."""
    if on_locked is OnLocked.DEFER:
        return Outcome(Fate.DEFERRED, CONTACT_OPEN)
    return Outcome(Fate.BLOCKED, CONTACT_OPEN)


def told_locked(outcome: Outcome, on_locked: OnLocked) -> Outcome:
    """The provider's word that a client is in contact is worth as much as our lock: the same follows from it."""
    if outcome.fate is Fate.BLOCKED and on_locked is OnLocked.DEFER:
        return replace(outcome, fate=Fate.DEFERRED)
    return outcome


def turned_away(
    message: DraftMessage, suppressed: Collection[str], left_ms: Mapping[str, int], expected: Collection[str]
) -> Refusal | None:
    """Why a message that comes in now will not be sent; None: it may be, as far as is known.

    `left_ms`: clients who are in contact, and for how long; `expected`: those whom an earlier message will contact.
    """
    phone = message.written or message.phone
    if message.problem:
        return Refusal(phone, message.problem)
    if message.key in suppressed:
        return Refusal(phone, SUPPRESSED.reason)
    if message.key in left_ms or message.key in expected:
        return Refusal(phone, CONTACT_OPEN, left_ms.get(message.key, 0))
    return None


def scopes_heard(account_id: int, sender_ids: Iterable[int]) -> list[str]:
    """The scopes in which a reply counts that an account has heard through these senders."""
    return [EVERYBODY, f"account:{account_id}", *(f"sender:{one}" for one in sender_ids)]


def shared_scopes(scopes: Sequence[str] | None) -> list[str]:
    """Those of all (None) or of these scopes that are not one sender's; a list of all senders' could be long."""
    return [EVERYBODY] if scopes is None else [scope for scope in scopes if not scope.startswith("sender:")]


def lock_scope(account: Account, sender: Sender | None) -> str:
    """The name of the group of sends among which a client has one open contact; `sender` counts for scope tag."""
    if account.cpc_scope is CpcScope.ACCOUNT:
        return f"account:{account.id}"
    if account.cpc_scope is CpcScope.TAG and sender is not None:
        return f"sender:{sender.id}"
    return EVERYBODY
