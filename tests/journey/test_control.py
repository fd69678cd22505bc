"""Promise 6 under load, through the web as an operator has it: after the answer, at most the calls in flight arrive."""

from collections import Counter
from time import monotonic
from typing import Any

import httpx
import pytest

from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import NAME, campaign, names, uazapi_account
from tests.journey.installation import Installation
from tests.plain import NO_TLS
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

LANES, TOTAL = 20, 600
SLOWEST_S = 0.15


def test_promise_6_pause_resume_and_cancel_under_load(place: Installation, simulator: SimulatorClient) -> None:
    simulator.set_faults({"kind": "latency", "provider": "uazapi", "ms": [50, 150], "sends": True})
    place.accounts(uazapi_account(simulator.url, names(LANES)))
    place.start_workers("a", "b")
    with httpx.Client(
        base_url=place.start_web(), headers=place.admin, timeout=30, trust_env=False, verify=NO_TLS
    ) as operator:
        made = operator.post("/v1/campaigns", json=campaign(range(TOTAL), delay_min=0.1, delay_max=0.3))
        number = made.json()["id"]
        wait_until(lambda: len(simulator.deliveries()) >= 60, 30)

        ordered(operator, f"/v1/senders/{NAME}/line0/pause", simulator, of={"line0"})
        ordered(operator, f"/v1/campaigns/{number}/pause", simulator, of=set(names(LANES)))
        wait_until(lambda: "sending" not in place.counts(number), 20)
        before = len(simulator.deliveries())

        operator.post(f"/v1/campaigns/{number}/resume").raise_for_status()
        wait_until(lambda: len(simulator.deliveries()) >= before + 60, 30)
        again = simulator.deliveries()[before:]
        assert {one["sender"] for one in again} == set(names(LANES)) - {"line0"}, "line0 is paused still"

        ordered(operator, f"/v1/campaigns/{number}/cancel", simulator, of=set(names(LANES)))
        wait_until(lambda: "sending" not in place.counts(number), 20)
        over = operator.get(f"/v1/campaigns/{number}").json()

    seen = simulator.summary()
    assert over["state"] == "cancelled"
    assert place.counts(number) == {"sent": seen["deliveries"], "cancelled": TOTAL - seen["deliveries"]}
    assert seen["duplicates"] == []
    assert seen["overlaps"] == 0


def ordered(operator: httpx.Client, path: str, simulator: SimulatorClient, of: set[str]) -> None:
    """Give the order; from these senders comes at most one call each after the answer, and then nothing more."""
    operator.post(path).raise_for_status()
    answered = monotonic() * 1000
    late: list[dict[str, Any]] = []

    def is_quiet() -> bool:
        """For ten times as long as the slowest call and the longest delay take together."""
        mine = [one for one in simulator.deliveries() if one["sender"] in of]
        late[:] = [one for one in mine if one["started_mono"] > answered]
        last = max([answered, *(one["ended_mono"] for one in late)])
        return bool(monotonic() * 1000 - last > 10 * (SLOWEST_S + 0.3) * 1000)

    wait_until(is_quiet, 20)
    assert max(Counter(one["sender"] for one in late).values(), default=0) <= 1
