"""What stands in the way of a send now: hours, the sender's caps, the recipient's night.

    allowance_of          what `begin` may take from the sender's day          asked before a ticket is claimed
    sender_not_before     not before t, because r: of the lane                 when it was refused, and after a send
    is_closed             not now, of one campaign, which waits for its hours  before a ticket is claimed
    night_not_before      the same of one message, which moves aside           before its call

Pure: account, sender, what it sent and the time go in. Times are UTC epoch milliseconds.
"""

from dispatcher.domain import caps, hours
from dispatcher.domain.account import Account, Sender
from dispatcher.domain.caps import Caps, Sent
from dispatcher.domain.notbefore import NotBefore, Reason, latest
from dispatcher.domain.tickets import CLOSED, Allowance
from dispatcher.domain.zones import zones_of

LEAVES_WITHIN_MS = 50  # of its start a call leaves, or does not: what it takes to ask Redis on a busy host
ROUNDS = 8  # midnight is outside the hours, they open on a day with another limit, …: two or three are usual


def caps_of(account: Account, sender: Sender) -> Caps:
    """A sender's caps; its days are those of its account's hours, where there are any."""
    own = Caps(sender.daily_limit, sender.min_gap_ms, sender.warm_up, sender.warm_up_from_ms)
    return caps.in_zone(own, account.hours.zone) if account.hours else own


def zone_of(account: Account) -> str:
    """Where the account's days begin: in the zone of its hours, or that of caps without any."""
    return account.hours.zone if account.hours else Caps().zone


def has_caps(caps: Caps) -> bool:
    return bool(caps.daily_limit or caps.min_gap_ms or caps.warm_up)


def allowance_of(account: Account, sender: Sender, now_ms: int, known: Sent | None = None) -> Allowance | None:
    """What may be taken from the sender's day now; None: it has no caps. `known`: what the ledger counts of it."""
    if account.lane_hours and not hours.opens(account.lane_hours, now_ms):
        return CLOSED
    own = caps_of(account, sender)
    if not has_caps(own):
        return None
    limit = caps.limit_at(own, now_ms)
    day_end_ms = caps.next_midnight(own.zone, now_ms)
    return Allowance(limit[0] if limit else None, start_gap_ms(sender), day_end_ms, known)


def start_gap_ms(sender: Sender) -> int:
    """How far apart starts are given out, so that the calls are the sender's least gap apart; 0: it keeps none."""
    return sender.min_gap_ms and sender.min_gap_ms + LEAVES_WITHIN_MS


def sender_not_before(account: Account, sender: Sender, sent: Sent, now_ms: int) -> NotBefore | None:
    """The first moment with which hours and caps agree, and what stands in the way now; None: nothing does."""
    own, at_ms, reason = caps_of(account, sender), now_ms, None
    for _ in range(ROUNDS):
        found = latest(_answers(account, own, sent, at_ms))
        if found is None or found.ms <= at_ms:
            break
        at_ms, reason = found.ms, reason or found.reason
    return NotBefore(at_ms, reason) if reason else None


def _answers(account: Account, own: Caps, sent: Sent, at_ms: int) -> list[NotBefore]:
    answers = [caps.not_before(own, sent, at_ms)]
    return [*answers, hours.not_before(account.lane_hours, at_ms)] if account.lane_hours else answers


def is_closed(account: Account, named: str | None, now_ms: int) -> bool:
    """Whether a campaign that names these hours waits for them, which holds no lane of its account."""
    own = account.hours_for(named) if account.business_hours else None
    return own is not None and not hours.opens(own, now_ms)


def night_not_before(account: Account, key: str, now_ms: int, named: str | None = None) -> NotBefore | None:
    """When the recipient (canonical number; "" for a group) may be written to again, by the hours that the campaign
    names; None: now."""
    own = account.hours_for(named)
    if own is None or own.night is None:
        return None
    found = hours.night_not_before(own.night, zones_of(key, own.zone), now_ms)
    return found if found.ms > now_ms and found.reason is Reason.NIGHT else None
