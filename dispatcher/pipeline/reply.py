"""The station for what comes back: replies lift locks or opt out, receipts fill in times, connections steer senders.

An event is stored before anything else and processed by a job of its own, so that a webhook answers
at once and a crash in between loses nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from dispatcher.domain import optout
from dispatcher.domain.account import Account, Sender
from dispatcher.domain.guards import scopes_heard
from dispatcher.domain.inbound import InboundEvent, InboundKind, StoredEvent, is_to_the_second
from dispatcher.domain.trouble import DispatcherTrouble
from dispatcher.pipeline.complete import complete
from dispatcher.pipeline.feed import has_room
from dispatcher.pipeline.giveback import lift
from dispatcher.pipeline.persist import if_reachable
from dispatcher.pipeline.plan import provider_of
from dispatcher.pipeline.senders import disconnected, line_changed
from dispatcher.pipeline.stations import Stations
from dispatcher.pipeline.wait import file_client
from dispatcher.telemetry import emit

LINE = "line_"  # what the system behind CPC puts before the numbers of its lines
UNKNOWN_MESSAGE = "unknown message"
EARLY_WAITS_S = (2.0, 10.0, 60.0, 300.0, 1800.0)
"""A webhook can be faster than the answer to the call that it is about, and a doubt's look-up takes its time: so long
after each try a receipt is held against the messages again, while one to its client is under way."""


def receive(stations: Stations, account: Account | None, events: Iterable[InboundEvent]) -> int:
    """Store events and have them processed; how many were new. Where the queue is long they wait in the ledger for
    their account's turn, and so do those that Redis missed.
    """
    now_ms, at_once = stations.now_ms(), has_room(stations)
    dated = [_dated(stations, event, now_ms) for event in events]
    numbers = stations.inbound.store(account, dated, None if at_once else now_ms)
    if at_once:
        with if_reachable():
            stations.bus.inbound(numbers)
    return len(numbers)


def _dated(stations: Stations, event: InboundEvent, now_ms: int) -> InboundEvent:
    """What came without a time happened now, but for a reply: of one that may be old, nothing is believed.

    Connection events repeat to the letter: one of each in a minute is news.
    """
    if event.kind is InboundKind.REPLY:
        return replace(event, at_ms=_replied_ms(stations, event, now_ms))
    at_ms = event.at_ms or now_ms
    if event.kind is InboundKind.CONNECTION:
        return replace(event, at_ms=min(at_ms, now_ms), event_id=f"{event.event_id}:{now_ms // 60_000}")
    return replace(event, at_ms=at_ms)


def _replied_ms(stations: Stations, event: InboundEvent, now_ms: int) -> int:
    """The latest moment that the reply can be of: none that lies ahead, or it would lift what is sent meanwhile.

    Two routes may bring one reply under two names. What is stamped to the second therefore counts from when the first
    reply of that second did: it would lift what was sent between the two.
    """
    at_ms = min(event.at_ms, now_ms)
    if not event.key or not is_to_the_second(event.at_ms):
        return at_ms
    first_ms = stations.feedback.heard(event.key, event.at_ms - 999, at_ms)
    return at_ms if first_ms is None else first_ms


def process(stations: Stations, number: int) -> None:
    """Apply a stored event. Doing it twice does no harm: each effect is one that only moves forward. One that breaks us
    is tried again a few times and then left: it must not come back for ever."""
    try:
        _process(stations, number)
    except DispatcherTrouble:
        raise
    except Exception as error:
        emit("inbound.broken", "error", event_number=number, error=type(error).__name__)
        stations.inbound.broken(number)


def _process(stations: Stations, number: int) -> None:
    stored = stations.inbound.take(number)
    if stored is None:
        return
    what = _apply(stations, stored)
    if what == UNKNOWN_MESSAGE:
        if _put_off(stations, number, stored):
            return
        what = _apply(stations, stored)  # its message may have got its name between the two looks
    stations.inbound.processed(number, what)
    emit("inbound.processed", event_number=number, kind=stored.event.kind.value, what=what)


def _apply(stations: Stations, stored: StoredEvent) -> str:
    return _EFFECTS[stored.event.kind](stations, stored.account_id, stored.event)


def _reply(stations: Stations, account_id: int | None, event: InboundEvent) -> str:
    """The ledger first: if the process dies before Redis hears of it, the event is processed again."""
    if not event.key:
        return "no client"
    opted_out = optout.opts_out(event.text, _opt_out_words(stations, account_id))
    if opted_out:
        stations.suppress(event.key, optout.REASON)
        _end(stations, stations.follow_ups.suppress(event.key))
    scopes = lift(stations, event.key, event.at_ms, _heard(stations, account_id, event.sender_name))
    _end(stations, stations.follow_ups.answered(event.key, event.at_ms, account_id))
    if scopes:
        file_client(stations, event.key)
    stations.feedback.answered(event.key, event.at_ms, account_id)
    return f"lifted {len(scopes)}" + ", opted out" * opted_out


def _end(stations: Stations, campaigns: Iterable[int]) -> None:
    """Campaigns that lost a follow-up may be done; the sweeper finds those, if the clock cannot be told."""
    for campaign in campaigns:
        with if_reachable():
            complete(stations, provider_of(stations, campaign), campaign)


def _heard(stations: Stations, account_id: int | None, sender_name: str) -> list[str] | None:
    """The scopes of the account that heard a reply: it says nothing about who is in contact through another.

    A name that is no sender's (a number of a wallet, a line's name) stands for all of them.
    """
    if account_id is None:
        return None
    senders = stations.accounts.senders(account_id)
    named = [sender for sender in senders if _is_called(sender, sender_name)]
    return scopes_heard(account_id, [sender.id for sender in named or senders])


def _opt_out_words(stations: Stations, account_id: int | None) -> Sequence[str]:
    """Those of the account that heard the reply; the default where an app of its own did, for no account."""
    return optout.words_of({} if account_id is None else stations.account(account_id).options)


def _receipt(stations: Stations, account_id: int | None, event: InboundEvent) -> str:
    if not event.provider_ref or event.receipt is None:
        return "no message"
    known = stations.feedback.receipt(account_id, event.provider_ref, event.receipt, event.at_ms, event.reason)
    return event.receipt.value if known else UNKNOWN_MESSAGE


def _echo(stations: Stations, account_id: int | None, event: InboundEvent) -> str:
    if account_id is None:
        return "no account"
    return "named" if stations.feedback.named(account_id, event) else UNKNOWN_MESSAGE


def _progress(stations: Stations, account_id: int | None, event: InboundEvent) -> str:
    """A mass send goes on or is over: it is asked about at once."""
    first = None if account_id is None else stations.polls.named(account_id, event.job_ref)
    if first is None:
        return "nothing to ask"
    stations.bus.polls([first])
    return "asked"


def _put_off(stations: Stations, number: int, stored: StoredEvent) -> bool:
    """An early receipt waits; False: its message is known by now, or will never be, and this was the last try."""
    if stored.tries >= len(EARLY_WAITS_S) or not stations.feedback.is_awaited(stored.event.key):
        return False
    stations.inbound.put_off(number, stations.now_ms() + int(EARLY_WAITS_S[stored.tries] * 1000))
    return True


def _connection(stations: Stations, account_id: int | None, event: InboundEvent) -> str:
    """Pauses a sender that went down; lets one go on that was paused for that, never one that an operator paused.

    In the order in which it happened: what comes late changes nothing.
    """
    if account_id is None or event.connected is None:
        return "no sender"
    senders = _meant(stations.accounts.senders(account_id), event.sender_name)
    reason = None if event.connected else disconnected(event.reason)
    changed = line_changed(stations, stations.account(account_id), senders, event.at_ms, reason)
    return f"{'resumed' if event.connected else 'paused'} {len(changed)}"


def _meant(senders: Sequence[Sender], name: str) -> Sequence[Sender]:
    """The sender of that name. A provider's own name for the line, or none, means the only sender; of several, nothing.

    A number that is not the sender's is another line.
    """
    named = [sender for sender in senders if _is_called(sender, name)]
    is_number = name.removeprefix(LINE).isdigit()
    return senders if not named and len(senders) == 1 and not is_number else named


def _is_called(sender: Sender, name: str) -> bool:
    return sender.name in (name, name.removeprefix(LINE))


_EFFECTS = {
    InboundKind.REPLY: _reply,
    InboundKind.RECEIPT: _receipt,
    InboundKind.CONNECTION: _connection,
    InboundKind.ECHO: _echo,
    InboundKind.PROGRESS: _progress,
}
