"""The station that keeps the queue of events short, and the accounts in it in turns.

A webhook's event goes into the queue at once while that is short. Beyond, it waits in the ledger, where a storm costs
Redis nothing, and pacers feed the queue from there: the oldest event of each account, then the next of each.
"""

from dispatcher.domain.trouble import DispatcherTrouble
from dispatcher.pipeline.stations import Stations

QUEUED = 200  # jobs: work for all workers for a second or so, and a short wait for whoever comes next
OVERDUE_S = 10.0  # a job of the events queue is taken within seconds
FEED_EVERY_S = 0.5


def has_room(stations: Stations) -> bool:
    """Is the queue short enough for an event that comes now? Not while it cannot be seen."""
    try:
        return stations.events_queued() < QUEUED
    except DispatcherTrouble:
        return False


def feed(stations: Stations) -> None:
    """Fill the queue up. Raises DispatcherTrouble."""
    room = QUEUED - stations.events_queued()
    if room > 0:
        stations.bus.inbound(stations.inbound.waiting(OVERDUE_S, room, OVERDUE_S))
