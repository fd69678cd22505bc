"""The two stations up to the provider's answer, for a ticket that is alone in its job."""

from dispatcher.domain.tickets import Ticket
from dispatcher.pipeline.begin import begin
from dispatcher.pipeline.passage import Passage
from dispatcher.pipeline.send import send as send_begun
from dispatcher.pipeline.stations import Stations


def send(stations: Stations, provider: str, ticket: Ticket, paces_batches: bool = False) -> Passage | None:
    """None: it was stale, or went back."""
    for passage in begin(stations, provider, [ticket], paces_batches):
        send_begun(stations, passage)
        return passage
    return None
