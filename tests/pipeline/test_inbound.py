"""Events against the messages that they are about: in any order, also faster than our own outcome."""

import pytest
from sqlalchemy import text

from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.inbound import InboundEvent, InboundKind, ReceiptState
from dispatcher.domain.phone import canonical
from dispatcher.pipeline.reply import EARLY_WAITS_S, process, receive
from dispatcher.pipeline.send import send
from dispatcher.pipeline.settle import settle
from dispatcher.simulator.server import SimulatorClient
from dispatcher.wiring import first_lookup_s
from tests.journey.bodies import names, phone, uazapi_account
from tests.pipeline.conftest import PROVIDER, Hand


@pytest.fixture
def direct(hand: Hand, simulator: SimulatorClient) -> Hand:
    hand.wiring.accounts.apply(read_accounts(uazapi_account(simulator.url, names(2), mode="direct"), {}))
    return hand


def receipt(hand: Hand, reference: str, client: str = canonical(phone(0))) -> int:
    """A receipt comes in and is looked at once; its number."""
    event = InboundEvent(
        InboundKind.RECEIPT, "receipt:1", hand.now_ms, client, "", reference, receipt=ReceiptState.DELIVERED
    )
    receive(hand.stations, hand.wiring.accounts.named("loja"), [event])
    (number,) = hand.wiring.inbound.waiting(0, 10)
    process(hand.stations, number)
    return number


def what(hand: Hand, number: int) -> str | None:
    with hand.wiring.engine.connect() as connection:
        found = connection.execute(text("SELECT what FROM inbound_event WHERE id = :id"), {"id": number})
        return found.scalar_one()  # type: ignore[no-any-return]


def test_a_receipt_that_is_faster_than_the_answer_to_our_call_is_not_lost(direct: Hand) -> None:
    direct.submit(1)
    (ticket,) = direct.release()
    passage = send(direct.stations, PROVIDER, ticket, True)
    assert passage is not None
    number = receipt(direct, str(passage.outcomes[0].provider_ref))
    assert what(direct, number) is None, "it waits"
    settle(direct.stations, passage, first_lookup_s(PROVIDER), True)
    process(direct.stations, number)
    assert what(direct, number) == "delivered"


def test_a_receipt_of_a_message_that_is_not_ours_waits_for_nothing(direct: Hand) -> None:
    direct.submit(1)
    (ticket,) = direct.release()
    send(direct.stations, PROVIDER, ticket, True)
    assert what(direct, receipt(direct, "3EB0FFFF", canonical(phone(7)))) == "unknown message"


def test_a_receipt_whose_message_never_gets_that_name_is_let_go(direct: Hand) -> None:
    direct.submit(1)
    (ticket,) = direct.release()
    send(direct.stations, PROVIDER, ticket, True)
    number = receipt(direct, "3EB0FFFF")
    for _ in EARLY_WAITS_S:
        assert what(direct, number) is None
        process(direct.stations, number)
    assert what(direct, number) == "unknown message"
