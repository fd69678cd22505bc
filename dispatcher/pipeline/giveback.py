"""Freeing a client: whom a message certainly did not reach, and who replied. Who waits for the client goes next.

The ledger first, which knows whether another attempt of the same message may have reached the client after all;
then Redis, however long that is away or being rebuilt: a lock that stayed there alone would keep the client for a day.
"""

from collections.abc import Sequence

from dispatcher.domain.followups import holder_of
from dispatcher.domain.guards import shared_scopes
from dispatcher.domain.ids import MessageId
from dispatcher.pipeline.persist import persist
from dispatcher.pipeline.stations import Stations
from dispatcher.pipeline.wait import file_client

SURE_AFTER_S = 30.0  # a rebuild takes seconds


def give_back(stations: Stations, scope: str, key: str, message: MessageId) -> None:
    """To be called when the outcome is written. Raises DispatcherTrouble when a server stays away."""
    stands = persist(lambda: stations.lock_book.give_back(scope, key, message), SURE_AFTER_S)
    if stands is not None:
        persist(lambda: stations.locks.give_back(scope, key, holder_of(message), stands), SURE_AFTER_S)
        file_client(stations, key, but=holder_of(message))


def lift(stations: Stations, key: str, at_ms: int, heard: Sequence[str] | None = None) -> list[str]:
    """End the client's locks in these scopes (None: in all) as a reply of `at_ms` does; the scopes that it freed.

    Redis may hold one that the ledger does not: of a worker that died between the two. Where many clients share a
    scope it is looked for as well; one sender's own stays until the day is over.
    """
    lifted = stations.lock_book.lift(key, at_ms, heard)
    for scope in dict.fromkeys([*lifted, *shared_scopes(heard)]):
        stations.locks.lift(scope, key, at_ms)
    return lifted
