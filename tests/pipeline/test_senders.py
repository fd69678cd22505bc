"""Promise 6 for senders: who paused one decides who lets it go on, and the clock always hears of it in the end."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import pytest

from dispatcher.coordination.laneclock import LaneClock
from dispatcher.coordination.rebuild import ClockBuilder
from dispatcher.domain.account import BY_HAND, Account, Sender
from dispatcher.domain.ids import Lane
from dispatcher.domain.trouble import Unavailable
from dispatcher.ledger.survivors import Survivors, alone
from dispatcher.pipeline.rebuild import rebuild
from dispatcher.pipeline.senders import pause_by_hand, pause_senders, resume_by_hand, resume_senders
from dispatcher.pipeline.stations import Stations
from dispatcher.providers.registry import names as names_of_providers
from tests.pipeline.conftest import Hand


class Meanwhile(LaneClock):
    """Before its first word reaches the clock, somebody else steers the same senders."""

    def __init__(self, hand: Hand, what: Callable[[], None]) -> None:
        super().__init__(hand.wiring.redis, now_ms=lambda: hand.now_ms)
        self._what: Callable[[], None] | None = what

    def hold_lanes(self, provider: str, lanes: Sequence[Lane], until_ms: int | None) -> None:
        self._first_the_other()
        super().hold_lanes(provider, lanes, until_ms)

    def resume_lanes(self, provider: str, lanes: Sequence[Lane]) -> None:
        self._first_the_other()
        super().resume_lanes(provider, lanes)

    def _first_the_other(self) -> None:
        what, self._what = self._what, None
        if what is not None:
            what()


class CutOff(LaneClock):
    def resume_lanes(self, provider: str, lanes: Sequence[Lane]) -> None:
        raise Unavailable("Redis: ConnectionError")


def lines(hand: Hand) -> tuple[Account, list[Sender]]:
    account = hand.wiring.accounts.named("loja")
    return account, hand.wiring.accounts.senders(account.id)


def test_promise_6_a_line_that_comes_back_does_not_end_what_an_operator_paused_meanwhile(hand: Hand) -> None:
    account, senders = lines(hand)
    pause_senders(hand.stations, account, senders, "disconnected")
    _, seen_down = lines(hand)
    pause_by_hand(hand.stations, account, senders[:1])
    resume_senders(hand.stations, account, seen_down)

    hand.submit(3)
    assert {ticket.lane.sender_id for ticket in hand.release()} == {senders[1].id}
    resume_by_hand(hand.stations, account, lines(hand)[1])
    assert {ticket.lane.sender_id for ticket in hand.release()} == {senders[0].id}


def test_promise_2_a_resume_that_does_not_reach_the_clock_is_asked_for_again(hand: Hand) -> None:
    """Otherwise the ledger would think that the sender goes on, and its lane would stand still for ever."""
    account, senders = lines(hand)
    pause_senders(hand.stations, account, senders, "disconnected")
    _, seen_down = lines(hand)
    with pytest.raises(Unavailable):
        resume_senders(replace(hand.stations, lanes=CutOff(hand.wiring.redis)), account, seen_down)
    assert [sender.paused_reason for sender in lines(hand)[1]] == ["disconnected"] * 2

    resume_senders(hand.stations, account, seen_down)
    hand.submit(2)
    assert len(hand.release()) == 2


def late(hand: Hand, what: Callable[[], None]) -> Stations:
    """Stations of a worker whose words reach the clock only after `what`."""
    return replace(hand.stations, lanes=Meanwhile(hand, what))


def releases(hand: Hand) -> int:
    hand.now_ms += 1
    return len(hand.release())


def test_promise_6_a_halt_that_reaches_the_clock_after_an_operator_resumed_does_not_hold_for_ever(hand: Hand) -> None:
    account, senders = lines(hand)
    worker = late(hand, lambda: resume_by_hand(hand.stations, account, senders))
    pause_senders(worker, account, senders, "unauthorised")
    hand.submit(4)
    assert ([one.paused_reason for one in lines(hand)[1]], releases(hand)) == ([None, None], 2)


def test_promise_6_a_resume_that_reaches_the_clock_after_an_operator_paused_lets_nothing_go(hand: Hand) -> None:
    account, senders = lines(hand)
    pause_senders(hand.stations, account, senders, "disconnected")
    worker = late(hand, lambda: pause_by_hand(hand.stations, account, senders))
    resume_senders(worker, account, lines(hand)[1])
    hand.submit(4)
    assert ([one.paused_reason for one in lines(hand)[1]], releases(hand)) == ([BY_HAND, BY_HAND], 0)


def test_promise_6_a_halt_with_an_end_after_one_without_does_not_outlive_what_the_ledger_says(hand: Hand) -> None:
    """A call of another lane that was in flight is answered "too many" after the line went down."""
    account, senders = lines(hand)
    pause_senders(hand.stations, account, senders, "disconnected")
    pause_senders(hand.stations, account, senders, "rate_limited", hand.now_ms + 5_000)
    assert [(one.paused_reason, one.paused_until_ms) for one in lines(hand)[1]] == [("disconnected", None)] * 2
    resume_senders(hand.stations, account, lines(hand)[1])
    hand.submit(4)
    assert releases(hand) == 2


def test_the_longest_of_several_halts_counts(hand: Hand) -> None:
    account, senders = lines(hand)
    now_ms = hand.wiring.shared_clock.now_ms()
    for seconds in (60, 5, 600):
        pause_senders(hand.stations, account, senders, f"{seconds} s", now_ms + seconds * 1_000)
    assert {(one.paused_reason, one.paused_until_ms) for one in lines(hand)[1]} == {("600 s", now_ms + 600_000)}


@pytest.mark.parametrize("order", ["pause", "resume"])
def test_promise_6_what_an_operator_said_while_redis_was_rebuilt_holds(hand: Hand, order: str) -> None:
    """The rebuild has read the senders, and the clock refuses every other word."""
    account, senders = lines(hand)
    operator = pause_by_hand if order == "pause" else resume_by_hand
    if order == "resume":
        pause_by_hand(hand.stations, account, senders)

    class Builder(ClockBuilder):
        def complete(self) -> None:
            operator(hand.wiring.stations, account, senders)
            super().complete()

    hand.submit(4)
    hand.wiring.redis.flushall()
    builder = Builder(hand.wiring.redis, hand.wiring.secrecy, names_of_providers())
    survivors = Survivors(hand.wiring.engine)
    assert rebuild(hand.wiring.stations, builder, survivors, partial(alone, hand.wiring.engine))
    hand.now_ms = hand.wiring.shared_clock.now_ms() + 10
    assert releases(hand) == (0 if order == "pause" else 2)


@pytest.mark.parametrize("order", ["pause", "resume"])
def test_promise_6_an_order_whose_process_died_before_it_told_the_clock_is_found_by_the_sweeper(
    hand: Hand, order: str
) -> None:
    account, senders = lines(hand)
    numbers = [sender.id for sender in senders]
    hand.submit(4)
    if order == "pause":
        hand.wiring.accounts.halt(numbers, BY_HAND, None)
    else:
        pause_by_hand(hand.stations, account, senders)
        hand.wiring.accounts.resume(numbers, by_hand=True)
    hand.sweep(1)
    assert releases(hand) == (0 if order == "pause" else 2)
