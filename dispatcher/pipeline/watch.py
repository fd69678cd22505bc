"""The station of a campaign that pauses itself, for too much of it fails.

What it costs: nothing for a message that is sent; for one that failed a look at the counts of its campaign (one
statement, some twenty rows by their key), and a write for the first failure of a window.
"""

from collections.abc import Sequence

from dispatcher.domain.claims import Settled
from dispatcher.domain.errorrate import Tally, judge
from dispatcher.domain.outcomes import Fate
from dispatcher.pipeline.passage import Passage
from dispatcher.pipeline.persist import if_reachable
from dispatcher.pipeline.stations import Stations
from dispatcher.telemetry import emit


def watch(stations: Stations, passage: Passage, settled: Sequence[Settled]) -> None:
    """Count what was just settled, if any of it failed; the next failure counts what could not be counted now."""
    failed = sum(one.outcome.fate is Fate.FAILED for one in settled)
    if failed and passage.account.pause_at_error_rate and passage.running:
        mine = Tally(failed + sum(one.outcome.fate is Fate.SENT for one in settled), failed)
        with if_reachable():
            _count(stations, passage, mine)


def _count(stations: Stations, passage: Passage, mine: Tally) -> None:
    account, campaign = passage.account, passage.campaign.id
    begun, now = stations.errors.tally(campaign)
    begin, pauses = judge(account.pause_at_error_rate, account.error_rate_of, begun, now, mine)
    if begin != begun:
        stations.errors.begin(campaign, begin)
    if pauses:
        window = now.since(begin)
        _pause(stations, passage, begin, f"{window.failed} of the last {window.settled} messages failed")


def _pause(stations: Stations, passage: Passage, begin: Tally, reason: str) -> None:
    campaign = passage.campaign.id
    if stations.errors.pause(campaign, begin, reason):
        emit("campaign.paused", "warning", campaign=campaign, reason=reason)
        stations.control.hold_campaign(passage.provider, campaign)
