"""A worker that cannot go on with a ticket, for a server is away, says that it lives: then the ticket's silence is no
sign that its messages kill workers (`loststarts`)."""

from collections.abc import Iterator
from contextlib import contextmanager

from dispatcher.domain.tickets import Ticket
from dispatcher.domain.trouble import DispatcherTrouble
from dispatcher.pipeline.persist import if_reachable
from dispatcher.pipeline.stations import Stations


@contextmanager
def spared(stations: Stations, provider: str, ticket: Ticket) -> Iterator[None]:
    """Raises the DispatcherTrouble of its block; the ticket's lease brings it back."""
    try:
        yield
    except DispatcherTrouble:
        with if_reachable():
            stations.clock.spare(provider, ticket)
        raise
