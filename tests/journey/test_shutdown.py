"""A worker that is told to stop finishes what it has begun."""

import pytest

from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import campaign, names, uazapi_account
from tests.journey.installation import Installation
from tests.waiting import wait_until

pytestmark = pytest.mark.slow


def test_a_warm_shutdown_finishes_the_calls_in_flight(place: Installation, simulator: SimulatorClient) -> None:
    simulator.set_faults({"kind": "latency", "provider": "uazapi", "ms": 2000, "sends": True})
    place.accounts(uazapi_account(simulator.url, names(8)))
    place.start_workers("a")
    number = place.submit("loja", campaign(range(50), delay_min=60, delay_max=60))
    wait_until(lambda: place.counts(number).get("sending") == 8, 20)

    assert place.workers["a"].stop() == 0
    assert place.counts(number) == {"sent": 8, "pending": 42}, "nothing is in doubt, nothing new was begun"
    assert simulator.summary()["deliveries"] == 8
