"""The station at the end of a campaign."""

from dispatcher.pipeline.stations import Stations
from dispatcher.pipeline.wait import file_due
from dispatcher.telemetry import emit


def complete(stations: Stations, provider: str, campaign: int) -> bool:
    """Close a campaign that the clock has nothing more of. False while the ledger knows better: then the clock is told
    what is due soon.
    """
    if not stations.campaigns.complete(campaign):
        file_due(stations, campaign)
        return False
    stations.control.forget(provider, campaign)
    emit("campaign.done", campaign=campaign)
    return True
