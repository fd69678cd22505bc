"""The station that releases what is due: pacers run it, as many as there are workers."""

from collections.abc import Iterable

from dispatcher.domain.claims import Settled, Whereabouts
from dispatcher.domain.guards import lock_scope
from dispatcher.domain.ids import MessageId
from dispatcher.domain.loststarts import Stopped
from dispatcher.domain.outcomes import Fate, Outcome
from dispatcher.domain.retries import first_look_s, near
from dispatcher.domain.tickets import Landing, Released, Ticket
from dispatcher.pipeline.giveback import give_back
from dispatcher.pipeline.stations import Stations, account_of
from dispatcher.telemetry import emit

RELEASE_LIMIT = 100  # tickets in one look: a batch that Redis takes in a few milliseconds
CUT_OFF = Outcome(Fate.IN_DOUBT, "worker_lost", "the worker was lost between claiming the message and its outcome")


def pace(stations: Stations, provider: str, room: int) -> Released:
    """Release what is due, as long as fewer than `room` tickets wait for a worker, and publish it.

    A ticket whose publishing fails comes back through its lease, so nothing is undone here.
    """
    released = stations.clock.release(provider, room, RELEASE_LIMIT)
    stations.bus.sends(provider, released.tickets)
    return released


def recover(stations: Stations, provider: str, ticket: Ticket, first_lookup_s: float | None) -> bool:
    """Find out what became of a ticket whose lease ran out; True when its campaign may be done.

    Still pending: it was never claimed and is released again; where a worker had taken it up, and did not say that it
    lives, that counts against it. Sending: whoever claimed it is gone, and
    whether the provider was called is not known. Certainly not sent: whoever wrote that may have died before the
    client was given back.
    """
    found = stations.messages.whereabouts(ticket)
    left = max(0, ticket.size - sum(retry.size for retry in found.pending))
    if found.pending and (silent_ms := stations.clock.silent_ms(provider, ticket)):
        found = _start_lost(stations, provider, ticket, silent_ms)
    if found.sending:
        cut_off(stations, ticket.campaign, found.sending, first_lookup_s)
    if found.unsent and stations.campaign(ticket.campaign).guarded:
        scope = lock_scope(account_of(stations, ticket.campaign), stations.sender(ticket.lane.sender_id))
        for seq, key in found.unsent:
            give_back(stations, scope, key, MessageId(ticket.campaign, seq))
    emit(
        "lease.overdue",
        "warning",
        campaign=ticket.campaign,
        seq=ticket.seq,
        pending=len(found.pending),
        in_doubt=len(found.sending),
    )
    retries = near(found.pending, stations.now_ms())
    landing = Landing(left)  # what is pending was not sent, and goes back to the sender's day
    return stations.clock.finish(provider, ticket, stations.jitter(), 0, retries, landing).exhausted


def _start_lost(stations: Stations, provider: str, ticket: Ticket, silent_ms: int) -> Whereabouts:
    """Nothing of its campaign, sender or account is read here: that may be what kills."""
    now_ms = stations.now_ms()
    failed, stopped = stations.starts.note(ticket, now_ms, now_ms - silent_ms)
    level = "error" if failed or stopped else "warning"
    emit("start.lost", level, campaign=ticket.campaign, seq=ticket.seq, failed=failed)
    if stopped is not None:
        _stop(stations, provider, stopped)
    return stations.messages.whereabouts(ticket)


def _stop(stations: Stations, provider: str, stopped: Stopped) -> None:
    """Those who were not told, for Redis was away, are when the next of their messages is lost."""
    for campaign in stopped.campaigns:
        stations.control.hold_campaign(provider, campaign)
    if stopped.lanes:
        stations.lanes.hold_lanes(provider, stopped.lanes, None)
    senders = sorted({lane.sender_id for lane in stopped.lanes})
    emit("start.stopped", "error", campaigns=stopped.campaigns, senders=senders, reason=stopped.reason)


def cut_off(
    stations: Stations, campaign: int, sending: Iterable[tuple[int, int]], first_lookup_s: float | None
) -> None:
    """Put in doubt these (seq, attempt), whose worker is gone."""
    look_s = first_look_s(first_lookup_s, account_of(stations, campaign).on_doubt)
    due_ms = None if look_s is None else stations.now_ms() + int(look_s * 1000)
    stations.messages.settle(campaign, [Settled(seq, attempt, CUT_OFF, due_ms) for seq, attempt in sending])
