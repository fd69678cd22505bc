"""The station that puts an accepted campaign on the lane clock."""

from collections.abc import Sequence

from dispatcher.domain.tickets import Retry
from dispatcher.domain.trouble import DispatcherTrouble
from dispatcher.pipeline.stations import Stations
from dispatcher.telemetry import emit


def plan(stations: Stations, campaign: int) -> bool:
    """Tell the clock of a campaign, or of what it has grown by. False: Redis is away; the sweeper tries again."""
    provider = provider_of(stations, campaign)
    known, _ = stations.campaigns.plan_of(campaign)
    try:
        stations.clock.plan(provider, known)
    except DispatcherTrouble as trouble:
        emit("pacer.trouble", "warning", reason=str(trouble))
        return False
    stations.campaigns.opened(campaign)
    return True


def plan_anew(stations: Stations, campaign: int) -> None:
    """Forget what the clock knew of a campaign and build it from the ledger, waiting retries included."""
    provider = provider_of(stations, campaign)
    stations.clock.forget(provider, campaign)
    known, retries = stations.campaigns.plan_of(campaign)
    stations.clock.plan(provider, known)
    stations.control.file_retries(provider, campaign, retries)


def release_again(stations: Stations, campaign: int, retries: Sequence[Retry]) -> None:
    """Release messages that wait in the ledger; a campaign that the clock had forgotten is planned anew for them."""
    if not stations.control.file_retries(provider_of(stations, campaign), campaign, retries):
        plan_anew(stations, campaign)


def provider_of(stations: Stations, campaign: int) -> str:
    return stations.account(stations.campaign(campaign).account_id).provider
