"""The station of the operators: pause, resume and cancel a campaign, send again what failed.

The ledger comes first: from that moment no claim succeeds, whatever the clock still releases. The clock is
told next, so that it releases nothing; only the calls already in flight still happen.
"""

from typing import Protocol

from dispatcher.domain.lifecycle import CampaignState
from dispatcher.domain.retries import near
from dispatcher.pipeline.persist import if_reachable
from dispatcher.pipeline.plan import plan, provider_of, release_again
from dispatcher.pipeline.stations import Stations


class CampaignBook(Protocol):
    """The states of campaigns in the ledger. False: the campaign is over, or unknown."""

    def pause(self, campaign: int, reason: str | None = None) -> bool: ...

    def resume(self, campaign: int) -> bool: ...

    def cancel(self, campaign: int) -> bool: ...

    def retry_failed(self, campaign: int) -> int:
        """Let every message that failed at a provider wait again; how many. None of a cancelled campaign."""


def pause(stations: Stations, book: CampaignBook, campaign: int, reason: str | None = None) -> bool:
    """Release nothing more of a campaign. It holds also when Redis is away: claims ask the ledger."""
    if not book.pause(campaign, reason):
        return False
    with if_reachable():
        stations.control.hold_campaign(provider_of(stations, campaign), campaign)
    return True


def resume(stations: Stations, book: CampaignBook, campaign: int) -> bool:
    """Let a campaign go on. Raises DispatcherTrouble when the clock cannot be told: it is to be asked for again."""
    if not book.resume(campaign):
        return False
    plan(stations, campaign)
    stations.control.resume_campaign(provider_of(stations, campaign), campaign)
    return True


def cancel(stations: Stations, book: CampaignBook, campaign: int) -> bool:
    """End a campaign: what was not sent yet is cancelled, for good."""
    if not book.cancel(campaign):
        return False
    with if_reachable():
        stations.clock.forget(provider_of(stations, campaign), campaign)
    return True


def retry_failed(stations: Stations, book: CampaignBook, campaign: int) -> bool:
    """Send again what failed at the provider; a campaign that was done runs again. False: it is cancelled.

    When the clock cannot be told, the sweeper finds what waits.
    """
    if not book.retry_failed(campaign):
        return stations.campaigns.get(campaign).state is not CampaignState.CANCELLED
    _, waiting = stations.campaigns.plan_of(campaign)
    with if_reachable():
        release_again(stations, campaign, [retry for retry in near(waiting, stations.now_ms()) if retry.due_ms])
    return True
