"""The stations for a ticket that is alone in its job."""

from dispatcher.domain.tickets import Ticket
from dispatcher.pipeline.begin import begin
from dispatcher.pipeline.passage import Passage
from dispatcher.pipeline.send import send as send_begun
from dispatcher.pipeline.settle import settle as settle_all
from dispatcher.pipeline.stations import Stations


def send(stations: Stations, provider: str, ticket: Ticket, paces_batches: bool = False) -> Passage | None:
    """Up to the provider's answer. None: it was stale, or went back."""
    for passage in begin(stations, provider, [ticket], paces_batches):
        send_begun(stations, passage)
        return passage
    return None


def settle(stations: Stations, passage: Passage, first_lookup_s: float | None, paces_batches: bool) -> bool:
    """Whether its campaign may be done; raises what kept it from being settled."""
    over = settle_all(stations, [passage], first_lookup_s, paces_batches)
    if passage.failure is not None:
        raise passage.failure
    return passage.campaign.id in over
