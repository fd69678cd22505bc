"""The station where a campaign comes in: stored whole or not at all, then planned."""

from collections.abc import Sequence

from dispatcher.domain.account import Account
from dispatcher.domain.campaign import Accepted, Draft
from dispatcher.pipeline.plan import plan
from dispatcher.pipeline.stations import Stations
from dispatcher.telemetry import emit


def accept(stations: Stations, account: Account, draft: Draft, idempotency: tuple[str, str] | None = None) -> Accepted:
    """Store a draft and put it on the clock; the receipt is given only after the commit.

    `idempotency` is (key, digest of the request). When Redis is away the campaign is accepted all the
    same: the ledger is the truth, and a sweeper plans it later.
    """
    accepted = stations.campaigns.accept(account, draft, idempotency)
    if not accepted.replayed:
        plan(stations, accepted.campaign_id)
        emit(
            "campaign.accepted",
            campaign=accepted.campaign_id,
            account=account.name,
            accepted=accepted.accepted,
            queued=accepted.queued,
        )
    return accepted


def locked_keys(stations: Stations, scope: str, keys: Sequence[str]) -> dict[str, int]:
    """Of these clients, those with an open contact and the ms it lasts."""
    return stations.locks.held(scope, keys)
