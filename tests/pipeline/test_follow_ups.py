"""Follow-ups: sent some time after the message before, unless the client answered, opted out, or somebody cancelled."""

from dataclasses import replace
from typing import Any

import pytest

from dispatcher.domain.followups import STEP
from dispatcher.domain.guards import LOCK_MS
from dispatcher.domain.ids import MessageId, campaign_text
from dispatcher.domain.inbound import InboundEvent, InboundKind
from dispatcher.domain.outcomes import Fate
from dispatcher.domain.phone import canonical
from dispatcher.ledger.followups import FollowUps
from dispatcher.pipeline import steer
from dispatcher.pipeline.decide import decide
from dispatcher.pipeline.doubt import resolve
from dispatcher.pipeline.reply import process, receive
from dispatcher.simulator.server import SimulatorClient
from dispatcher.wiring.counter_contacts import ContactsCounter
from tests.heldlocks import held as locks_in_redis
from tests.journey.bodies import phone
from tests.pipeline.conftest import PROVIDER, Hand
from tests.pipeline.test_contact import CLIENT, NOT_THERE, held
from tests.pipeline.test_waiting import in_redis

TWO = [{"after_s": 3_600, "text": "oi?"}, {"after_s": 7_200, "text": "tchau"}]
MAYBE_SENT = {"kind": "status", "status": 500, "provider": PROVIDER, "sends": True}


def submit(hand: Hand, messages: int = 1, **more: Any) -> int:
    """A campaign with two follow-ups, its own messages sent."""
    number = hand.submit(messages, follow_ups=TWO, **more)
    hand.work_all()
    return number


def pass_by(hand: Hand, seconds: int) -> None:
    hand.now_ms += seconds * 1_000
    hand.sweep(1)
    hand.work_all()


def reply(hand: Hand, text: str = "oi", key: str = CLIENT) -> None:
    """The client answers ten seconds later: after whatever was sent by now."""
    hand.now_ms += 10_000
    receive(hand.stations, None, [InboundEvent(InboundKind.REPLY, f"reply:{hand.now_ms}", hand.now_ms, key, text)])
    (number,) = hand.wiring.inbound.waiting(0, 10)
    process(hand.stations, number)


def texts(simulator: SimulatorClient) -> list[str]:
    return [delivery["content"]["text"] for delivery in simulator.deliveries()]


def shown(hand: Hand, number: int) -> list[tuple[int, int | None, str, str]]:
    """seq, what it follows, state, reason."""
    return [(line.id.seq, line.follows, line.state.value, line.reason) for line in hand.wiring.lines.whole(number)]


def state(hand: Hand, number: int) -> str:
    return hand.wiring.campaigns.get(number).state.value


def test_follow_ups_leave_one_after_the_other_and_end_the_campaign(hand: Hand, simulator: SimulatorClient) -> None:
    number = submit(hand)
    assert (hand.counts(number), state(hand, number), in_redis(hand)) == ({"sent": 1, "pending": 1}, "running", 0)
    pass_by(hand, 3_590)
    assert texts(simulator) == ["Olá"]
    pass_by(hand, 10)
    assert (texts(simulator), hand.counts(number)) == (["Olá", "oi?"], {"sent": 2, "pending": 1})
    pass_by(hand, 7_200)
    assert (texts(simulator), state(hand, number)) == (["Olá", "oi?", "tchau"], "done")
    assert shown(hand, number) == [
        (0, None, "sent", ""),
        (STEP, 0, "sent", ""),
        (2 * STEP, STEP, "sent", ""),
    ]


def test_a_reply_cancels_what_waits_and_the_campaign_is_done(hand: Hand, simulator: SimulatorClient) -> None:
    number = submit(hand, 2)
    reply(hand)
    assert hand.counts(number) == {"sent": 2, "pending": 1, "cancelled": 1}
    pass_by(hand, 3_600)
    reply(hand)
    assert texts(simulator) == ["Olá", "Olá", "oi?"]
    pass_by(hand, 7_200)
    assert (texts(simulator)[3:], state(hand, number)) == (["tchau"], "done")
    assert (STEP, 0, "cancelled", "answered") in shown(hand, number)


def test_the_last_that_is_cancelled_by_a_reply_closes_the_campaign_at_once(hand: Hand) -> None:
    number = submit(hand)
    reply(hand)
    assert (hand.counts(number), state(hand, number)) == ({"sent": 1, "cancelled": 1}, "done")


def test_a_reply_that_is_older_than_the_send_cancels_nothing(hand: Hand) -> None:
    hand.now_ms -= 60_000
    receive(hand.stations, None, [InboundEvent(InboundKind.REPLY, "old", hand.now_ms, CLIENT, "oi")])
    hand.now_ms += 60_000
    number = submit(hand)
    (event,) = hand.wiring.inbound.waiting(0, 10)
    process(hand.stations, event)
    assert hand.counts(number) == {"sent": 1, "pending": 1}


def test_who_opts_out_is_not_followed_up(hand: Hand, simulator: SimulatorClient) -> None:
    number = submit(hand)
    reply(hand, "SAIR")
    pass_by(hand, 3_600)
    assert (hand.counts(number), texts(simulator)) == ({"sent": 1, "suppressed": 1}, ["Olá"])
    assert state(hand, number) == "done"


def test_who_is_suppressed_by_an_operator_is_not_followed_up(hand: Hand, simulator: SimulatorClient) -> None:
    number = submit(hand)
    hand.stations.suppress(CLIENT, "asked on the phone")
    pass_by(hand, 3_600)
    assert (hand.counts(number), texts(simulator)) == ({"sent": 1, "suppressed": 1}, ["Olá"])


def test_promise_6_a_cancelled_campaign_follows_nobody_up(hand: Hand, simulator: SimulatorClient) -> None:
    number = hand.submit(2, follow_ups=TWO)
    first, in_flight = hand.release()
    hand.work(first)
    steer.cancel(hand.stations, hand.wiring.campaigns, number)
    hand.work(in_flight)
    pass_by(hand, 3_600)
    assert (hand.counts(number), texts(simulator)) == ({"sent": 1, "cancelled": 2}, ["Olá"])


def test_a_message_that_was_not_sent_is_not_followed_up(hand: Hand, simulator: SimulatorClient) -> None:
    simulator.set_faults(NOT_THERE)
    number = submit(hand)
    assert (hand.counts(number), state(hand, number)) == ({"failed": 1}, "done")


def test_a_follow_up_that_fails_is_the_last(hand: Hand, simulator: SimulatorClient) -> None:
    number = submit(hand)
    simulator.set_faults(NOT_THERE)
    pass_by(hand, 3_600)
    assert (hand.counts(number), state(hand, number)) == ({"sent": 1, "failed": 1}, "done")


def test_promise_5_a_follow_up_is_the_same_contact_and_lasts_a_day_again(hand: Hand) -> None:
    number = submit(hand, cpc=True)
    pass_by(hand, 3_600)
    assert hand.counts(number) == {"sent": 2, "pending": 1}
    (lock,) = hand.wiring.lock_book.of(CLIENT, hand.now_ms)
    assert (lock.holder, lock.until_ms) == (MessageId(number, 0), hand.now_ms + LOCK_MS)
    other = hand.submit(1, cpc=True)
    hand.work_all()
    assert hand.counts(other) == {"blocked": 1}
    reply(hand)
    assert (held(hand), hand.counts(number)) == ([], {"sent": 2, "cancelled": 1})


def test_promise_5_a_follow_up_that_was_not_sent_leaves_the_contact_as_it_was(
    hand: Hand, simulator: SimulatorClient
) -> None:
    number = submit(hand, cpc=True)
    before = hand.wiring.lock_book.of(CLIENT, hand.now_ms)
    simulator.set_faults(NOT_THERE)
    pass_by(hand, 3_600)
    assert hand.counts(number) == {"sent": 1, "failed": 1}
    assert hand.wiring.lock_book.of(CLIENT, hand.now_ms) == before
    assert locks_in_redis(hand.wiring.redis, hand.wiring.secrecy, "global", [CLIENT], before[0].until_ms - 1) == {
        CLIENT: 1
    }


def test_promise_5_a_follow_up_does_not_reach_who_is_in_contact_with_another_meanwhile(hand: Hand) -> None:
    number = submit(hand, cpc=True)
    hand.now_ms += 1_000
    ContactsCounter(hand.wiring).lift(CLIENT)
    hand.stations.locks.lift("global", CLIENT, hand.now_ms)
    other = hand.submit(1, cpc=True)
    hand.work_all()
    assert hand.counts(other) == {"sent": 1}
    pass_by(hand, 3_600)
    assert hand.counts(number) == {"sent": 1, "blocked": 1}


def test_a_follow_up_fills_in_the_recipients_fields(hand: Hand, simulator: SimulatorClient) -> None:
    hand.submit(1, text="Olá {{phone}}", follow_ups=[{"after_s": 1, "text": "{{nome|cliente}}?"}])
    hand.work_all()
    pass_by(hand, 1)
    assert texts(simulator)[1:] == ["cliente?"]


# ---------------------------------------------------------------- what dies on the way


def test_promise_2_a_worker_that_dies_before_it_frees_its_lane_loses_no_follow_up(hand: Hand) -> None:
    """The follow-up was made with the outcome; the clock hears of it from the sweeper."""
    number = hand.submit(1, follow_ups=[{"after_s": 30, "text": "oi?"}])
    (ticket,) = hand.release()

    class Dies(type(hand.stations.clock)):  # type: ignore[misc]
        def finish(self, *_: Any, **__: Any) -> Any:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hand.work(ticket, replace(hand.stations, clock=Dies(hand.wiring.redis, now_ms=lambda: hand.now_ms)))
    assert (hand.counts(number), in_redis(hand)) == ({"sent": 1, "pending": 1}, 0)
    pass_by(hand, 300)
    assert (hand.counts(number), state(hand, number)) == ({"sent": 2}, "done")


def test_promise_2_a_worker_that_dies_after_a_reply_ended_a_follow_up_leaves_no_campaign_open(
    hand: Hand, simulator: SimulatorClient
) -> None:
    """Crash row 51: cancelled in the ledger, an entry of it in the clock, the event not processed."""
    number = hand.submit(1, follow_ups=[{"after_s": 30, "text": "oi?"}])
    hand.work_all()
    hand.now_ms += 10_000
    hand.sweep(1)
    assert in_redis(hand) == 1
    receive(hand.stations, None, [InboundEvent(InboundKind.REPLY, "r", hand.now_ms, CLIENT, "oi")])
    (event,) = hand.wiring.inbound.waiting(0, 10)

    class Dies(FollowUps):
        def answered(self, key: str, at_ms: int, account_id: int | None) -> list[int]:
            super().answered(key, at_ms, account_id)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        process(replace(hand.stations, follow_ups=Dies(hand.wiring.engine)), event)
    assert (hand.counts(number), state(hand, number)) == ({"sent": 1, "cancelled": 1}, "running")
    assert hand.wiring.inbound.waiting(0, 10) == [event]
    process(hand.stations, event)
    pass_by(hand, 60)
    hand.sweep()
    assert (hand.counts(number), state(hand, number)) == ({"sent": 1, "cancelled": 1}, "done")
    assert texts(simulator) == ["Olá"]


def test_a_follow_up_that_is_due_while_a_reply_waits_to_be_processed_does_not_leave(
    hand: Hand, simulator: SimulatorClient
) -> None:
    """Crash row 49: the reply is stored and its job lost. Once it is processed the follow-up is ended."""
    number = submit(hand)
    hand.now_ms += 3_590_000
    store(hand, CLIENT)
    pass_by(hand, 10)
    assert (texts(simulator), hand.counts(number)) == (["Olá"], {"sent": 1, "pending": 1})
    pass_by(hand, 4)
    due = hand.stations.waits.due(number, hand.now_ms, 10)
    assert due == (), "it waits a few seconds, not for the next lane"

    (event,) = hand.wiring.inbound.waiting(0, 10)
    process(hand.stations, event)
    assert (hand.counts(number), state(hand, number)) == ({"sent": 1, "cancelled": 1}, "done")
    pass_by(hand, 60)
    assert texts(simulator) == ["Olá"]


def test_an_unprocessed_reply_that_turns_out_to_end_nothing_only_delays_a_follow_up(
    hand: Hand, simulator: SimulatorClient
) -> None:
    number = submit(hand)
    store(hand, CLIENT, at_ms=hand.now_ms - 60_000)
    store(hand, canonical(phone(1)), at_ms=hand.now_ms + 1_000)
    pass_by(hand, 3_600)
    assert texts(simulator) == ["Olá"]
    for event in hand.wiring.inbound.waiting(0, 10):
        process(hand.stations, event)
    pass_by(hand, 10)
    assert (texts(simulator), hand.counts(number)) == (["Olá", "oi?"], {"sent": 2, "pending": 1})


def store(hand: Hand, key: str, at_ms: int | None = None) -> None:
    """A reply that is stored, and whose job is lost with its worker."""
    happened = hand.now_ms if at_ms is None else at_ms
    hand.wiring.inbound.store(None, [InboundEvent(InboundKind.REPLY, f"lost:{key}", happened, key, "oi")])


@pytest.mark.parametrize("after_s", [10, 3_600])
def test_promise_1_an_empty_redis_is_told_of_follow_ups_once(
    hand: Hand, simulator: SimulatorClient, after_s: int
) -> None:
    number = hand.submit(2, follow_ups=[{"after_s": after_s, "text": "oi?"}])
    hand.work_all()
    hand.wiring.redis.flushdb()
    assert hand.wiring.rebuild_clock()
    hand.now_ms += 60_000
    for _ in range(2):
        pass_by(hand, after_s)
    assert (hand.counts(number), sorted(texts(simulator))) == ({"sent": 4}, ["Olá", "Olá", "oi?", "oi?"])


def test_a_doubt_that_was_sent_after_all_is_followed_up(hand: Hand, simulator: SimulatorClient) -> None:
    simulator.set_faults({"kind": "delivered_500", "sends": True, "times": 1})
    number = submit(hand)
    hand.sweep()
    assert (hand.counts(number), state(hand, number)) == ({"in_doubt": 1}, "done")
    resolve(hand.stations, number, f"{campaign_text(number)}-0.1", (0.0,))
    assert (hand.counts(number), state(hand, number)) == ({"sent": 1, "pending": 1}, "running")
    pass_by(hand, 3_600)
    assert texts(simulator) == ["Olá", "oi?"]


def test_an_operators_word_that_a_doubt_was_sent_starts_its_follow_ups(hand: Hand, simulator: SimulatorClient) -> None:
    simulator.set_faults({**MAYBE_SENT, "times": 1})
    number = submit(hand)
    assert decide(hand.stations, hand.wiring.doubts, MessageId(number, 0), Fate.SENT, ())
    pass_by(hand, 3_600)
    assert texts(simulator) == ["oi?"]


def test_who_answers_while_the_message_still_is_in_doubt_is_not_followed_up(
    hand: Hand, simulator: SimulatorClient
) -> None:
    simulator.set_faults({**MAYBE_SENT, "times": 1})
    number = submit(hand)
    reply(hand)
    assert decide(hand.stations, hand.wiring.doubts, MessageId(number, 0), Fate.SENT, ())
    assert (hand.counts(number), state(hand, number)) == ({"sent": 1}, "done")
