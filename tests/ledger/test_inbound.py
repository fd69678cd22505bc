"""What comes back: stored once, processed once, moving messages forward only."""

from dataclasses import replace
from secrets import token_urlsafe

import pytest
from sqlalchemy import Engine

from dispatcher.domain.account import Account
from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.inbound import InboundEvent, InboundKind, ReceiptState, StoredEvent
from dispatcher.domain.outcomes import Fate
from dispatcher.ledger.accounts import Accounts
from dispatcher.ledger.campaigns import Campaigns
from dispatcher.ledger.inbound import MOST_BREAKS, RECEIPT, InboundEvents
from dispatcher.ledger.messages import Messages
from dispatcher.ledger.times import moment
from dispatcher.secrecy import Secrecy
from tests.ledger.conftest import FILE
from tests.ledger.drafts import draft, message, phone
from tests.ledger.steps import column, fate, ticket

AT = 1_900_000_000_000
REPLY = InboundEvent(InboundKind.REPLY, "e-1", AT, key=phone(1), text="sim", sender_name="5511900000001")
FULL = InboundEvent(
    InboundKind.RECEIPT, "e-2", AT + 1, phone(1), "", "ref-1", ReceiptState.READ, "5511900000001", True, "because"
)


@pytest.fixture
def inbound(engine: Engine) -> InboundEvents:
    return InboundEvents(engine)


def test_an_event_comes_back_as_it_was_stored(loja: Account, inbound: InboundEvents) -> None:
    one, two = inbound.store(loja, [REPLY, FULL])
    assert inbound.take(one) == StoredEvent(loja.id, REPLY)
    assert inbound.take(two) == StoredEvent(loja.id, FULL)
    (three,) = inbound.store(None, [REPLY])
    assert inbound.take(three) == StoredEvent(None, REPLY)


def test_an_event_is_stored_once_for_each_account(loja: Account, inbound: InboundEvents) -> None:
    assert len(inbound.store(loja, [REPLY, REPLY, FULL])) == 2
    assert inbound.store(loja, [REPLY, FULL]) == []
    assert len(inbound.store(None, [REPLY])) == 1
    assert inbound.store(None, [REPLY]) == []
    assert inbound.store(loja, []) == []


def test_an_event_is_processed_once_and_its_text_forgotten(
    engine: Engine, loja: Account, inbound: InboundEvents
) -> None:
    (number,) = inbound.store(loja, [REPLY])
    assert inbound.waiting(60, 10) == []
    assert inbound.waiting(0, 10) == [number]
    inbound.processed(number, "lifted 1")
    assert inbound.take(number) is None
    assert inbound.waiting(0, 10) == []
    with engine.connect() as connection:
        assert "sim" not in str(connection.exec_driver_sql("SELECT * FROM inbound_event").all())


def test_an_id_too_long_for_the_index_still_tells_events_apart(loja: Account, inbound: InboundEvents) -> None:
    one, two = (f"reply:{token_urlsafe(9_000)}" for _ in range(2))
    assert len(inbound.store(loja, [replace(REPLY, event_id=one), replace(REPLY, event_id=two)])) == 2
    assert inbound.store(loja, [replace(REPLY, event_id=one)]) == []


def test_text_that_postgresql_cannot_store_is_no_error(loja: Account, inbound: InboundEvents) -> None:
    (number,) = inbound.store(loja, [replace(REPLY, text="a\0\ud800")])
    stored = inbound.take(number)
    assert stored is not None
    assert stored.event.text == "a?"


@pytest.fixture
def sent(loja: Account, engine: Engine, campaigns: Campaigns) -> int:
    """Three messages: two sent to the same client, one waiting."""
    campaign = campaigns.accept(loja, draft([message(1), message(1), message(1)])).campaign_id
    messages = Messages(engine)
    for seq in (0, 1):
        (row,) = messages.claim(ticket(campaign, seq)).rows
        messages.settle(campaign, [fate(row, Fate.SENT, provider_ref=f"ref-{seq}")])
    return campaign


def test_a_reply_answers_the_latest_message_that_left_before_it(
    engine: Engine, inbound: InboundEvents, sent: int
) -> None:
    inbound.answered(phone(1), 1_000, None)
    inbound.answered(phone(2), AT, None)
    assert column(engine, sent, "answered_at") == [None, None, None]
    inbound.answered(phone(1), AT, None)
    first = column(engine, sent, "answered_at")
    assert [at is None for at in first] == [True, False, True]
    inbound.answered(phone(1), AT + 1000, None)
    assert column(engine, sent, "answered_at") == first


def test_a_reply_answers_the_account_that_heard_it(
    engine: Engine, secrecy: Secrecy, loja: Account, inbound: InboundEvents, campaigns: Campaigns, sent: int
) -> None:
    """Another's message to the client is later, but nobody replied to that account."""
    accounts = Accounts(engine, secrecy)
    accounts.apply(read_accounts(FILE.replace("loja", "outra").replace('"ingress"', '"other"'), {}))
    other, nobody = accounts.named("outra"), 0
    later = campaigns.accept(other, draft([message(1)])).campaign_id
    (row,) = Messages(engine).claim(ticket(later)).rows
    Messages(engine).settle(later, [fate(row, Fate.SENT)])
    inbound.answered(phone(1), AT, nobody)
    assert set(column(engine, sent, "answered_at") + column(engine, later, "answered_at")) == {None}
    inbound.answered(phone(1), AT, loja.id)
    assert column(engine, later, "answered_at") == [None]
    assert [at is None for at in column(engine, sent, "answered_at")] == [True, False, True]
    inbound.answered(phone(1), AT, other.id)
    assert column(engine, later, "answered_at") != [None]


@pytest.mark.parametrize(
    ("becomes", "answered"), [(Fate.SENT, True), (Fate.IN_DOUBT, True), (Fate.RETRY, False), (Fate.FAILED, False)]
)
def test_a_reply_that_is_faster_than_the_answer_to_our_call_counts_if_the_message_left(
    engine: Engine, loja: Account, inbound: InboundEvents, sent: int, becomes: Fate, answered: bool
) -> None:
    (row,) = Messages(engine).claim(ticket(sent, 2)).rows
    inbound.answered(phone(1), AT, loja.id)
    Messages(engine).settle(sent, [fate(row, becomes)])
    assert [at is not None for at in column(engine, sent, "answered_at")] == [False, False, answered]


def test_receipts_only_move_forward(engine: Engine, loja: Account, inbound: InboundEvents, sent: int) -> None:
    assert inbound.receipt(loja.id, "ref-0", ReceiptState.READ, AT + 500)
    read = column(engine, sent, "read_at")[0]
    assert column(engine, sent, "delivered_at")[0] == read
    assert inbound.receipt(loja.id, "ref-0", ReceiptState.DELIVERED, AT + 900)
    assert inbound.receipt(loja.id, "ref-0", ReceiptState.READ, AT + 900)
    assert inbound.receipt(loja.id, "ref-0", ReceiptState.SENT, AT + 900)
    assert inbound.receipt(loja.id, "ref-0", ReceiptState.FAILED, AT + 900)
    assert column(engine, sent, "read_at")[0] == column(engine, sent, "delivered_at")[0] == read
    assert column(engine, sent, "reason") == [None, None, None]


def test_what_was_not_delivered_says_so_until_it_is(
    engine: Engine, loja: Account, inbound: InboundEvents, sent: int
) -> None:
    assert inbound.receipt(loja.id, "ref-0", ReceiptState.FAILED, AT, "re-upload needed")
    assert (column(engine, sent, "state")[0], column(engine, sent, "reason")[0]) == ("sent", "not_delivered")
    assert column(engine, sent, "detail")[0] == "re-upload needed"
    assert inbound.receipt(loja.id, "ref-0", ReceiptState.DELIVERED, AT + 5)
    assert column(engine, sent, "reason")[0] is column(engine, sent, "detail")[0] is None


def test_an_event_that_is_put_off_waits_until_then(loja: Account, inbound: InboundEvents) -> None:
    (number,) = inbound.store(loja, [FULL])
    inbound.put_off(number, AT)
    assert inbound.waiting(0, 10) == []
    inbound.put_off(number, 1)
    assert inbound.waiting(0, 10) == [number]
    assert inbound.take(number) == StoredEvent(loja.id, FULL, tries=2)


def test_the_first_reply_of_a_time_is_found_whoever_told_of_it(loja: Account, inbound: InboundEvents) -> None:
    inbound.store(loja, [replace(REPLY, at_ms=AT + 7), replace(FULL, key=REPLY.key)])
    inbound.store(None, [replace(REPLY, at_ms=AT + 3)])
    assert inbound.heard(REPLY.key, AT, AT + 999) == AT + 3
    assert inbound.heard(REPLY.key, AT, AT + 3) is inbound.heard(phone(2), AT, AT + 999) is None


def test_a_message_is_awaited_while_it_is_being_sent(
    engine: Engine, loja: Account, campaigns: Campaigns, inbound: InboundEvents
) -> None:
    campaign = campaigns.accept(loja, draft([message(1)])).campaign_id
    assert not inbound.is_awaited("")
    (row,) = Messages(engine).claim(ticket(campaign, 0)).rows
    assert [inbound.is_awaited(one) for one in ("", phone(1), phone(2))] == [True, True, False]
    Messages(engine).settle(campaign, [fate(row, Fate.IN_DOUBT)])
    assert inbound.is_awaited(phone(1))


def test_a_receipt_is_for_a_message_of_its_own_account(
    engine: Engine, loja: Account, inbound: InboundEvents, sent: int
) -> None:
    assert not inbound.receipt(loja.id, "ref-9", ReceiptState.READ, AT)
    assert not inbound.receipt(loja.id + 1, "ref-1", ReceiptState.READ, AT)
    assert inbound.receipt(None, "ref-1", ReceiptState.FAILED, AT)
    assert column(engine, sent, "reason") == [None, "not_delivered", None]
    assert column(engine, sent, "state") == ["sent", "sent", "pending"]


def test_receipts_stay_on_their_page(engine: Engine, sent: int) -> None:
    """They touch no indexed column: PostgreSQL counts them as HOT updates."""
    said = {"account": None, "ref": "ref-0", "at": moment(AT), "why": None}
    with engine.begin() as connection:
        assert connection.execute(RECEIPT, said | {"delivered": True, "read": True, "failed": False}).rowcount == 1
        hot = connection.exec_driver_sql("SELECT pg_stat_get_xact_tuples_hot_updated('message'::regclass)")
        assert hot.scalar() == 1


def test_accounts_take_turns_however_many_events_of_one_wait(loja: Account, inbound: InboundEvents) -> None:
    storm = inbound.store(loja, [replace(REPLY, event_id=f"s{number}") for number in range(100)], 1)
    few = inbound.store(None, [replace(REPLY, event_id=f"f{number}") for number in range(2)], 1)
    chosen = inbound.waiting(60, 6, 60)
    assert set(few) == set(chosen) - set(storm)
    assert set(few) <= set(chosen[:4]), "one of each, then the next of each"
    assert len(chosen) == 6


def test_who_was_given_events_has_them_alone_for_a_while(loja: Account, inbound: InboundEvents) -> None:
    (number,) = inbound.store(loja, [REPLY], 1)
    assert inbound.waiting(60, 10, 60) == [number]
    assert inbound.waiting(60, 10, 60) == []


def test_an_event_that_breaks_its_reader_each_time_is_given_up(
    engine: Engine, loja: Account, inbound: InboundEvents
) -> None:
    (number,) = inbound.store(loja, [REPLY])
    for _ in range(MOST_BREAKS):
        inbound.broken(number)
        assert inbound.waiting(0, 10) == [], "it waits"
        assert inbound.take(number) is not None
    inbound.broken(number)
    assert inbound.take(number) is None
