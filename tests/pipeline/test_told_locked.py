"""Disparo CPC's own word that a client is in contact: our lock holds as long, and `on_locked` counts."""

import pytest

from dispatcher.domain.guards import LOCK_MS
from dispatcher.simulator.server import SimulatorClient
from tests.pipeline.conftest import Hand
from tests.pipeline.cpc import post, through_cpc, told
from tests.pipeline.test_contact import CLIENT, held, replied
from tests.pipeline.test_waiting import in_redis

HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("fault", "lasts_ms"), [(told("cpc_locked", hours=3.5), 3.5 * HOUR_MS), (told("cpc_blocked"), LOCK_MS)], ids=str
)
def test_promise_5_a_client_who_is_in_contact_at_the_provider_is_held_as_long_here(
    hand: Hand, simulator: SimulatorClient, fault: dict[str, object], lasts_ms: float
) -> None:
    simulator.set_faults(fault)
    number = post(through_cpc(hand, simulator), 0)
    hand.work_all()
    assert hand.counts(number) == {"blocked": 1}
    assert held(hand) == ["ledger global", "redis global"]
    (lock,) = hand.wiring.lock_book.of(CLIENT, hand.now_ms)
    assert lock.until_ms - hand.now_ms == lasts_ms
    hand.now_ms += 1
    assert post(hand, 0) == number
    assert hand.counts(number) == {"blocked": 2}, "told at once now"
    assert len(simulator.calls()) == 1


def test_who_is_in_contact_at_the_provider_waits_for_the_end_of_it_where_the_account_defers(
    hand: Hand, simulator: SimulatorClient
) -> None:
    simulator.set_faults(told("cpc_locked", hours=3.5))
    number = post(through_cpc(hand, simulator, "defer"), 0)
    hand.work_all()
    assert (hand.counts(number), in_redis(hand, "cpc")) == ({"pending": 1}, 0)
    hand.now_ms += int(3.4 * HOUR_MS)
    hand.sweep(1)
    assert hand.work_all() == 0
    hand.now_ms += int(0.2 * HOUR_MS)
    hand.sweep(1)
    hand.work_all()
    assert hand.counts(number) == {"sent": 1}
    assert len(simulator.calls()) == 2


def test_who_is_in_contact_at_the_provider_and_replies_is_written_to_at_once(
    hand: Hand, simulator: SimulatorClient
) -> None:
    simulator.set_faults(told("cpc_blocked"))
    number = post(through_cpc(hand, simulator, "defer"), 0)
    hand.work_all()
    replied(hand, hand.now_ms + 900)
    hand.work_all()
    assert hand.counts(number) == {"sent": 1}
