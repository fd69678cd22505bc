"""Senders and accounts that change in the accounts file while campaigns run: the lane clock follows."""

import pytest

from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.campaign import NoSenderLeft
from dispatcher.domain.lifecycle import CampaignState
from dispatcher.ledger.crews import NO_SENDER
from dispatcher.pipeline import steer
from dispatcher.pipeline.senders import pause_by_hand
from tests.journey.bodies import names, uazapi_account
from tests.pipeline.conftest import Hand


def apply(hand: Hand, senders: list[str], more: str = "") -> None:
    hand.wiring.apply_accounts(read_accounts(uazapi_account("http://127.0.0.1:9", senders) + more, {}))


def used(hand: Hand) -> list[str]:
    """Names of the senders that the next messages leave from."""
    hand.now_ms = hand.wiring.shared_clock.now_ms() + 1_000  # `apply` told the clock by its own time
    return sorted(hand.wiring.accounts.sender(ticket.lane.sender_id).name for ticket in hand.release())


def test_promise_6_a_sender_that_was_taken_out_sends_no_more_and_one_that_comes_back_does(hand: Hand) -> None:
    hand.submit(10)
    apply(hand, ["line1"])
    assert used(hand) == ["line1"]
    apply(hand, names(2))
    assert used(hand) == ["line0"]


def test_a_sender_whose_concurrency_grew_has_more_lanes_at_once(hand: Hand) -> None:
    hand.submit(10)
    apply(hand, names(2), "\nconcurrency = 3")
    assert used(hand) == ["line0", "line1", "line1", "line1"]
    apply(hand, names(2), "\nconcurrency = 1")
    assert used(hand) == []


def test_promise_6_a_paused_sender_whose_concurrency_grew_stays_paused(hand: Hand) -> None:
    account = hand.wiring.accounts.named("loja")
    pause_by_hand(hand.stations, account, hand.wiring.accounts.senders(account.id))
    hand.submit(10)
    apply(hand, names(2), "\nconcurrency = 3")
    assert used(hand) == []


def test_a_campaign_without_any_sender_is_paused_says_why_and_goes_on_when_one_is_back(hand: Hand) -> None:
    named, any_sender = hand.submit(3, senders=["line0"]), hand.submit(3)
    apply(hand, ["line1"])
    stranded = hand.wiring.campaigns.get(named)
    assert (stranded.state, stranded.paused_reason) == (CampaignState.PAUSED, NO_SENDER)
    assert hand.wiring.campaigns.get(any_sender).state is CampaignState.RUNNING
    with pytest.raises(NoSenderLeft):
        steer.resume(hand.stations, hand.wiring.campaigns, named)
    assert hand.wiring.campaigns.get(named).state is CampaignState.PAUSED

    apply(hand, names(2))
    assert steer.resume(hand.stations, hand.wiring.campaigns, named)
    assert hand.wiring.campaigns.get(named).paused_reason is None
    assert used(hand) == names(2)


def test_promise_6_an_account_that_was_removed_releases_nothing(hand: Hand) -> None:
    number = hand.submit(3)
    hand.wiring.remove_account("loja")
    assert hand.release() == ()
    assert hand.wiring.campaigns.get(number).paused_reason == NO_SENDER


def test_promise_2_what_the_clock_could_not_be_told_of_the_accounts_file_it_is_told_by_the_sweeper(hand: Hand) -> None:
    """`accounts apply` that died after its commit, or ran while Redis was away."""
    hand.submit(10)
    hand.wiring.accounts.apply(read_accounts(uazapi_account("http://127.0.0.1:9", ["line1"]), {}))
    assert hand.wiring.campaigns.unopened(0)
    hand.pass_in_the_ledger(seconds=3)
    hand.sweep()
    assert used(hand) == ["line1"]
