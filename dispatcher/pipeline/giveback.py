"""Freeing a client whom a message certainly did not reach: what the stations that settle share.

The ledger first, which knows whether another attempt of the same message may have reached the client after all;
then Redis, however long that is away or being rebuilt: a lock that stayed there alone no reply would lift. Who waits
for the client goes next.
"""

from dispatcher.domain.ids import MessageId
from dispatcher.pipeline.persist import persist
from dispatcher.pipeline.stations import Stations
from dispatcher.pipeline.wait import file_client

SURE_AFTER_S = 30.0  # a rebuild takes seconds


def give_back(stations: Stations, scope: str, key: str, holder: MessageId) -> None:
    """To be called when the outcome is written. Raises DispatcherTrouble when a server stays away."""
    if persist(lambda: stations.lock_book.give_back(scope, key, holder), SURE_AFTER_S):
        persist(lambda: stations.locks.give_back(scope, key, holder), SURE_AFTER_S)
        file_client(stations, key, but=holder)
