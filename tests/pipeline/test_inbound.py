"""Events against the messages that they are about: in any order, also faster than our own outcome."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import text

from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.inbound import InboundEvent, InboundKind, ReceiptState
from dispatcher.domain.phone import canonical
from dispatcher.domain.trouble import Unavailable
from dispatcher.ledger.inbound import InboundEvents
from dispatcher.pipeline.reply import EARLY_WAITS_S, process, receive
from dispatcher.simulator.server import SimulatorClient
from dispatcher.taskbus import EVENTS_QUEUE, TaskBus, celery_app
from dispatcher.wiring import first_lookup_s
from tests.journey.bodies import names, phone, uazapi_account
from tests.pipeline.conftest import PROVIDER, Hand
from tests.sending import send, settle


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


def test_a_mass_sends_receipts_find_their_messages_by_its_echoes(hand: Hand) -> None:
    """Mode `sender`: the folder's name is all that the answer tells; the echo is even faster than that."""
    hand.submit(1)
    (ticket,) = hand.release()
    passage = send(hand.stations, PROVIDER, ticket, True)
    assert passage is not None
    folder = str(passage.outcomes[0].provider_ref)
    account = hand.wiring.accounts.named("loja")
    echo = InboundEvent(
        InboundKind.ECHO, "echo:3EB0", hand.now_ms, canonical(phone(0)), provider_ref="3EB0", job_ref=folder
    )
    receive(hand.stations, account, [echo])
    (number,) = hand.wiring.inbound.waiting(0, 10)
    process(hand.stations, number)
    assert what(hand, number) is None, "it waits"
    settle(hand.stations, passage, first_lookup_s(PROVIDER), True)
    process(hand.stations, number)
    assert what(hand, number) == "named"
    assert what(hand, receipt(hand, "3EB0")) == "delivered"


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


def test_an_event_whose_job_was_lost_is_published_again_by_the_sweeper(direct: Hand) -> None:
    """Redis is away when the webhook comes; later it is there, and empty."""

    class Away(TaskBus):
        def inbound(self, event_ids: Sequence[int]) -> None:
            raise Unavailable("Redis")

    direct.submit(1)
    direct.work_all()
    away = replace(direct.stations, bus=Away(celery_app(direct.wiring.settings.redis_url)))
    reply = InboundEvent(InboundKind.REPLY, "reply:1", direct.now_ms, canonical(phone(0)))
    assert receive(away, direct.wiring.accounts.named("loja"), [reply]) == 1
    assert direct.wiring.redis.llen(EVENTS_QUEUE) == 0
    with direct.wiring.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE inbound_event SET received_at = now() - interval '11 s'")
    direct.sweep(rounds=1)
    assert direct.wiring.redis.llen(EVENTS_QUEUE) == 1


def test_a_worker_that_dies_before_it_says_that_an_event_is_done_changes_nothing(direct: Hand) -> None:
    """Its effects are there; the next worker brings about the same ones."""

    class Dying(InboundEvents):
        def processed(self, number: int, what: str) -> None:
            raise SystemExit

    direct.submit(1, cpc=True)
    direct.work_all()
    direct.now_ms += 5_000
    reply = InboundEvent(InboundKind.REPLY, "reply:1", direct.now_ms, canonical(phone(0)))
    receive(direct.stations, direct.wiring.accounts.named("loja"), [reply])
    (number,) = direct.wiring.inbound.waiting(0, 10)
    with pytest.raises(SystemExit):
        process(replace(direct.stations, inbound=Dying(direct.wiring.engine)), number)
    assert not direct.wiring.lock_book.of(canonical(phone(0)), direct.now_ms)
    process(direct.stations, number)
    assert what(direct, number) == "lifted 1"
    assert direct.wiring.inbound.waiting(0, 10) == []


@pytest.mark.parametrize(
    ("senders", "told", "paused"),
    [
        (["5511900000091"], "", ["5511900000091"]),
        (["5511900000091"], "instancia-a", ["5511900000091"]),
        (["5511900000091"], "line_5511900000091", ["5511900000091"]),
        (["5511900000091"], "5511900000099", []),
        (["5511900000091"], "line_5511900000099", []),
        (["5511900000091", "5511900000092"], "5511900000092", ["5511900000092"]),
        (["5511900000091", "5511900000092"], "instancia-a", []),
        (["5511900000091", "5511900000092"], "", []),
    ],
)
def test_a_line_that_goes_down_pauses_its_sender_and_no_other(
    hand: Hand, simulator: SimulatorClient, senders: list[str], told: str, paused: list[str]
) -> None:
    hand.wiring.accounts.apply(read_accounts(uazapi_account(simulator.url, senders, name="linhas"), {}))
    account = hand.wiring.accounts.named("linhas")
    down = InboundEvent(
        InboundKind.CONNECTION, "connection:1", hand.now_ms, sender_name=told, connected=False, reason="403: banned"
    )
    receive(hand.stations, account, [down])
    (number,) = hand.wiring.inbound.waiting(0, 10)
    process(hand.stations, number)
    found = {sender.name: sender.paused_reason for sender in hand.wiring.accounts.senders(account.id)}
    assert {name for name, reason in found.items() if reason == "disconnected: 403: banned"} == set(paused)
    assert [reason for name, reason in found.items() if name not in paused] == [None] * (len(senders) - len(paused))


@pytest.mark.parametrize("first", [True, False])
def test_what_happened_to_a_line_counts_in_its_order_not_in_that_of_its_arrival(hand: Hand, first: bool) -> None:
    """It went down, and came up two seconds later: it is up, whichever is looked at first; or the other way round."""
    account = hand.wiring.accounts.named("loja")
    happened = [(first, hand.now_ms - 5_000), (not first, hand.now_ms - 3_000)]
    for connected, at_ms in reversed(happened):
        change = InboundEvent(
            InboundKind.CONNECTION, f"connection:{at_ms}", at_ms, sender_name="line0", connected=connected
        )
        receive(hand.stations, account, [change])
        (number,) = hand.wiring.inbound.waiting(0, 10)
        process(hand.stations, number)
    assert what(hand, number) == ("resumed 0" if first else "paused 0")
    line = next(one for one in hand.wiring.accounts.senders(account.id) if one.name == "line0")
    assert (line.paused_reason is None) is not first


def test_a_line_that_goes_down_and_comes_up_within_its_stamps_second_is_up(hand: Hand) -> None:
    account = hand.wiring.accounts.named("loja")
    for connected, at_ms in ((False, hand.now_ms // 1000 * 1000 + 999), (True, 0)):
        change = InboundEvent(
            InboundKind.CONNECTION, f"connection:{connected}", at_ms, sender_name="line0", connected=connected
        )
        receive(hand.stations, account, [change])
        (number,) = hand.wiring.inbound.waiting(0, 10)
        process(hand.stations, number)
    assert what(hand, number) == "resumed 1"
