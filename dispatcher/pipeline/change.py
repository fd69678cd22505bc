"""The station where a campaign that runs is given another pace, start, priority or name.

The ledger comes first, and notes that the clock does not know yet: should this process die before it is told, the
sweeper tells it.
"""

from typing import Protocol

from dispatcher.domain.changes import Change
from dispatcher.pipeline.plan import plan
from dispatcher.pipeline.stations import Stations, account_of
from dispatcher.telemetry import emit


class ChangeBook(Protocol):
    """What the ledger writes down of changes."""

    def change(self, campaign: int, change: Change, batch: int | None) -> bool:
        """False: the campaign is over, or unknown."""


def change(stations: Stations, book: ChangeBook, campaign: int, change: Change) -> bool:
    """Change what is given; the delay after the very next message is drawn from the new pace. False: it is over."""
    batch = None
    if change.chunk_size is not None:
        batch = stations.batch(account_of(stations, campaign), change.chunk_size)
    if not book.change(campaign, change, batch):
        return False
    plan(stations, campaign)
    emit("campaign.changed", campaign=campaign)
    return True
