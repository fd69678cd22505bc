"""Promises 1 and 2 when a worker is killed: nobody twice, nobody lost, the campaign ends."""

import pytest

from dispatcher.simulator.server import SimulatorClient
from tests.journey.auditing import audited
from tests.journey.bodies import campaign, names, uazapi_account
from tests.journey.installation import Installation
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

TOTAL = 300


def test_promise_1_and_2_a_worker_is_killed_in_the_middle_of_its_calls(
    place: Installation, simulator: SimulatorClient
) -> None:
    """Calls take 50..150 ms, so that some are under way when the worker dies, and a look-up finds them. The workers'
    own auditor looks at once, another all the time."""
    simulator.set_faults({"kind": "latency", "provider": "uazapi", "ms": [50, 150], "sends": True})
    place.accounts(uazapi_account(simulator.url, names(20), timeout_s=3))
    place.start_workers("a", "b")
    wait_until(lambda: place.wiring.audit_book.view().ended_ms, 30)
    with audited(place):
        number = place.submit("loja", campaign(range(TOTAL), delay_min=0.1, delay_max=0.3))
        wait_until(lambda: len(simulator.deliveries()) >= 40, 30)
        place.workers["a"].kill()

        counts = place.wait_done(number, 120)
        wait_until(lambda: place.counts(number) == {"sent": TOTAL}, 120)
    assert sum(counts.values()) == TOTAL
    seen = simulator.summary()
    assert seen["duplicates"] == []
    assert seen["repeat_count"] == 0
    assert seen["deliveries"] == TOTAL
