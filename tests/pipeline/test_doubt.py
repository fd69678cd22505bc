"""Promises 1 and 2: what is in doubt is asked about for as long as an answer may come."""

import pytest

from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.ids import MessageId, campaign_text
from dispatcher.domain.inbound import InboundEvent, InboundKind
from dispatcher.domain.outcomes import Fate
from dispatcher.domain.phone import canonical
from dispatcher.domain.retries import RESENT_AFTER_S
from dispatcher.pipeline.decide import decide
from dispatcher.pipeline.doubt import LONGEST_WAIT_S, MOST_LOOKS, next_look_s, resolve
from dispatcher.pipeline.pace import recover
from dispatcher.pipeline.reply import process
from dispatcher.simulator.server import SimulatorClient
from tests.heldlocks import is_held
from tests.journey.bodies import NAME, names, phone, uazapi_account
from tests.pipeline.conftest import PROVIDER, Hand
from tests.pipeline.cpc import post, through_cpc
from tests.pipeline.test_contact import CLIENT, NOT_THERE, held, replied

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


def in_doubt(hand: Hand, simulator: SimulatorClient, messages: int = 1, max_attempts: int = 5) -> int:
    """Messages of a guarded campaign that arrived, which nobody knows; the account resends where none can be asked."""
    policy = {"timeout_s": 1, "on_doubt": "resend", "max_attempts": max_attempts, "batch": messages}
    told = uazapi_account(simulator.url, names(2), NAME, **policy)
    hand.wiring.accounts.apply(read_accounts(told, {}))
    hand.forget_accounts()
    simulator.set_faults(DELIVERED_500)
    number = hand.submit(messages, cpc=True)
    hand.work_all()
    simulator.set_faults(NOT_THERE)
    return number


def resend(hand: Hand, number: int, attempt: int = 1) -> None:
    resolve(hand.stations, number, f"{campaign_text(number)}-0.{attempt}", ())


def test_promise_5_who_was_sent_to_again_in_doubt_stays_held_also_when_the_second_try_certainly_fails(
    hand: Hand, simulator: SimulatorClient
) -> None:
    number = in_doubt(hand, simulator)
    resend(hand, number)
    hand.work_all()
    assert hand.counts(number) == {"failed": 1}
    assert held(hand) == ["ledger global", "redis global"], "the first try has arrived"
    replied(hand, hand.now_ms + 900)
    assert held(hand) == []


def test_promise_5_an_operator_who_sends_a_doubt_again_does_not_free_the_client_either(
    hand: Hand, simulator: SimulatorClient
) -> None:
    number = in_doubt(hand, simulator)
    decide(hand.stations, hand.wiring.doubts, MessageId(number, 0), Fate.RETRY, [])
    hand.now_ms += 60_000
    hand.work_all()
    assert hand.counts(number) == {"failed": 1}
    assert held(hand) == ["ledger global", "redis global"]


def test_an_operator_who_knows_that_no_try_arrived_frees_the_client(hand: Hand, simulator: SimulatorClient) -> None:
    number = in_doubt(hand, simulator)
    simulator.set_faults(DELIVERED_500)
    resend(hand, number)
    hand.work_all()
    assert hand.counts(number) == {"in_doubt": 1}
    decide(hand.stations, hand.wiring.doubts, MessageId(number, 0), Fate.FAILED, [("global", CLIENT)])
    assert held(hand) == []


def test_promise_1_who_answered_is_not_sent_to_again_by_policy(hand: Hand, simulator: SimulatorClient) -> None:
    number = in_doubt(hand, simulator)
    replied(hand, hand.wiring.shared_clock.now_ms() + 1_000)
    resend(hand, number)
    assert hand.counts(number) == {"in_doubt": 1}, "an answer is no proof, but what speaks against sending again"
    assert hand.work_all() == 0


def test_promise_1_who_may_have_answered_is_not_sent_to_again_by_policy_before_that_is_known(
    hand: Hand, simulator: SimulatorClient
) -> None:
    """The reply is stored, its job lost: the doubt is looked at again a minute later, and goes to an operator."""
    number = in_doubt(hand, simulator)
    at_ms = hand.wiring.shared_clock.now_ms() + 1_000
    hand.wiring.inbound.store(None, [InboundEvent(InboundKind.REPLY, "lost", at_ms, CLIENT, "oi")])
    resend(hand, number)
    assert (hand.counts(number), hand.work_all()) == ({"in_doubt": 1}, 0)
    assert hand.wiring.doubts.due(hand.now_ms + int(RESENT_AFTER_S * 1000), 10), "nobody else would look again"

    (event,) = hand.wiring.inbound.waiting(0, 10)
    process(hand.stations, event)
    resend(hand, number)
    assert hand.counts(number) == {"in_doubt": 1}


def test_of_a_batch_in_doubt_only_who_has_not_answered_is_sent_to_again(hand: Hand, simulator: SimulatorClient) -> None:
    number = in_doubt(hand, simulator, messages=2)
    assert hand.counts(number) == {"in_doubt": 2}
    replied(hand, hand.wiring.shared_clock.now_ms() + 1_000)
    resend(hand, number)
    assert hand.counts(number) == {"in_doubt": 1, "pending": 1}


def test_a_doubt_whose_tries_are_used_up_stays_one_where_it_would_be_sent_again(
    hand: Hand, simulator: SimulatorClient
) -> None:
    number = in_doubt(hand, simulator, max_attempts=1)
    resend(hand, number)
    assert hand.counts(number) == {"in_doubt": 1}, "failed would say that it certainly did not arrive"
    assert held(hand) == ["ledger global", "redis global"]


@pytest.mark.parametrize(("on_doubt", "states"), [("hold", {"in_doubt": 2}), ("resend", {"pending": 2})])
def test_where_nothing_can_be_asked_a_doubt_is_sent_again_by_policy_alone(
    hand: Hand, simulator: SimulatorClient, on_doubt: str, states: dict[str, int]
) -> None:
    number = doubt_of_cpc(through_cpc(hand, simulator, on_doubt=on_doubt), simulator)
    assert look_if_due(hand, RESENT_AFTER_S - 1) == 0, "a reply may come"
    assert hand.counts(number) == {"in_doubt": 2}
    look_if_due(hand, 2)
    assert hand.counts(number) == states


def test_where_nothing_can_be_asked_a_lost_worker_s_messages_are_sent_again_by_policy(
    hand: Hand, simulator: SimulatorClient
) -> None:
    number = post(through_cpc(hand, simulator, on_doubt="resend"), 0)
    (ticket,) = hand.release()
    hand.wiring.messages.claim(ticket)
    recover(hand.stations, "cpc", ticket, None)
    assert hand.counts(number) == {"in_doubt": 1}
    look_if_due(hand, RESENT_AFTER_S + 1)
    assert hand.counts(number) == {"pending": 1}


def doubt_of_cpc(hand: Hand, simulator: SimulatorClient) -> int:
    simulator.set_faults({"kind": "reset_after", "provider": "cpc"})
    number = post(hand, 0, 1)
    hand.work_all()
    assert hand.counts(number) == {"in_doubt": 2}
    return number


def look_if_due(hand: Hand, after_s: float) -> int:
    """What sweeper and resolver do so much later; how many jobs were due."""
    hand.now_ms += int(after_s * 1000)
    due = hand.wiring.doubts.due(hand.now_ms, 10)
    for campaign, job in due:
        resolve(hand.stations, campaign, job, ())
    return len(due)


def test_looks_come_less_and_less_often_for_about_a_day() -> None:
    waits = [next_look_s(looked, WAITS_S) for looked in range(MOST_LOOKS + 1)]
    assert waits[:6] == [5.0, 15.0, 40.0, 80.0, 160.0, 320.0]
    assert waits[-1] is None
    assert 20 * 3600 < sum(wait or 0 for wait in waits) < 28 * 3600
    assert next_look_s(1, ()) is None, "where nothing can be asked, nobody asks"
