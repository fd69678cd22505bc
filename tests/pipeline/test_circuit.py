"""A provider that is down: its lanes rest, one call in a while probes it, and no message pays with its tries."""

from dispatcher.domain.breaker import FIRST_MS, TRIPS_AT
from dispatcher.simulator.server import SimulatorClient
from tests.pipeline.conftest import PROVIDER, Hand

MINUTE_MS = 60_000
DOWN = {"kind": "status", "status": 503, "provider": PROVIDER}


def calls(simulator: SimulatorClient) -> int:
    return len(simulator.calls())


def test_promise_2_nobody_fails_because_the_provider_was_away_for_long(hand: Hand, simulator: SimulatorClient) -> None:
    simulator.set_faults(DOWN)
    number = hand.submit(4)
    for _ in range(60):
        hand.work_all()
        hand.now_ms += MINUTE_MS
    assert hand.counts(number) == {"pending": 4}

    simulator.clear_faults()
    for _ in range(4):
        hand.work_all()
        hand.sweep()
        hand.now_ms += MINUTE_MS
    assert hand.counts(number) == {"sent": 4}


def test_a_provider_that_is_down_is_probed_not_hammered(hand: Hand, simulator: SimulatorClient) -> None:
    simulator.set_faults(DOWN)
    hand.submit(40)
    hand.work_all()
    tripped = calls(simulator)
    assert tripped <= TRIPS_AT + 1, "the two senders' calls that opened it"
    hand.now_ms += FIRST_MS
    hand.work_all()
    assert calls(simulator) == tripped + 1
