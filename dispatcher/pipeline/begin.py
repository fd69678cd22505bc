"""The station where the tickets of a job are taken up: begun all at once, then made ready to be sent.

begin   the ticket's lease is renewed in Redis, its messages are taken from the sender's day; a late or doubled
        job stops here, and so does one that hours or caps have something against: its lane rests, or its
        campaign waits, where campaigns have hours of their own
ready   those of a campaign are claimed and guarded together (ready.py)
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby

from dispatcher.domain.account import base_urls_of
from dispatcher.domain.caps import Sent, midnight
from dispatcher.domain.laneclock import TAKE_UP_LEASE_MS
from dispatcher.domain.notbefore import NotBefore, Reason
from dispatcher.domain.pacing import provider_busy_ms
from dispatcher.domain.policies import allowance_of, caps_of, is_closed, sender_not_before
from dispatcher.domain.tickets import CLOSED, Retry, Start, Ticket
from dispatcher.pipeline.apart import apart
from dispatcher.pipeline.passage import Passage
from dispatcher.pipeline.plan import plan
from dispatcher.pipeline.ready import make_ready
from dispatcher.pipeline.spared import spared
from dispatcher.pipeline.stations import Stations, lease_ms
from dispatcher.telemetry import emit

ASKED_AGAIN_MS = 50  # where the clock refused and the policies, some ms later, would not: never at once, in a circle


def begin(stations: Stations, provider: str, tickets: Sequence[Ticket], paces_batches: bool = False) -> list[Passage]:
    """Take up the tickets of a job, without those that were stale or went back: with them nothing is to be done.

    `paces_batches`: the provider may be busy with a ticket long after its call, and the day counts from the send. A
    ticket that breaks us does not take the others along.
    Raises DispatcherTrouble where a server does not answer; their leases bring all of them back.
    """
    asking: list[tuple[Passage, Start]] = []
    going: list[Passage] = []
    with spared(stations, provider, tickets):
        for ticket in tickets:
            with apart(partial(_broken, ticket)):
                asking.extend(_asking(stations, provider, ticket, paces_batches))
        _begin(stations, provider, asking)
        for passage, _ in asking:
            with apart(partial(_broken, passage.ticket)):
                if _goes(stations, passage):
                    going.append(passage)
    _make_ready(stations, going)
    return going


def _broken(ticket: Ticket, error: Exception) -> None:
    emit("begin.broken", "error", campaign=ticket.campaign, seq=ticket.seq, exc_info=error)


def _asking(stations: Stations, provider: str, ticket: Ticket, paces_batches: bool) -> Iterator[tuple[Passage, Start]]:
    if not stations.is_known(ticket) and not stations.clock.take_up(provider, ticket, TAKE_UP_LEASE_MS):
        emit("send.stale", campaign=ticket.campaign, seq=ticket.seq)
        return
    campaign = stations.campaign(ticket.campaign)
    account, sender = stations.account(campaign.account_id), stations.sender(ticket.lane.sender_id)
    passage = Passage(provider, ticket, campaign, account, sender, stations.now_ms())
    if paces_batches:
        passage.spaced_out = True
        passage.lock_ms += provider_busy_ms(campaign.pacing, ticket.size)
    yield passage, _start(passage)


def _begin(stations: Stations, provider: str, asking: Sequence[tuple[Passage, Start]]) -> None:
    if len(asking) == 1:
        ((passage, start),) = asking
        passage.begun = stations.clock.begin(provider, *start)
        return
    answers = stations.clock.begin_all(provider, [start for _, start in asking])
    for (passage, _), begun in zip(asking, answers, strict=True):
        passage.begun = begun


def _start(passage: Passage, known: Sent | None = None) -> Start:
    account, sender, now_ms = passage.account, passage.sender, passage.begun_ms
    allowance = CLOSED if _is_closed(passage) else allowance_of(account, sender, now_ms, known)
    return Start(passage.ticket, lease_ms(account, sender), allowance)


def _is_closed(passage: Passage) -> bool:
    return is_closed(passage.account, passage.campaign.business_hours, passage.begun_ms)


def _goes(stations: Stations, passage: Passage) -> bool:
    """A ticket that is to go back frees its lane."""
    if passage.begun.unknown:
        _begin_with_the_ledgers_count(stations, passage)
    ticket, begun = passage.ticket, passage.begun
    if not begun.held:
        emit("send.stale", campaign=ticket.campaign, seq=ticket.seq)
        return False
    rest = _rest(stations, passage)
    if _is_closed(passage):
        plan(stations, ticket.campaign)  # it waits on the clock until its hours open, and others leave from this lane
        rest = NotBefore(passage.begun_ms + ASKED_AGAIN_MS, Reason.DELAY)
    if rest is not None:
        stations.clock.skip(passage.provider, ticket, [Retry(0, ticket.seq, ticket.size)], rest)
        return False
    if begun.granted < ticket.size:
        passage.put_back.append(Retry(0, ticket.seq + begun.granted, ticket.size - begun.granted))
        passage.ticket = ticket._replace(size=begun.granted)
    return True


def _begin_with_the_ledgers_count(stations: Stations, passage: Passage) -> None:
    """Redis does not know what the sender has sent on its day."""
    sender = passage.sender
    day_start_ms = midnight(caps_of(passage.account, sender).zone, passage.begun_ms)
    known = stations.accounts.sent_since(sender.id, day_start_ms, sender.min_gap_ms)
    passage.begun = stations.clock.begin(passage.provider, *_start(passage, known))


def _rest(stations: Stations, passage: Passage) -> NotBefore | None:
    """Why the ticket goes back and its lane rests; None: nothing speaks against the call."""
    account, sender, now_ms = passage.account, passage.sender, passage.begun_ms
    if not passage.begun.granted:
        refused = sender_not_before(account, sender, passage.begun.sent or Sent(), now_ms)
        return refused or NotBefore(now_ms + ASKED_AGAIN_MS, Reason.DELAY)
    wait_ms = stations.circuits.ask(base_urls_of(account, sender), lease_ms(account, sender))
    return NotBefore(now_ms + wait_ms, Reason.BREAKER) if wait_ms else None


def _make_ready(stations: Stations, going: Sequence[Passage]) -> None:
    """Whoever is alone of its campaign is made ready in `send`, when it has a thread of its own: what one thread asks
    for many campaigns it asks one after the other."""
    for _, found in groupby(sorted(going, key=_campaign), key=_campaign):
        own = list(found)
        if len(own) > 1:
            make_ready(stations, own)


def _campaign(passage: Passage) -> int:
    return passage.campaign.id
