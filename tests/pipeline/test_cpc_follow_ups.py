"""CPC's `retryTemplate` and `lastTemplate`, where the account says that we send them."""

from dispatcher.domain.accounts_file import read_accounts
from dispatcher.pipeline.complete import complete
from dispatcher.producer import submit
from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import phone
from tests.pipeline.conftest import Hand
from tests.sending import send, settle

ACCOUNT = """
[[account]]
name = "cobranca"
provider = "cpc"
base_urls = ["{url}"]
credentials = {{ token = "x" }}
options = {{ follow_ups = "dispatcher" }}
[[account.sender]]
name = "emp1"
"""
MESSAGE = {
    **{"phone": phone(0), "closeTicket": True, "specialistCode": "admin"},
    **{"mainTemplate": "Olá", "retryTemplate": "oi?", "lastTemplate": "tchau"},
}
A_DAY_S = 86_400


def work(hand: Hand, after_s: int = 0) -> None:
    hand.now_ms += after_s * 1_000
    hand.wiring.redis.delete(
        "d:lock:none", *hand.wiring.redis.scan_iter("d:lock:*")
    )  # their day is over for Redis, too
    hand.sweep(1)
    for ticket in hand.stations.clock.release("cpc", 10, 10).tickets:
        passage = send(hand.stations, "cpc", ticket)
        assert passage is not None
        if settle(hand.stations, passage, None, False):
            complete(hand.stations, "cpc", ticket.campaign)


def test_they_are_sent_a_day_after_each_other_as_texts_of_their_own(hand: Hand, simulator: SimulatorClient) -> None:
    hand.wiring.accounts.apply(read_accounts(ACCOUNT.format(url=simulator.url), {}))
    body = {"campaign": "junho", "tag": "emp1", "messages": [MESSAGE]}
    number = submit(hand.stations, "cobranca", body).campaign_id
    work(hand)
    work(hand, A_DAY_S - 120)
    assert hand.counts(number) == {"sent": 1, "pending": 1}
    work(hand, 180)
    assert hand.counts(number) == {"sent": 2, "pending": 1}
    work(hand, A_DAY_S)
    assert (hand.counts(number), hand.wiring.campaigns.get(number).state) == ({"sent": 3}, "done")
    said = [delivery["content"] for delivery in simulator.deliveries()]
    assert [content["mainTemplate"] for content in said] == ["Olá", "oi?", "tchau"]
    assert not any("retryTemplate" in content for content in said), "the provider is not asked to send them as well"
