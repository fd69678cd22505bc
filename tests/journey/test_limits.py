"""However many workers and lanes: no more than the day's limit leaves, and the least gap is kept at the provider."""

import signal
from itertools import pairwise
from pathlib import Path

import pytest

from dispatcher.coordination.views import LaneViews
from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import campaign, uazapi_account
from tests.journey.installation import Installation, Worker
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


def test_promise_3_a_worker_that_stood_still_before_its_call_keeps_the_least_gap(
    place: Installation, simulator: SimulatorClient
) -> None:
    """Stopped right after its claim; it goes on right after another worker has sent from the same sender."""
    gap_ms, forgiven_ms = 1_500, 1_000
    sender = f"concurrency = 2\nmin_gap_s = {gap_ms / 1000}\n"
    place.accounts(uazapi_account(simulator.url, ["one"], mode="direct") + f"\n{sender}")
    armed = place.start_armed("armed", "messages.claim:after:1:stop")
    held_up = place.submit("loja", campaign(range(1)))
    wait_until(lambda: is_stopped(armed), 60)
    place.start_workers("healthy")
    others = place.submit("loja", campaign(range(1, 4)))
    wait_until(lambda: len(simulator.deliveries()) == 1, 60, 0.01)
    armed.process.send_signal(signal.SIGCONT)
    assert place.wait_done(held_up) == {"sent": 1}
    assert place.wait_done(others) == {"sent": 3}

    starts = sorted(one["started_mono"] for one in simulator.deliveries())
    assert min(after - before for before, after in pairwise(starts)) >= gap_ms - forgiven_ms


def is_stopped(worker: Worker) -> bool:
    return Path(f"/proc/{worker.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def resting(place: Installation) -> int:
    return sum(view.why == "daily_limit" for view in LaneViews(place.wiring.redis).lanes_view("uazapi"))
