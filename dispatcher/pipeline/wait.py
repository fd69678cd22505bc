"""The station of what waits for a time of its own: kept in the ledger, filed with the clock shortly before.

Redis holds a campaign's next slice of it at most, so that a million clients who are in contact do not become a million
retries there. Filing twice does no harm: it is the same entry, none for what is out, and the claim swallows what left.
"""

from functools import partial

from dispatcher.domain.followups import root_of
from dispatcher.domain.ids import MessageId
from dispatcher.domain.retries import NEAR_MS, SLICE
from dispatcher.pipeline.apart import each
from dispatcher.pipeline.persist import if_reachable
from dispatcher.pipeline.plan import provider_of, release_again
from dispatcher.pipeline.stations import Stations


def file_due(stations: Stations, campaign: int) -> None:
    """Tell the clock what of a campaign is due soon, as long as it has little of it."""
    if not _has_room(stations, campaign, SLICE // 2):
        return
    due = stations.waits.due(campaign, stations.now_ms() + NEAR_MS, SLICE)
    if due:
        release_again(stations, campaign, due)


def _has_room(stations: Stations, campaign: int, most: int) -> bool:
    return stations.retries.waiting(provider_of(stations, campaign), campaign) <= most


def file_all_due(stations: Stations) -> None:
    each(stations.waits.campaigns(stations.now_ms() + NEAR_MS), partial(file_due, stations))


def file_client(stations: Stations, key: str, but: MessageId | None = None) -> None:
    """Tell the clock of the messages of a client whose lock is gone; the sweeper does, if it could not be told, or
    where so many have answered at once that it has the campaign's slice already.

    `but`: whose lock it was, which comes back with the rest of its batch.
    """
    with if_reachable():
        for campaign, retry in stations.waits.of_client(key, stations.now_ms()):
            if MessageId(campaign, root_of(retry.seq)) != but and _has_room(stations, campaign, SLICE):
                release_again(stations, campaign, [retry])
