"""The recipients of a campaign that is only looked at, held against the ledger: `Audience` slice by slice."""

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from dispatcher.domain.account import Account, Sender
from dispatcher.domain.audience import Audience, Known
from dispatcher.domain.campaign import Draft
from dispatcher.domain.guards import is_guarded, lock_scope

if TYPE_CHECKING:
    from dispatcher.wiring import Wiring

SLICE = 1000  # clients in one question to the ledger


def read_audience(wiring: "Wiring", account: Account, draft: Draft, senders: Sequence[Sender]) -> Audience:
    """Read the draft's messages once, as a stream, and whatever they raise. Times are those of this moment."""
    scopes = {lock_scope(account, one) for one in senders} if is_guarded(account, draft) else set()
    audience = Audience(sorted(scopes), draft.on_locked or account.on_locked)
    joined = wiring.campaigns.joined(account.id, draft.join_key) if draft.join_key and scopes else None
    messages, now_ms = iter(draft.messages), wiring.stations.now_ms()
    while block := list(islice(messages, SLICE)):
        keys = sorted({message.key for message in block if message.key and not message.problem})
        expected = wiring.messages.expected(joined, keys) if joined else ()
        locks = wiring.lock_book.standing(sorted(scopes), keys, now_ms) if scopes else ()
        audience.add(block, Known(wiring.suppressions.details(keys), locks, expected))
    return audience
