"""Promise 6 for senders: who paused one decides who lets it go on, and the clock always hears of it in the end."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from dispatcher.coordination.laneclock import LaneClock
from dispatcher.domain.account import Account, Sender
from dispatcher.domain.ids import Lane
from dispatcher.domain.trouble import Unavailable
from dispatcher.pipeline.senders import pause_by_hand, pause_senders, resume_by_hand, resume_senders
from tests.pipeline.conftest import Hand


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
        resume_senders(replace(hand.stations, control=CutOff(hand.wiring.redis)), account, seen_down)
    assert [sender.paused_reason for sender in lines(hand)[1]] == ["disconnected"] * 2

    resume_senders(hand.stations, account, seen_down)
    hand.submit(2)
    assert len(hand.release()) == 2
