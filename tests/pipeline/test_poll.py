"""What a provider takes and then fails does not stay sent here."""

from typing import Any

import pytest

from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.ids import MessageId
from dispatcher.domain.phone import canonical
from dispatcher.pipeline.poll import poll
from dispatcher.producer import submit
from dispatcher.providers.kinbox.read import POLL_WAITS_S
from dispatcher.simulator.server import SimulatorClient
from tests.heldlocks import is_held
from tests.journey.bodies import campaign, phone
from tests.pipeline.conftest import Hand
from tests.sending import send, settle
from tests.waiting import wait_until

ACCOUNT = """
[[account]]
name = "caixa"
provider = "kinbox"
base_urls = ["{url}"]
cpc = true
credentials = {{ token = "x" }}
sender = [{{ name = "canal" }}]
"""


@pytest.fixture
def taken(hand: Hand, simulator: SimulatorClient) -> int:
    """A campaign of two whom Kinbox has taken, and whose file it cannot fetch, for no web process is there."""
    hand.wiring.accounts.apply(read_accounts(ACCOUNT.format(url=simulator.url), {}))
    number = submit(hand.stations, "caixa", {**campaign(range(2)), "account": "caixa"}).campaign_id
    (ticket,) = hand.stations.clock.release("kinbox", 10, 10).tickets
    passage = send(hand.stations, "kinbox", ticket, True)
    assert passage is not None
    settle(hand.stations, passage, 5.0, True)
    assert hand.counts(number) == {"sent": 2}
    return number


def due(hand: Hand) -> list[MessageId]:
    return hand.wiring.polls.due(hand.now_ms, 10)


def ask(hand: Hand, number: int) -> None:
    poll(hand.stations, MessageId(number, 0), POLL_WAITS_S)


def held(hand: Hand) -> list[str]:
    clients = [canonical(phone(one)) for one in range(2)]
    return [one for one in clients if is_held(hand.wiring, "global", one)]


def test_a_job_is_asked_about_once_for_all_its_messages_after_a_while(hand: Hand, taken: int) -> None:
    assert due(hand) == []
    hand.now_ms += int(POLL_WAITS_S[0] * 1000)
    assert due(hand) == [MessageId(taken, 0)]
    assert due(hand) == [], "another worker asks just now"


def test_promise_1_a_job_that_failed_after_it_was_taken_fails_here_and_is_not_sent_again(
    hand: Hand, taken: int
) -> None:
    assert len(held(hand)) == 2

    def over() -> bool:
        ask(hand, taken)
        return hand.counts(taken) == {"failed": 2}

    wait_until(over, 10)
    assert held(hand) == [], "whom it did not reach is free"
    hand.now_ms += 86_400_000
    assert due(hand) == []
    hand.sweep()
    assert hand.stations.clock.release("kinbox", 10, 10).tickets == ()


def test_while_nobody_can_be_asked_it_is_asked_less_and_less_often_and_then_no_more(
    hand: Hand, simulator: SimulatorClient, taken: int
) -> None:
    simulator.set_faults({"kind": "status", "status": 502, "provider": "kinbox", "sends": False})
    for wait_s in POLL_WAITS_S:
        hand.now_ms += int(wait_s * 1000)
        assert due(hand) == [MessageId(taken, 0)]
        ask(hand, taken)
    hand.now_ms += 30 * 86_400_000
    assert due(hand) == []
    assert hand.counts(taken) == {"sent": 2}


def test_who_has_read_it_was_reached_whatever_the_provider_says(hand: Hand, taken: int) -> None:
    with hand.wiring.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE message SET delivered_at = now() WHERE seq = 1")

    def over() -> bool:
        ask(hand, taken)
        counts: dict[str, Any] = hand.counts(taken)
        return counts == {"failed": 1, "sent": 1}

    wait_until(over, 10)
