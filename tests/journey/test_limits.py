"""However many workers and lanes: no more than the day's limit leaves, and the least gap is kept at the provider."""

from itertools import pairwise

import pytest

from dispatcher.coordination.views import LaneViews
from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import campaign, uazapi_account
from tests.journey.installation import Installation
from tests.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.alone]

GAP_MS, SLACK_MS = 300, 60
CAPS = f"""
[[account.sender]]
name = "many"
token = "many"
concurrency = 8
daily_limit = 10
[[account.sender]]
name = "slow"
token = "slow"
concurrency = 3
min_gap_s = {GAP_MS / 1000}
"""


def test_two_workers_keep_a_daily_limit_and_a_gap_across_lanes(place: Installation, simulator: SimulatorClient) -> None:
    place.accounts(uazapi_account(simulator.url, []) + CAPS)
    place.start_workers("a", "b")
    crowd = place.submit("loja", campaign(range(40), senders=["many"]))
    slow = place.submit("loja", campaign(range(100, 108), senders=["slow"]))
    assert place.wait_done(slow) == {"sent": 8}
    wait_until(lambda: resting(place) == 8, 30)
    assert place.counts(crowd) == {"sent": 10, "pending": 30}

    starts = sorted(one["started_mono"] for one in simulator.deliveries() if one["sender"] == "slow")
    assert min(after - before for before, after in pairwise(starts)) >= GAP_MS - SLACK_MS
    assert sum(one["sender"] == "many" for one in simulator.deliveries()) == 10


def resting(place: Installation) -> int:
    return sum(view.why == "daily_limit" for view in LaneViews(place.wiring.redis).lanes_view("uazapi"))
