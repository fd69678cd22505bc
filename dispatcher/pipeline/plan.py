"""The station that puts an accepted campaign on the lane clock."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from dispatcher.domain.hours import not_before
from dispatcher.domain.retries import near
from dispatcher.domain.tickets import Plan, Retry
from dispatcher.pipeline.apart import each
from dispatcher.pipeline.persist import if_reachable
from dispatcher.pipeline.stations import Stations


def plan(stations: Stations, campaign: int) -> None:
    """Tell the clock of a campaign as it is in the ledger: new, grown, held, over. The sweeper does it again if it
    could not be told."""
    provider = provider_of(stations, campaign)
    known, _ = stations.plans.plan_of(campaign)
    with if_reachable():
        _tell(stations, provider, known)
        stations.plans.opened(campaign)


def plan_unopened(stations: Stations, older_than_s: float = 2) -> None:
    """Tell the clock of campaigns that changed so long ago without its hearing of it. Younger ones somebody is about
    to tell it of."""
    each(stations.plans.unopened(older_than_s), partial(plan, stations))


def plan_anew(stations: Stations, campaign: int) -> None:
    """Forget what the clock knew of a campaign and build it from the ledger, with what waits and is due soon."""
    provider = provider_of(stations, campaign)
    stations.control.forget(provider, campaign)
    known, retries = stations.plans.plan_of(campaign)
    _tell(stations, provider, known)
    stations.retries.file_retries(provider, campaign, near(retries, stations.now_ms()))


def _tell(stations: Stations, provider: str, known: Plan) -> None:
    if known.over:
        stations.control.forget(provider, known.campaign)
    else:
        stations.control.plan(provider, in_hours(known, stations.now_ms()))


def in_hours(known: Plan, now_ms: int) -> Plan:
    """A campaign that waits for hours of its own begins when they open. One that is held back for longer asks then."""
    if known.hours is None or known.not_before_ms > now_ms:
        return known
    opens = not_before(known.hours, now_ms)
    return replace(known, not_before_ms=opens.ms, why=opens.reason) if opens.ms > now_ms else known


def release_again(stations: Stations, campaign: int, retries: Sequence[Retry]) -> None:
    """Release messages that wait in the ledger; a campaign that the clock had forgotten is planned anew for them."""
    if not stations.retries.file_retries(provider_of(stations, campaign), campaign, retries):
        plan_anew(stations, campaign)


def provider_of(stations: Stations, campaign: int) -> str:
    return stations.provider_of(campaign)
