"""Building up Redis again from the ledger, when it comes back empty or is another server than before.

Nothing is released and no lock is taken until the last step: the scripts refuse without the epoch.

    1. forget what is there            half a memory is worse than none
    2. locks                           from the book of locks
    3. campaigns, retries, lanes       every lane rests for a delay drawn from its pace: no burst after a loss;
                                       paused senders stand still again
    4. flights                         messages that are sending keep their lane until their lease is over; not before
                                       everybody asks the clock who began before it was lost, and has not claimed yet
    5. the epoch
    6. lanes of outcomes               whoever wrote one down during the last two steps was refused by the clock: its
                                       lane would stay until the lease is over, a minute and more
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from functools import partial
from time import monotonic

from dispatcher.domain.pacing import delay_ms
from dispatcher.domain.retries import near
from dispatcher.domain.tickets import Ticket
from dispatcher.pipeline.apart import apart, each
from dispatcher.pipeline.complete import complete
from dispatcher.pipeline.gate import HELD_UP_MS
from dispatcher.pipeline.plan import in_hours, provider_of
from dispatcher.pipeline.ports.campaigns import Survivors
from dispatcher.pipeline.ports.clock import ClockBuilder
from dispatcher.pipeline.senders import hold_paused, remind
from dispatcher.pipeline.stations import Stations, lease_ms
from dispatcher.telemetry import emit

UNREADABLE_LEASE_MS = 900_000  # above every lease that there can be, where its account or sender cannot be read


def rebuild(
    stations: Stations,
    builder: ClockBuilder,
    survivors: Survivors,
    alone: Callable[[], AbstractContextManager[bool]],
) -> bool:
    """Build the clock and the locks from the ledger; False when somebody else did, or is doing it now.

    `alone()` is a lock among all hosts that yields whether it was got.
    """
    with alone() as mine:
        if not mine or builder.is_ours():
            return False
        started = monotonic()
        builder.clear()
        cleared = monotonic()
        locks = builder.put_locks(survivors.locks(stations.now_ms()))
        campaigns = survivors.live_campaigns()
        each(campaigns, partial(_put_campaign, stations, builder), _broken)
        hold_paused(stations, builder.hold_lanes, stations.accounts.once_paused())
        if campaigns:
            stations.pause(max(0, HELD_UP_MS - int((monotonic() - cleared) * 1000)))
        flights = survivors.flights()
        for ticket in flights:
            builder.put_flight(provider_of(stations, ticket.campaign), ticket, _lease_ms(stations, ticket))
        builder.complete()
        _free_landed(stations, flights)
    remind(stations, stations.accounts.once_paused())  # who was paused or let go while the old word was being put
    took_ms = int((monotonic() - started) * 1000)
    emit("clock.rebuilt", "warning", campaigns=len(campaigns), locks=locks, took_ms=took_ms)
    return True


def _broken(error: Exception) -> None:
    emit("chore.broken", "error", exc_info=error)


def _lease_ms(stations: Stations, ticket: Ticket) -> int:
    lease = UNREADABLE_LEASE_MS
    with apart(_broken):
        sender = stations.sender(ticket.lane.sender_id)
        lease = lease_ms(stations.account(sender.account_id), sender)
    return lease


def _free_landed(stations: Stations, flights: Iterable[Ticket]) -> None:
    """What waits again, or whose client is to be given back, is left to the end of the lease (pace.recover)."""
    for ticket in flights:
        provider = provider_of(stations, ticket.campaign)
        landed = not any(stations.messages.whereabouts(ticket))
        if landed and stations.clock.finish(provider, ticket, stations.jitter()).exhausted:
            complete(stations, provider, ticket.campaign)


def _put_campaign(stations: Stations, builder: ClockBuilder, campaign: int) -> None:
    provider = provider_of(stations, campaign)
    plan, retries = stations.plans.plan_of(campaign)
    if plan.over:
        return
    now_ms = stations.now_ms()
    builder.plan(provider, in_hours(plan, now_ms), near(retries, now_ms))
    for lane in plan.lanes:
        builder.rest_lane(provider, lane, now_ms + delay_ms(plan.pacing, stations.jitter()))
    stations.plans.opened(campaign)
