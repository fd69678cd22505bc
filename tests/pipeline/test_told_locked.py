"""Disparo CPC's own word that a client is in contact: our lock holds as long, and `on_locked` counts."""

import pytest

from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.guards import LOCK_MS
from dispatcher.producer import submit
from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import NAME, phone
from tests.pipeline.conftest import Hand
from tests.pipeline.test_contact import CLIENT, held, replied
from tests.pipeline.test_waiting import in_redis

ACCOUNT = """
[[account]]
name = "loja"
provider = "cpc"
base_urls = ["{url}"]
ingress_token = "ingress"
webhook_secret = "hook"
batch = 10
on_locked = "{on_locked}"
credentials = {{ token = "x" }}
[[account.sender]]
name = "emp1"
"""
HOUR_MS = 3_600_000


def through_cpc(hand: Hand, simulator: SimulatorClient, on_locked: str = "block") -> Hand:
    hand.wiring.accounts.apply(read_accounts(ACCOUNT.format(url=simulator.url, on_locked=on_locked), {}))
    hand.forget_accounts()
    hand.provider = "cpc"
    return hand


def post(hand: Hand, *people: int, id_account: str = "1") -> int:
    common = {"closeTicket": True, "specialistCode": "admin", "mainTemplate": "Olá"}
    messages = [{"phone": phone(one), **common} for one in people]
    body = {"campaign": "Acordo", "idAccount": id_account, "tag": "emp1", "messages": messages}
    return submit(hand.stations, NAME, body).campaign_id


def told(name: str, **more: object) -> dict[str, object]:
    return {"kind": "preset", "provider": "cpc", "name": name, "times": 1, **more}


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
