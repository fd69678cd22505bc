"""The station that pauses senders and lets them go on: the ledger says why, the clock obeys."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from dispatcher.domain.account import BY_HAND, Account, Sender
from dispatcher.domain.ids import Lane
from dispatcher.domain.trouble import ClockLost, Unavailable
from dispatcher.pipeline.persist import if_reachable
from dispatcher.pipeline.plan import plan_unopened
from dispatcher.pipeline.stations import Stations
from dispatcher.telemetry import emit

Hold = Callable[[str, Sequence[Lane], int | None], None]
"""Hold a provider's lanes until a moment (UTC epoch, ms), or (None) until they are resumed."""

_DISCONNECTED = "disconnected"


def disconnected(why: str) -> str:
    """The reason of a pause that ends when the line is up again, which a webhook tells or the sweeper asks."""
    return f"{_DISCONNECTED}: {why}" if why and why != _DISCONNECTED else _DISCONNECTED


def is_disconnected(sender: Sender) -> bool:
    return (sender.paused_reason or "").startswith(_DISCONNECTED) and sender.paused_until_ms is None


def pause_senders(
    stations: Stations, account: Account, senders: Sequence[Sender], reason: str, until_ms: int | None = None
) -> None:
    """Release nothing more on these senders' lanes; `until_ms` (UTC epoch) ends it by itself."""
    if not senders:
        return
    stations.accounts.halt([sender.id for sender in senders], reason, until_ms)
    stations.control.hold_lanes(account.provider, [lane for sender in senders for lane in sender.lanes], until_ms)
    numbers = [sender.id for sender in senders]
    emit("sender.paused", "warning", account=account.name, senders=numbers, reason=reason, until_ms=until_ms)


def hold_paused(stations: Stations, hold: Hold, senders: Iterable[Sender]) -> None:
    """Hold the lanes of those that are paused, the lanes too that they did not have when they were paused."""
    for sender in senders:
        if sender.paused_reason is not None:
            hold(stations.account(sender.account_id).provider, sender.lanes, sender.paused_until_ms)


def crews_changed(stations: Stations, senders: Sequence[Sender]) -> None:
    """Tell the clock of what the accounts file changed; `senders` are those of the accounts that it named.

    When it cannot be told, the sweeper tells it of the campaigns.
    """
    with if_reachable():
        hold_paused(stations, stations.control.hold_lanes, senders)
    plan_unopened(stations, 0)


def pause_by_hand(stations: Stations, account: Account, senders: Sequence[Sender]) -> None:
    """Release nothing more on their lanes until an operator says so; calls already in flight still happen."""
    with suppress(ClockLost):  # it releases nothing, and is built from what the ledger says now
        pause_senders(stations, account, senders, BY_HAND)


def resume_by_hand(stations: Stations, account: Account, senders: Sequence[Sender]) -> None:
    """Let senders go on, whatever paused them."""
    with suppress(ClockLost):
        resume_senders(stations, account, senders, by_hand=True)


def resume_senders(stations: Stations, account: Account, senders: Sequence[Sender], by_hand: bool = False) -> None:
    """Let senders go on. An operator may have paused one meanwhile: only an operator ends that.

    Raises DispatcherTrouble when the clock cannot be told: then they are paused as before, for whoever asks again.
    """
    if not senders:
        return
    again = stations.accounts.resume([sender.id for sender in senders], by_hand)
    meant = [sender for sender in senders if sender.id in again]
    try:
        stations.control.resume_lanes(account.provider, [lane for sender in meant for lane in sender.lanes])
    except Unavailable:
        for sender in meant:
            if sender.paused_reason is not None:
                stations.accounts.halt([sender.id], sender.paused_reason, sender.paused_until_ms)
        raise
    emit("sender.resumed", account=account.name, senders=again)
