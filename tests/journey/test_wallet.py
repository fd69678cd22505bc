"""Promise 4: chunks across the lanes of a wallet, and a number that goes down in the middle."""

from itertools import pairwise
from typing import Any

import pytest

from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import campaign, names, uazapi_account
from tests.journey.installation import Installation
from tests.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.alone]

CHUNK, GAP_MS, SLACK_MS = 50, 3000, 250


def test_promise_4_the_next_chunk_starts_the_gap_after_the_last_send_ended(
    place: Installation, simulator: SimulatorClient
) -> None:
    place.accounts(uazapi_account(simulator.url, names(5)))
    place.start_workers("a", "b")
    number = place.submit("loja", campaign(range(4 * CHUNK), chunk_size=CHUNK, seconds_between_chunks=3))
    assert place.wait_done(number, 60) == {"sent": 4 * CHUNK}

    chunks = by_chunk(simulator.deliveries())
    assert [len(chunk) for chunk in chunks] == [CHUNK] * 4
    pauses = [
        min(one["started_mono"] for one in after) - max(one["ended_mono"] for one in before)
        for before, after in pairwise(chunks)
    ]
    assert min(pauses) >= GAP_MS
    assert min(pauses) <= GAP_MS + SLACK_MS, "a machine that stands still for a moment makes one late, not all"
    assert {one["sender"] for one in simulator.deliveries()} == set(names(5)), "every number of the wallet took part"


def test_promise_4_a_number_that_goes_down_leaves_the_campaign_to_the_others(
    place: Installation, simulator: SimulatorClient
) -> None:
    place.accounts(uazapi_account(simulator.url, names(5)))
    place.start_workers("a", "b")
    body = campaign(range(150), chunk_size=CHUNK, seconds_between_chunks=3, delay_min=0.05, delay_max=0.1)
    number = place.submit("loja", body)
    wait_until(lambda: len(simulator.deliveries()) >= 20, 30)
    simulator.set_faults({"kind": "disconnected", "provider": "uazapi", "sender": "line2"})

    assert place.wait_done(number, 60) == {"sent": 150}
    seen = simulator.summary()
    assert seen["deliveries"] == 150
    assert seen["duplicates"] == []
    (down,) = [sender for sender in place.wiring.accounts.all_senders() if sender.name == "line2"]
    assert down.paused_reason, "the operator sees why it stands still"


def by_chunk(deliveries: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Deliveries by the chunk that their seq belongs to; the job's mark is `<campaign>-<seq>`."""
    chunks: dict[int, list[dict[str, Any]]] = {}
    for one in deliveries:
        chunks.setdefault(int(one["job"].rpartition("-")[2]) // CHUNK, []).append(one)
    return [chunks[index] for index in sorted(chunks)]
