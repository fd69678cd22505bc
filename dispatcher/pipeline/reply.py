"""The station for what comes back: replies lift locks, receipts fill in times, connections pause and resume.

An event is stored before anything else and processed by a job of its own, so that a webhook answers
at once and a crash in between loses nothing.
"""

from collections.abc import Iterable

from dispatcher.domain.account import Account
from dispatcher.domain.inbound import InboundEvent, InboundKind
from dispatcher.domain.trouble import DispatcherTrouble
from dispatcher.pipeline.stations import Stations
from dispatcher.telemetry import emit


def receive(stations: Stations, account: Account | None, events: Iterable[InboundEvent]) -> int:
    """Store events and have them processed; how many were new. A sweeper publishes again what Redis missed."""
    numbers = stations.inbound.store(account, events)
    try:
        stations.bus.inbound(numbers)
    except DispatcherTrouble as trouble:
        emit("pacer.trouble", "warning", reason=str(trouble))
    return len(numbers)


def process(stations: Stations, number: int) -> None:
    """Apply a stored event. Doing it twice does no harm: each effect is one that only moves forward."""
    stored = stations.inbound.take(number)
    if stored is None:
        return
    what = _EFFECTS[stored.event.kind](stations, stored.account_id, stored.event)
    stations.inbound.processed(number, what)
    emit("inbound.processed", event_number=number, kind=stored.event.kind.value, what=what)


def _reply(stations: Stations, account_id: int | None, event: InboundEvent) -> str:
    """The ledger's lock first: if the process dies before Redis hears of it, the event is processed again."""
    if not event.key:
        return "no client"
    scopes = stations.lock_book.lift(event.key, event.at_ms)
    for scope in scopes:
        stations.locks.lift(scope, event.key, event.at_ms)
    stations.inbound.answered(event.key, event.at_ms)
    return f"lifted {len(scopes)}"


def _receipt(stations: Stations, account_id: int | None, event: InboundEvent) -> str:
    if not event.provider_ref or event.receipt is None:
        return "no message"
    known = stations.inbound.receipt(account_id, event.provider_ref, event.receipt, event.at_ms)
    return event.receipt.value if known else "unknown message"


def _connection(stations: Stations, account_id: int | None, event: InboundEvent) -> str:
    if account_id is None or event.connected is None:
        return "no sender"
    account = stations.account(account_id)
    senders = [one for one in stations.accounts.senders(account_id) if event.sender_name in ("", one.name)]
    lanes = [lane for sender in senders for lane in sender.lanes]
    if event.connected:
        stations.accounts.resume([sender.id for sender in senders])
        stations.control.resume_lanes(account.provider, lanes)
        return "resumed"
    stations.accounts.halt([sender.id for sender in senders], event.reason or "disconnected", None)
    stations.control.hold_lanes(account.provider, lanes, None)
    return "paused"


_EFFECTS = {
    InboundKind.REPLY: _reply,
    InboundKind.RECEIPT: _receipt,
    InboundKind.CONNECTION: _connection,
}
