"""uazapi's mass sends are asked about: what fails in one does not stay sent here, what left gets a name of its own."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from dispatcher.coordination.locks import ContactLocks
from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.contactlock import FREE, Stands
from dispatcher.domain.ids import MessageId
from dispatcher.domain.inbound import InboundEvent, InboundKind, ReceiptState
from dispatcher.domain.phone import canonical
from dispatcher.pipeline.poll import poll
from dispatcher.pipeline.reply import process, receive
from dispatcher.providers.uazapi.read import POLL_WAITS_S
from dispatcher.simulator.server import SimulatorClient
from dispatcher.taskbus import EVENTS_QUEUE
from tests.heldlocks import is_held
from tests.journey.bodies import names, phone, uazapi_account
from tests.pipeline.conftest import Hand

LATER = [{"after_s": 3_600, "text": "oi?"}]


@pytest.fixture
def batches(hand: Hand, simulator: SimulatorClient) -> Iterator[Hand]:
    """One call takes ten; the second client has no WhatsApp, which the call's answer does not say."""
    hand.wiring.accounts.apply(read_accounts(uazapi_account(simulator.url, names(2), batch=10), {}))
    simulator.set(not_on_whatsapp=[phone(1)])
    yield hand
    simulator.reset()


def submit(hand: Hand, messages: int = 3, **more: Any) -> int:
    number = hand.submit(messages, cpc=True, **more)
    hand.work_all()
    assert hand.counts(number)["sent"] == messages
    return number


def ask(hand: Hand) -> list[MessageId]:
    """What a sweeper finds due, asked about."""
    due = hand.wiring.polls.due(hand.now_ms, 10)
    for first in due:
        poll(hand.stations, first, POLL_WAITS_S)
    return due


def later(hand: Hand, seconds: float) -> list[MessageId]:
    hand.now_ms += int(seconds * 1000)
    return ask(hand)


def held(hand: Hand) -> list[int]:
    """The clients that are held, by the ledger or by Redis."""
    keys = [canonical(phone(one)) for one in range(3)]
    in_ledger = [bool(hand.wiring.lock_book.of(key, hand.now_ms)) for key in keys]
    return [at for at, key in enumerate(keys) if in_ledger[at] or is_held(hand.wiring, "global", key)]


def told(hand: Hand, number: int) -> list[tuple[str, str]]:
    return [(line.state.value, line.reason or "") for line in hand.wiring.lines.whole(number)]


def asked(simulator: SimulatorClient) -> int:
    return sum(call["path"] == "/sender/listmessages" for call in simulator.calls())


def names_of(hand: Hand, number: int) -> list[str]:
    with hand.wiring.engine.connect() as connection:
        query = f"SELECT provider_ref FROM message WHERE campaign_id = {number} ORDER BY seq"
        return list(connection.exec_driver_sql(query).scalars())


def event(hand: Hand, happened: InboundEvent) -> str:
    receive(hand.stations, hand.wiring.accounts.named("loja"), [happened])
    (number,) = hand.wiring.inbound.waiting(0, 10)
    process(hand.stations, number)
    with hand.wiring.engine.connect() as connection:
        query = f"SELECT what FROM inbound_event WHERE id = {number}"
        return str(connection.exec_driver_sql(query).scalar_one())


def test_promise_5_what_fails_inside_a_mass_send_fails_here_and_its_client_is_free(
    batches: Hand, simulator: SimulatorClient
) -> None:
    number = submit(batches)
    assert ask(batches) == [], "nothing is to be asked yet"
    assert later(batches, POLL_WAITS_S[0]) == [MessageId(number, 0)]
    assert asked(simulator) == 1, "one call for the folder of all"
    assert told(batches, number) == [("sent", ""), ("failed", "not_on_whatsapp"), ("sent", "")]
    assert held(batches) == [0, 2]
    assert later(batches, 86_400) == [], "all is known"
    batches.sweep()
    assert batches.release() == (), "nothing is sent again by itself"


def test_who_was_reached_gets_a_name_that_receipts_find(batches: Hand, simulator: SimulatorClient) -> None:
    number = submit(batches)
    later(batches, POLL_WAITS_S[0])
    own = [one["message_id"] for one in simulator.deliveries()]
    assert [name for at, name in enumerate(names_of(batches, number)) if at != 1] == own
    receipt = InboundEvent(
        InboundKind.RECEIPT, "r", batches.now_ms, "", "", own[1], receipt=ReceiptState.READ, sender_name="line0"
    )
    assert event(batches, receipt) == "read"
    assert [line.read_at_ms is not None for line in batches.wiring.lines.whole(number)] == [False, False, True]


def test_those_that_still_wait_in_their_folder_are_asked_about_again(batches: Hand, simulator: SimulatorClient) -> None:
    """The first of them, which carries the questions, is the one that has failed."""
    simulator.set(not_on_whatsapp=[phone(0)], pace=True)
    number = submit(batches, delay_min=30, delay_max=30)
    later(batches, POLL_WAITS_S[0] + 60)
    assert told(batches, number) == [("failed", "not_on_whatsapp"), ("sent", ""), ("sent", "")]
    for wait_s in POLL_WAITS_S[1:]:
        assert later(batches, wait_s) == [MessageId(number, 1)]
    assert later(batches, 30 * 86_400) == [], "in the end it is left as it is"
    assert asked(simulator) == len(POLL_WAITS_S)


def test_an_echo_hands_the_questions_on_and_the_last_one_ends_them(batches: Hand, simulator: SimulatorClient) -> None:
    number = submit(batches)
    folder = names_of(batches, number)[0]
    for at in (0, 1, 2):
        echo = InboundEvent(
            InboundKind.ECHO, f"e{at}", batches.now_ms, canonical(phone(at)), provider_ref=f"M{at}", job_ref=folder
        )
        assert event(batches, echo) == "named"
        batches.now_ms += 60_000
        assert batches.wiring.polls.due(batches.now_ms, 10) == ([MessageId(number, at + 1)] if at < 2 else [])
    assert names_of(batches, number) == ["M0", "M1", "M2"]
    assert asked(simulator) == 0


def test_a_folders_progress_has_it_asked_about_at_once(batches: Hand) -> None:
    number = submit(batches)
    progress = InboundEvent(InboundKind.PROGRESS, "p", batches.now_ms, job_ref=names_of(batches, number)[0])
    before = batches.wiring.redis.llen(EVENTS_QUEUE)
    assert event(batches, progress) == "asked"
    assert batches.wiring.redis.llen(EVENTS_QUEUE) == before + 2, "the event's job, and the question"
    other = replace(progress, event_id="q", job_ref="r-of-somebody-else")
    assert event(batches, other) == "nothing to ask"


def test_what_failed_is_not_followed_up_and_its_campaign_ends_without_it(batches: Hand) -> None:
    number = submit(batches, messages=2, follow_ups=LATER)
    later(batches, POLL_WAITS_S[0])
    assert told(batches, number) == [
        ("sent", ""),
        ("failed", "not_on_whatsapp"),
        ("pending", ""),
        ("cancelled", "message_failed"),
    ]
    batches.now_ms += 3_700_000
    batches.sweep(1)
    batches.work_all()
    assert batches.counts(number) == {"sent": 2, "failed": 1, "cancelled": 1}


def test_a_campaign_whose_last_follow_up_was_cancelled_so_is_done(batches: Hand, simulator: SimulatorClient) -> None:
    simulator.set(not_on_whatsapp=[phone(0)])
    number = submit(batches, messages=1, follow_ups=LATER)
    later(batches, POLL_WAITS_S[0])
    assert told(batches, number) == [("failed", "not_on_whatsapp"), ("cancelled", "message_failed")]
    assert batches.wiring.campaigns.get(number).state.value == "done"


def test_promise_5_who_dies_between_the_failure_and_the_giving_back_leaves_nobody_locked(batches: Hand) -> None:
    """The ledger has given the client back, Redis has not: another worker does it a minute later."""

    class Dying(ContactLocks):
        def give_back(self, scope: str, key: str, holder: MessageId, stands: Stands = FREE) -> bool:
            raise SystemExit

    number = submit(batches)
    batches.now_ms += int(POLL_WAITS_S[0] * 1000)
    (first,) = batches.wiring.polls.due(batches.now_ms, 10)
    dying = replace(batches.stations, locks=Dying(batches.wiring.redis, batches.wiring.secrecy))
    with pytest.raises(SystemExit):
        poll(dying, first, POLL_WAITS_S)
    assert batches.counts(number) == {"sent": 2, "failed": 1}
    assert held(batches) == [0, 1, 2]
    assert later(batches, 60) == [MessageId(number, 1)]
    assert held(batches) == [0, 2]
    assert later(batches, 86_400) == []
