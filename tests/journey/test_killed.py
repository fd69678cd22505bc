"""Promises 1 and 2 when a worker is killed: nobody twice, nobody lost, the campaign ends."""

import pytest
from sqlalchemy import text

from dispatcher.ledger.engine import autocommit
from dispatcher.simulator.server import SimulatorClient
from tests.journey.auditing import audited
from tests.journey.bodies import campaign, names, uazapi_account
from tests.journey.installation import Installation
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

TOTAL = 300


def hurried(place: Installation) -> Installation:
    """Whether a call had left when its worker died is chance; one that had not is asked about for a minute."""
    with autocommit(place.wiring.engine) as connection:
        connection.execute(text("UPDATE message SET due_at = now() WHERE due_at > now() AND state = 'in_doubt'"))
    return place


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

        wait_until(lambda: hurried(place).state(number) == "done", 120, 0.1)
        counts = place.counts(number)
        wait_until(lambda: hurried(place).counts(number) == {"sent": TOTAL}, 120, 0.1)
    assert sum(counts.values()) == TOTAL
    seen = simulator.summary()
    assert seen["duplicates"] == []
    assert seen["repeat_count"] == 0
    assert seen["deliveries"] == TOTAL
