"""Promise 2: an account, campaign or sender that kills whoever reads it costs a handful of workers, not some for each
of its messages; the others go on."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.laneclock import TAKE_UP_LEASE_MS
from dispatcher.domain.loststarts import ALONE_MS, IN_A_ROW
from dispatcher.domain.tickets import Ticket
from dispatcher.domain.trouble import Unavailable
from dispatcher.pipeline import steer
from dispatcher.pipeline.pace import recover
from dispatcher.producer import submit
from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import NAME, campaign, names, uazapi_account
from tests.pipeline.conftest import PROVIDER, Hand
from tests.pipeline.test_lost_starts import KillsItsReader, killed
from tests.pipeline.test_poison import run
from tests.sending import send

Poison = Callable[[Ticket], bool]


@dataclass
class Fleet:
    """Workers that have just been started, each for what is due; whoever reads a poisoned ticket's rows dies, and its
    lease ends a moment later."""

    hand: Hand
    poison: Poison
    lost: list[Ticket] = field(default_factory=list)

    def work(self, rounds: int = 30) -> None:
        for _ in range(rounds):
            self.hand.look_into_leases()
            for ticket in self.hand.release():
                self.take(ticket)
            self.hand.now_ms += TAKE_UP_LEASE_MS
        self.hand.look_into_leases()

    def take(self, ticket: Ticket) -> None:
        if not self.poison(ticket):
            self.hand.work(ticket)
            return
        self.lost.append(ticket)
        with pytest.raises(KillsItsReader):
            send(replace(self.hand.stations, account=killed, is_known=lambda _: False), PROVIDER, ticket)


def reason_of(hand: Hand, number: int) -> str | None:
    return hand.wiring.campaigns.get(number).paused_reason


def in_account(hand: Hand, name: str, messages: int = 20) -> int:
    return submit(hand.stations, name, {**campaign(range(messages)), "account": name}).campaign_id


def test_an_account_that_kills_its_readers_costs_a_handful_of_workers(hand: Hand, simulator: SimulatorClient) -> None:
    both = uazapi_account(simulator.url, names(1)) + "\n" + uazapi_account(simulator.url, ["other"], name="outra")
    hand.wiring.accounts.apply(read_accounts(both, {}))
    mine = {in_account(hand, NAME), in_account(hand, NAME)}
    other = in_account(hand, "outra")
    fleet = Fleet(hand, lambda ticket: ticket.campaign in mine)
    fleet.work()
    assert len(fleet.lost) <= IN_A_ROW + 1, "and none after both stand still"
    for number in mine:
        assert hand.counts(number)["pending"] >= 18
        assert (reason_of(hand, number) or "").startswith("start_lost: ")
    assert hand.counts(other) == {"sent": 20}


def test_a_campaign_that_kills_its_readers_stands_still_and_its_account_s_others_go_on(hand: Hand) -> None:
    poisoned, other = hand.submit(20), hand.submit(20)
    fleet = Fleet(hand, lambda ticket: ticket.campaign == poisoned)
    fleet.work()
    assert len(fleet.lost) <= 2 * IN_A_ROW, "two lanes, at once"
    assert hand.counts(poisoned)["pending"] >= 18
    assert hand.counts(other) == {"sent": 20}
    told = "start_lost: 5 times in a row the worker that took up a message of this campaign was lost"
    assert reason_of(hand, poisoned) == told


def test_a_sender_that_kills_its_readers_stands_still_and_its_campaign_goes_on(hand: Hand) -> None:
    first, second = sorted(hand.wiring.accounts.senders(1), key=lambda sender: sender.name)
    number = hand.submit(20)
    fleet = Fleet(hand, lambda ticket: ticket.lane.sender_id == first.id)
    fleet.work()
    assert len(fleet.lost) <= IN_A_ROW
    assert hand.counts(number) == {"sent": 20}
    assert (hand.wiring.accounts.sender(first.id).paused_reason or "").startswith("start_lost: ")
    assert hand.wiring.accounts.sender(second.id).paused_reason is None
    assert hand.wiring.accounts.once_paused() == [], "sweepers read those"


def test_what_one_lost_worker_held_counts_once(hand: Hand, simulator: SimulatorClient) -> None:
    accounts = uazapi_account(simulator.url, names(10))
    hand.wiring.accounts.apply(read_accounts(accounts, {}))
    number = hand.submit(20)
    fleet = Fleet(hand, lambda ticket: True)
    fleet.work(rounds=1)
    assert len(fleet.lost) > IN_A_ROW
    fleet.poison = lambda ticket: False
    fleet.work()
    assert hand.counts(number) == {"sent": 20}


def test_a_resumed_campaign_that_still_kills_costs_one_loss_and_one_that_was_mended_is_sent(hand: Hand) -> None:
    number = hand.submit(20)
    fleet = Fleet(hand, lambda ticket: True)
    fleet.work()
    before = len(fleet.lost)
    steer.resume(hand.stations, hand.wiring.campaigns, number)
    fleet.work(rounds=5)
    assert before < len(fleet.lost) <= before + 2, "each lane's"
    assert hand.wiring.campaigns.get(number).state.value == "paused"
    fleet.poison = lambda ticket: False
    steer.resume(hand.stations, hand.wiring.campaigns, number)
    fleet.work()
    assert hand.counts(number) == {"sent": 20}


def test_nothing_of_it_is_read_by_who_stops_it_and_who_died_before_the_clock_heard_of_it_is_followed(
    hand: Hand,
) -> None:
    number = hand.submit(20)
    fleet = Fleet(hand, lambda ticket: True)
    fleet.work(rounds=IN_A_ROW - 1)
    (ticket, *_) = hand.release()
    fleet.take(ticket)
    hand.now_ms += TAKE_UP_LEASE_MS
    blind = replace(hand.stations, account=killed, campaign=killed, sender=killed)
    with pytest.raises(Unavailable):
        recover(replace(blind, control=Away()), PROVIDER, ticket, None)
    assert hand.wiring.campaigns.get(number).state.value == "paused"
    assert times_of(hand) == IN_A_ROW
    recover(blind, PROVIDER, ticket, None)
    hand.now_ms += ALONE_MS
    assert (hand.release(), times_of(hand)) == ((), IN_A_ROW)


class Away:
    def __getattr__(self, name: str) -> Any:
        raise Unavailable("Redis: no connection")


def times_of(hand: Hand) -> int:
    with hand.wiring.engine.connect() as connection:
        found = "SELECT times FROM lost_streak WHERE common = 'campaign'"
        times: int = connection.exec_driver_sql(found).scalar_one()
        return times


def test_streaks_of_long_ago_are_cleared(hand: Hand) -> None:
    hand.submit(2)
    Fleet(hand, lambda ticket: True).work(rounds=1)
    run(hand, "UPDATE lost_streak SET noted_at = noted_at - interval '99 days'")
    hand.stations.leftovers.clear()
    with hand.wiring.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM lost_streak").scalar_one() == 0
