"""`on_locked = "defer"`: who waits for a client leaves as soon as nobody is in contact with the client any more."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from dispatcher.domain.claims import Settled
from dispatcher.domain.guards import LOCK_MS
from dispatcher.domain.ids import MessageId
from dispatcher.domain.retries import SLICE
from dispatcher.domain.tickets import Retry
from dispatcher.ledger.locks import LockBook
from dispatcher.ledger.messages import Messages
from dispatcher.ledger.waits import Waits
from dispatcher.simulator.server import SimulatorClient
from dispatcher.wiring.counter_contacts import ContactsCounter
from tests.pipeline.conftest import PROVIDER, Hand
from tests.pipeline.test_contact import CLIENT, NOT_THERE, held, replied
from tests.pipeline.test_waiting import in_redis

DEFER = {"cpc": True, "on_locked": "defer"}


def in_contact(hand: Hand, waiting: int = 1) -> list[int]:
    """A client who is in contact, and campaigns that wait for it."""
    hand.submit(1, cpc=True)
    hand.work_all()
    deferred = [hand.submit(1, **DEFER) for _ in range(waiting)]
    hand.work_all()
    assert [hand.counts(number) for number in deferred] == [{"pending": 1}] * waiting
    assert in_redis(hand) == 0, "the lock ends in a day"
    return deferred


def states(hand: Hand, numbers: Sequence[int]) -> list[str]:
    return sorted(state for number in numbers for state in hand.counts(number))


def test_a_deferred_message_leaves_when_a_reply_lifts_the_lock(hand: Hand) -> None:
    (number,) = in_contact(hand)
    replied(hand, hand.now_ms + 900)
    hand.work_all()
    assert hand.counts(number) == {"sent": 1}
    assert held(hand) == ["ledger global", "redis global"], "its own contact"


def test_promise_5_of_several_that_wait_for_a_client_one_goes_and_the_others_wait_on(hand: Hand) -> None:
    numbers = in_contact(hand, waiting=3)
    for sent in range(1, 4):
        replied(hand, hand.now_ms + 900)
        hand.now_ms += 1_000
        hand.work_all()
        assert states(hand, numbers) == ["pending"] * (3 - sent) + ["sent"] * sent
        assert in_redis(hand) == 0


def test_promise_7_however_many_clients_answer_at_once_redis_holds_a_slice_of_who_waited(hand: Hand) -> None:
    (number,) = in_contact(hand)
    soon_ms = hand.now_ms + 60_000
    hand.stations.retries.file_retries(PROVIDER, number, [Retry(soon_ms, 10 + one) for one in range(SLICE + 1)])
    replied(hand, hand.now_ms + 900)
    assert in_redis(hand) == SLICE + 1
    hand.wiring.redis.flushdb()
    hand.rebuild()
    hand.sweep(1)
    hand.work_all()
    assert hand.counts(number) == {"sent": 1}, "filed when there is room again"


def test_a_deferred_message_leaves_when_an_operator_releases_the_lock(hand: Hand) -> None:
    (number,) = in_contact(hand)
    hand.now_ms += 1_000
    ContactsCounter(hand.wiring).lift(CLIENT)
    hand.catch_up()
    hand.work_all()
    assert hand.counts(number) == {"sent": 1}


def test_promise_2_a_wake_that_redis_missed_is_found_by_the_sweeper(hand: Hand) -> None:
    (number,) = in_contact(hand)
    for scope in hand.wiring.lock_book.lift(CLIENT, hand.now_ms + 900):
        hand.wiring.locks.lift(scope, CLIENT, hand.now_ms + 900)
    hand.sweep(1)
    hand.work_all()
    assert hand.counts(number) == {"sent": 1}


def test_a_deferred_message_leaves_when_the_lock_ends_also_with_a_validity_of_a_day(hand: Hand) -> None:
    (number,) = in_contact(hand)
    hand.now_ms += LOCK_MS + 60_000
    hand.wiring.redis.delete(*hand.wiring.redis.scan_iter("d:lock:*"))
    hand.sweep(1)
    hand.work_all()
    assert hand.counts(number) == {"sent": 1}


def test_a_deferred_message_leaves_when_the_client_is_given_back(hand: Hand, simulator: SimulatorClient) -> None:
    """The first holds the client while the second asks for it; then the first finds that there is nobody."""
    simulator.set_faults({**NOT_THERE, "times": 1})
    first, second = hand.submit(1, cpc=True), hand.submit(1, **DEFER)
    ticket, other = sorted(hand.release(), key=lambda one: one.campaign)

    class Asked(LockBook):
        def take(
            self, scope: str, key: str, holder: MessageId, now_ms: int, until_ms: int, leaves_in_ms: int = 0
        ) -> int:
            left_ms = super().take(scope, key, holder, now_ms, until_ms, leaves_in_ms)
            hand.work(other)
            assert hand.counts(second) == {"pending": 1}
            return left_ms

    hand.work(ticket, replace(hand.stations, lock_book=Asked(hand.wiring.engine)))
    hand.work_all()
    assert (hand.counts(first), hand.counts(second)) == ({"failed": 1}, {"sent": 1})


def test_promise_2_a_reply_in_the_moment_of_the_deferral_is_not_overlooked(hand: Hand) -> None:
    hand.submit(1, cpc=True)
    hand.work_all()
    number = hand.submit(1, **DEFER)
    (ticket,) = hand.release()
    meanwhile: list[Callable[[], None]] = [lambda: replied(hand, hand.now_ms + 900)]

    class Overtaken(Messages):
        def settle(self, campaign: int, settled: Sequence[Settled]) -> int:
            meanwhile.pop()()
            return super().settle(campaign, settled)

    hand.work(ticket, replace(hand.stations, messages=Overtaken(hand.wiring.engine)))
    hand.now_ms += 1_000
    hand.work_all()
    assert hand.counts(number) == {"sent": 1}


def test_promise_2_a_worker_that_dies_before_it_knows_until_when_a_message_waits_forgets_nobody(hand: Hand) -> None:
    """Crash row 41: written as waiting, due in a second; it asks for the lock again and waits as long as that."""
    hand.submit(1, cpc=True)
    hand.work_all()
    (lock,) = hand.wiring.lock_book.of(CLIENT, hand.now_ms)
    number = hand.submit(1, **DEFER)
    (ticket,) = hand.release()

    class Dies(Waits):
        def until_lifted(self, scope: str, key: str, message: MessageId, now_ms: int) -> int | None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hand.work(ticket, replace(hand.stations, waits=Dies(hand.wiring.engine)))
    assert hand.counts(number) == {"pending": 1}
    hand.now_ms += 300_000
    hand.sweep(1)
    hand.work_all()
    assert (hand.counts(number), in_redis(hand)) == ({"pending": 1}, 0)
    assert hand.wiring.waits.last_due_ms([number]) == {number: lock.until_ms}
    replied(hand, hand.now_ms + 900)
    hand.work_all()
    assert hand.counts(number) == {"sent": 1}
