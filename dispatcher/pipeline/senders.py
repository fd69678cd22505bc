"""The station that pauses senders and lets them go on: the ledger says why, the clock obeys.

Operators, answers of providers, webhooks and rebuilds do it at the same time. Each writes to the ledger first; then it
tells the clock what it reads there, and reads again, until that is what it told: whoever tells last tells what is so.
Who died in between is made good by the sweeper.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from types import MappingProxyType

from dispatcher.domain.account import BY_HAND, DISCONNECTED, Account, Sender
from dispatcher.domain.ids import Lane
from dispatcher.domain.trouble import ClockLost, Unavailable
from dispatcher.pipeline.apart import each
from dispatcher.pipeline.persist import if_reachable
from dispatcher.pipeline.plan import plan_unopened
from dispatcher.pipeline.stations import Stations
from dispatcher.telemetry import emit

Hold = Callable[[str, Sequence[Lane], int | None], None]
"""Hold a provider's lanes until a moment (UTC epoch, ms), or (None) until they are resumed."""

PauseOf = tuple[bool, int | None]
"""Whether a sender is paused, and until when (UTC epoch, ms; None: until it is resumed)."""

GOES_ON: PauseOf = (False, None)
ENDLESS: PauseOf = (True, None)
NOTHING_TOLD: Mapping[int, PauseOf] = MappingProxyType({})
MOST_ROUNDS = 10  # somebody would have to steer the same senders every millisecond
REMINDED_MS = 60_000  # some rounds of the sweeper


def disconnected(why: str) -> str:
    """The reason of a pause that ends when the line is up again, which a webhook tells or the sweeper asks."""
    return f"{DISCONNECTED}: {why}" if why and why != DISCONNECTED else DISCONNECTED


def is_disconnected(sender: Sender) -> bool:
    return (sender.paused_reason or "").startswith(DISCONNECTED) and sender.paused_until_ms is None


def pause_senders(
    stations: Stations, account: Account, senders: Sequence[Sender], reason: str, until_ms: int | None = None
) -> None:
    """Release nothing more on these senders' lanes; `until_ms` (UTC epoch) ends it by itself."""
    if not senders:
        return
    numbers = [sender.id for sender in senders]
    stations.pauses.halt(numbers, reason, until_ms)
    obey(stations, account, numbers)
    emit("sender.paused", "warning", account=account.name, senders=numbers, reason=reason, until_ms=until_ms)


def line_changed(
    stations: Stations, account: Account, senders: Sequence[Sender], at_ms: int, reason: str | None
) -> list[int]:
    """These senders' lines went down, and why, or (None) came up; the clock is told how they stand now, also when that
    was known, for who died before may not have told it. Raises DispatcherTrouble when the clock cannot be told."""
    numbers = [sender.id for sender in senders]
    changed = stations.pauses.line_changed(numbers, at_ms, reason)
    obey(stations, account, numbers)
    if changed and reason:
        emit("sender.paused", "warning", account=account.name, senders=changed, reason=reason, until_ms=None)
    elif changed:
        emit("sender.resumed", account=account.name, senders=changed)
    return changed


def obey(
    stations: Stations, account: Account, numbers: Collection[int], told: Mapping[int, PauseOf] = NOTHING_TOLD
) -> None:
    """Tell the clock whether these senders are paused, until what is told is what the ledger says.

    `told`: what the caller has told it already. Raises DispatcherTrouble when the clock cannot be told.
    """
    clock = dict(told)
    for _ in range(MOST_ROUNDS):
        senders = [sender for sender in stations.accounts.senders(account.id) if sender.id in numbers]
        news = [sender for sender in senders if clock.get(sender.id) != pause_of(sender)]
        if not news:
            return
        for pause in {pause_of(sender) for sender in news}:
            alike = [sender for sender in news if pause_of(sender) == pause]
            _tell(stations, account, pause, alike, [one for one in alike if clock.get(one.id) == ENDLESS])
        clock |= {sender.id: pause_of(sender) for sender in news}


def pause_of(sender: Sender) -> PauseOf:
    return (sender.paused_reason is not None, sender.paused_until_ms)


def _tell(
    stations: Stations, account: Account, pause: PauseOf, senders: Sequence[Sender], held: Sequence[Sender]
) -> None:
    """`held`: those of them that are to be let go first, for a hold without an end stands until it is lifted."""
    paused, until_ms = pause
    if not paused:
        stations.lanes.resume_lanes(account.provider, _lanes(senders))
        return
    if held:
        stations.lanes.resume_lanes(account.provider, _lanes(held))
    stations.lanes.hold_lanes(account.provider, _lanes(senders), until_ms)


def _lanes(senders: Sequence[Sender]) -> list[Lane]:
    return [lane for sender in senders for lane in sender.lanes]


def remind(stations: Stations, senders: Sequence[Sender]) -> None:
    """Tell the clock once more of those that are paused, and of those that were let go a moment ago."""
    since_ms = stations.now_ms() - REMINDED_MS
    meant = [one for one in senders if one.paused_reason is not None or (one.resumed_ms or 0) > since_ms]
    each({sender.account_id for sender in meant}, partial(_remind, stations, meant))


def _remind(stations: Stations, meant: Sequence[Sender], account_id: int) -> None:
    obey(stations, stations.account(account_id), {sender.id for sender in meant if sender.account_id == account_id})


def hold_paused(stations: Stations, hold: Hold, senders: Iterable[Sender]) -> None:
    """Hold the lanes of those that are paused, the lanes too that they did not have when they were paused."""
    each((sender for sender in senders if sender.paused_reason is not None), partial(_hold, stations, hold))


def _hold(stations: Stations, hold: Hold, sender: Sender) -> None:
    hold(stations.account(sender.account_id).provider, sender.lanes, sender.paused_until_ms)


def crews_changed(stations: Stations, senders: Sequence[Sender]) -> None:
    """Tell the clock of what the accounts file changed; `senders` are those of the accounts that it named.

    When it cannot be told, the sweeper tells it of the campaigns.
    """
    with if_reachable():
        hold_paused(stations, stations.lanes.hold_lanes, senders)
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
    again = stations.pauses.resume([sender.id for sender in senders], by_hand)
    meant = [sender for sender in senders if sender.id in again]
    try:
        stations.lanes.resume_lanes(account.provider, _lanes(meant))
        obey(stations, account, again, dict.fromkeys(again, GOES_ON))
    except Unavailable:
        for sender in meant:
            if sender.paused_reason is not None:
                stations.pauses.halt([sender.id], sender.paused_reason, sender.paused_until_ms)
        raise
    emit("sender.resumed", account=account.name, senders=again)
