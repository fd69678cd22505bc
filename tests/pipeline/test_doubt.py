"""Promises 1 and 2: what is in doubt is asked about for as long as an answer may come."""

import pytest

from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.ids import campaign_text
from dispatcher.domain.phone import canonical
from dispatcher.pipeline.doubt import LONGEST_WAIT_S, MOST_LOOKS, next_look_s, resolve
from dispatcher.simulator.server import SimulatorClient
from tests.heldlocks import is_held
from tests.journey.bodies import names, phone, uazapi_account
from tests.pipeline.conftest import PROVIDER, Hand

WAITS_S = (5.0, 15.0, 40.0)
DELIVERED_500 = {"kind": "delivered_500", "provider": PROVIDER, "sends": True}
NOT_DELIVERED_500 = {"kind": "status", "status": 500, "provider": PROVIDER, "sends": True}
AWAY = {"kind": "status", "status": 502, "provider": PROVIDER, "sends": False}


def look(hand: Hand, number: int, times: int = 1) -> None:
    for _ in range(times):
        resolve(hand.stations, number, f"{campaign_text(number)}-0.1", WAITS_S)


@pytest.mark.parametrize(("fault", "state"), [(DELIVERED_500, "sent"), (NOT_DELIVERED_500, "pending")])
def test_promise_2_a_provider_that_was_away_at_every_look_is_asked_when_it_is_back(
    hand: Hand, simulator: SimulatorClient, fault: dict[str, object], state: str
) -> None:
    simulator.set_faults(fault, AWAY)
    number = hand.submit(1)
    hand.work_all()
    look(hand, number, times=6)
    assert hand.counts(number) == {"in_doubt": 1}

    simulator.clear_faults()
    hand.now_ms += int(LONGEST_WAIT_S * 1000)
    assert hand.wiring.doubts.due(hand.now_ms, 10), "the sweeper goes on asking"
    look(hand, number)
    assert hand.counts(number) == {state: 1}


def test_not_there_counts_only_at_the_last_of_the_first_looks(hand: Hand, simulator: SimulatorClient) -> None:
    simulator.set_faults(NOT_DELIVERED_500)
    number = hand.submit(1)
    hand.work_all()
    look(hand, number, times=2)
    assert hand.counts(number) == {"in_doubt": 1}
    look(hand, number)
    assert hand.counts(number) == {"pending": 1}


def test_promise_5_a_doubt_that_ends_as_failed_gives_the_client_back(hand: Hand, simulator: SimulatorClient) -> None:
    hand.wiring.accounts.apply(read_accounts(uazapi_account(simulator.url, names(2), timeout_s=1, max_attempts=1), {}))
    simulator.set_faults(NOT_DELIVERED_500)
    number = hand.submit(1, cpc=True)
    hand.work_all()
    client = canonical(phone(0))
    assert is_held(hand.wiring, "global", client)
    look(hand, number, times=3)
    assert hand.counts(number) == {"failed": 1}
    assert not is_held(hand.wiring, "global", client)
    assert not hand.wiring.lock_book.of(client, hand.now_ms)


def test_looks_come_less_and_less_often_for_about_a_day() -> None:
    waits = [next_look_s(looked, WAITS_S) for looked in range(MOST_LOOKS + 1)]
    assert waits[:6] == [5.0, 15.0, 40.0, 80.0, 160.0, 320.0]
    assert waits[-1] is None
    assert 20 * 3600 < sum(wait or 0 for wait in waits) < 28 * 3600
    assert next_look_s(1, ()) is None, "where nothing can be asked, nobody asks"
