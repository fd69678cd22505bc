"""A worker that comes back after an outage asks about a start that it did not see pass, before it releases anything."""

import httpx
import pytest
from sqlalchemy import text

from dispatcher.ledger.engine import autocommit
from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import campaign, names, uazapi_account
from tests.journey.installation import Installation
from tests.plain import NO_TLS
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

PASSED = "UPDATE campaign SET scheduled_for = now() - interval '2 hours' WHERE name = 'friday'"
OUTAGE = "INSERT INTO pulse VALUES ('uazapi', now() - interval '3 hours')"


def test_promise_6_a_start_that_passed_during_an_outage_waits_for_an_operator(
    place: Installation, simulator: SimulatorClient
) -> None:
    place.accounts(uazapi_account(simulator.url, names(2)))
    stale = place.submit("loja", campaign(range(5), name="friday"))
    with autocommit(place.wiring.engine) as connection:
        connection.execute(text(PASSED))
        connection.execute(text(OUTAGE))
    place.start_workers("a")
    place.submit_and_wait("loja", campaign(range(5, 10), name="at once"))
    assert (place.state(stale), len(simulator.deliveries())) == ("paused", 5)
    with httpx.Client(
        base_url=place.start_web(), headers=place.admin, timeout=30, trust_env=False, verify=NO_TLS
    ) as operator:
        assert "start passed" in operator.get(f"/v1/campaigns/{stale}").json()["paused_reason"]
        operator.post(f"/v1/campaigns/{stale}/resume").raise_for_status()
    assert place.wait_done(stale) == {"sent": 5}
    wait_until(lambda: len(simulator.deliveries()) == 10, 10)
