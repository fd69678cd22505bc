"""Who may send for a campaign now, and what holds them back: for forecasts, and for the list of senders."""

from collections.abc import Sequence

from dispatcher.coordination.views import LaneView, LaneViews
from dispatcher.domain.account import Account, Sender
from dispatcher.domain.caps import Sent, midnight
from dispatcher.domain.forecast import Crew
from dispatcher.domain.notbefore import NotBefore, Reason
from dispatcher.domain.policies import caps_of, has_caps
from dispatcher.pipeline.persist import if_reachable
from dispatcher.wiring.installation import Wiring


def crews(wiring: Wiring, account: Account, senders: Sequence[Sender]) -> dict[int, Crew]:
    """By sender's number. What Redis does not count of their day the ledger does."""
    capped = [one for one in senders if has_caps(caps_of(account, one))]
    days: dict[int, Sent] = {}
    with if_reachable():
        days = LaneViews(wiring.redis).days(account.provider, [one.id for one in capped])
    unknown = [one for one in capped if one.id not in days]
    if unknown:
        start_ms = midnight(caps_of(account, unknown[0]).zone, wiring.stations.now_ms())
        gap_ms = max(one.min_gap_ms for one in unknown)
        days |= wiring.accounts.sent_by([one.id for one in unknown], start_ms, gap_ms)
    return {one.id: Crew(_lanes(one), caps_of(account, one), days.get(one.id, Sent())) for one in senders}


def waits(wiring: Wiring, provider: str, senders: Sequence[Sender]) -> dict[int, NotBefore]:
    """What each sender waits for that has work and may not send yet: of its lanes the one that may first."""
    seen: list[LaneView] = []
    with if_reachable():
        seen = LaneViews(wiring.redis).lanes_view(provider, [lane for one in senders for lane in one.lanes])
    found: dict[int, NotBefore] = {}
    for view in seen:
        if view.next_ms is not None and view.why in set(Reason):
            answer = NotBefore(view.next_ms, Reason(view.why))
            number = view.lane.sender_id
            found[number] = min(answer, found.get(number, answer), key=lambda one: one.ms)
    return found


def _lanes(sender: Sender) -> int:
    return sender.concurrency if sender.paused_reason is None else 0
