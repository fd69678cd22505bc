"""The station of the operators: pause, resume and cancel a campaign, send again what failed or is in doubt.

The ledger comes first: from that moment no claim succeeds, whatever the clock still releases. The clock is
told next, so that it releases nothing; only the calls already in flight still happen.
"""

from collections.abc import Collection
from typing import Protocol

from dispatcher.domain.campaign import NoSenderLeft
from dispatcher.domain.lifecycle import CampaignState, MessageState
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


class DoubtsBook(Protocol):
    def retry_all(self, campaign: int) -> int:
        """Let every message in doubt wait again; how many."""


def pause(stations: Stations, book: CampaignBook, campaign: int, reason: str | None = None) -> bool:
    """Release nothing more of a campaign. It holds also when Redis is away: claims ask the ledger."""
    if not book.pause(campaign, reason):
        return False
    with if_reachable():
        stations.control.hold_campaign(provider_of(stations, campaign), campaign)
    return True


def resume(stations: Stations, book: CampaignBook, campaign: int) -> bool:
    """Let a campaign go on. Raises NoSenderLeft, and DispatcherTrouble when the clock cannot be told: it is to be
    asked for again."""
    known, _ = stations.plans.plan_of(campaign)
    if not known.over and not known.lanes:
        raise NoSenderLeft("none of its senders is in the accounts file: it cannot go on")
    if not book.resume(campaign):
        return False
    plan(stations, campaign)
    stations.control.resume_campaign(provider_of(stations, campaign), campaign)
    return True


def resume_scope(
    stations: Stations, book: CampaignBook, doubts: DoubtsBook, campaign: int, scope: Collection[MessageState]
) -> bool:
    """Take up these of RESUMABLE: what waits goes on, what failed is sent again, what is in doubt is sent again and
    may reach its recipient twice. False: it is cancelled, or done with nothing in scope but what waits. Raises as
    `resume`."""
    if stations.campaigns.get(campaign).state is CampaignState.CANCELLED:
        return False
    if MessageState.FAILED in scope:
        retry_failed(stations, book, campaign)
    if MessageState.IN_DOUBT in scope and doubts.retry_all(campaign):
        _release_waiting(stations, campaign)
    goes_on = MessageState.PENDING in scope and resume(stations, book, campaign)
    return goes_on or set(scope) != {MessageState.PENDING}


def cancel(stations: Stations, book: CampaignBook, campaign: int) -> bool:
    """End a campaign: what was not sent yet is cancelled, for good."""
    if not book.cancel(campaign):
        return False
    with if_reachable():
        stations.control.forget(provider_of(stations, campaign), campaign)
    return True


def retry_failed(stations: Stations, book: CampaignBook, campaign: int) -> bool:
    """Send again what failed at the provider; a campaign that was done runs again. False: it is cancelled.

    When the clock cannot be told, the sweeper finds what waits.
    """
    if not book.retry_failed(campaign):
        return stations.campaigns.get(campaign).state is not CampaignState.CANCELLED
    _release_waiting(stations, campaign)
    return True


def _release_waiting(stations: Stations, campaign: int) -> None:
    """Messages that were settled and wait again."""
    _, waiting = stations.plans.plan_of(campaign)
    with if_reachable():
        release_again(stations, campaign, [retry for retry in near(waiting, stations.now_ms()) if retry.due_ms])
