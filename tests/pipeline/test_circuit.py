"""A provider that is down: its lanes rest, one call in a while probes it, and no message pays with its tries."""

from dataclasses import replace

from dispatcher.coordination.circuits import Circuits
from dispatcher.domain.breaker import ELSEWHERE_MS, FIRST_MS, TRIPS_AT
from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import phone
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


def test_a_host_that_lost_its_way_leaves_its_lanes_to_the_others(hand: Hand, simulator: SimulatorClient) -> None:
    here = hand.stations.circuits
    there = Circuits(hand.wiring.redis, now_ms=lambda: hand.now_ms, sure_s=0, host="elsewhere")
    line = hand.stations.account(1).base_urls
    for _ in range(TRIPS_AT):
        here.tell(line, False)
    there.ask(line, 0)
    there.tell(line, True)
    number = hand.submit(4)
    hand.work_all()
    assert calls(simulator) == 0
    hand.now_ms += ELSEWHERE_MS
    hand.stations = replace(hand.stations, circuits=there)
    hand.work_all()
    assert hand.counts(number) == {"sent": 4}


def test_clients_who_may_not_be_written_to_do_not_keep_the_probe_waiting(hand: Hand) -> None:
    number = hand.submit(10)
    for place in range(9):
        hand.wiring.suppressions.add(phone(place), "asked")
    for _ in range(TRIPS_AT):
        opened_ms = hand.stations.circuits.tell(hand.stations.account(1).base_urls, False)
    hand.work_all()
    assert hand.counts(number) == {"pending": 10}

    hand.now_ms += opened_ms
    hand.work_all()
    assert hand.counts(number) == {"suppressed": 9, "sent": 1}


def test_numbers_that_are_not_on_whatsapp_say_that_the_provider_is_at_work(
    hand: Hand, simulator: SimulatorClient
) -> None:
    nobody = {"error": "the number 5511900000000@s.whatsapp.net is not on WhatsApp"}
    simulator.set_faults({"kind": "status", "status": 500, "body": nobody, "provider": PROVIDER})
    number = hand.submit(2 * TRIPS_AT)
    hand.work_all()
    assert hand.counts(number) == {"failed": 2 * TRIPS_AT}
