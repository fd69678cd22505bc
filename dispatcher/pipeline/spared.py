"""A worker that cannot go on with tickets, for a server is away, says that it lives: then their silence is no
sign that its messages kill workers (`loststarts`)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from dispatcher.domain.tickets import Ticket
from dispatcher.domain.trouble import DispatcherTrouble
from dispatcher.pipeline.persist import if_reachable
from dispatcher.pipeline.stations import Stations


@contextmanager
def spared(stations: Stations, provider: str, tickets: Sequence[Ticket]) -> Iterator[None]:
    """Raises the DispatcherTrouble of its block; the tickets' leases bring them back."""
    try:
        yield
    except DispatcherTrouble:
        with if_reachable():
            for ticket in tickets:
                stations.clock.spare(provider, ticket)
        raise
