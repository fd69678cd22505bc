"""The station that pauses senders and lets them go on: the ledger says why, the clock obeys."""

from collections.abc import Sequence
from contextlib import suppress

from dispatcher.domain.account import BY_HAND, Account, Sender
from dispatcher.domain.trouble import ClockLost
from dispatcher.pipeline.stations import Stations
from dispatcher.telemetry import emit

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


def pause_by_hand(stations: Stations, account: Account, senders: Sequence[Sender]) -> None:
    """Release nothing more on their lanes until an operator says so; calls already in flight still happen."""
    with suppress(ClockLost):  # it releases nothing, and is built from what the ledger says now
        pause_senders(stations, account, senders, BY_HAND)


def resume_by_hand(stations: Stations, account: Account, senders: Sequence[Sender]) -> None:
    """Let senders go on, whatever paused them."""
    with suppress(ClockLost):
        resume_senders(stations, account, senders)


def resume_senders(stations: Stations, account: Account, senders: Sequence[Sender]) -> None:
    if not senders:
        return
    stations.accounts.resume([sender.id for sender in senders])
    stations.control.resume_lanes(account.provider, [lane for sender in senders for lane in sender.lanes])
    emit("sender.resumed", account=account.name, senders=[sender.id for sender in senders])
