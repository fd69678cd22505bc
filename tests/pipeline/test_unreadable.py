"""An account or a sender whose row nobody can read stops itself, and nobody else: not the sweep, not a rebuild, not the
operator who pauses what runs on it."""

import pytest

from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.laneclock import BEGIN_LEASE_MS
from dispatcher.pipeline import steer
from dispatcher.pipeline.rebuild import UNREADABLE_LEASE_MS
from dispatcher.pipeline.senders import resume_by_hand
from dispatcher.producer import submit
from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import NAME, campaign, names, uazapi_account
from tests.pipeline.conftest import PROVIDER, Hand
from tests.pipeline.test_poison import run

OTHER = "outra"


def accounts(simulator: SimulatorClient) -> str:
    other = uazapi_account(simulator.url, ["other", "another"], name=OTHER)
    return f"{uazapi_account(simulator.url, names(2), timeout_s=1)}\n{other}"


@pytest.fixture
def broken(hand: Hand, simulator: SimulatorClient) -> int:
    """A campaign of an account whose row cannot be read, nor its senders'; one message is being sent."""
    hand.wiring.accounts.apply(read_accounts(accounts(simulator), {}))
    number = submit(hand.stations, OTHER, {**campaign(range(9)), "account": OTHER}).campaign_id
    ticket = hand.release()[0]
    hand.stations.clock.begin(PROVIDER, ticket, 60_000)
    hand.stations.messages.claim(ticket)
    theirs = "account_id = (SELECT id FROM account WHERE name = 'outra')"
    run(hand, "UPDATE account SET credentials = 'of another key' WHERE name = 'outra'")
    run(hand, f"UPDATE sender SET token = 'of another key', paused_reason = 'a reason' WHERE {theirs}")
    hand.forget_accounts()
    return number


def test_redis_is_built_up_again_and_the_others_go_on(hand: Hand, broken: int) -> None:
    number = hand.submit(4)
    hand.wiring.redis.flushall()
    hand.rebuild()
    hand.now_ms += UNREADABLE_LEASE_MS // 2
    hand.work_all()
    assert hand.counts(number) == {"sent": 4}
    theirs = {one.ticket.seq for one in hand.wiring.audited.clock.flights(PROVIDER) if one.ticket.campaign == broken}
    assert 0 in theirs, "what is being sent keeps its lane, for as long as any call may take"


def test_senders_of_others_are_still_asked_and_told_of(hand: Hand, broken: int) -> None:
    first, second = hand.wiring.accounts.senders(1)
    hand.wiring.accounts.halt([first.id, second.id], "a reason", None)
    number = hand.submit(4)
    hand.sweep(rounds=1)
    assert hand.release() == ()
    assert hand.counts(number) == {"pending": 4}


def test_policies_of_others_are_asked_anew(hand: Hand, broken: int) -> None:
    assert [account.name for account in hand.stations.accounts.changed_within(3_600)] == [NAME]


def test_its_campaign_can_be_paused_and_cancelled(hand: Hand, broken: int) -> None:
    assert steer.pause(hand.stations, hand.wiring.campaigns, broken)
    assert steer.cancel(hand.stations, hand.wiring.campaigns, broken)
    assert hand.counts(broken) == {"cancelled": 8, "sending": 1}


def test_it_is_mended_by_applying_the_accounts_file_again(hand: Hand, simulator: SimulatorClient, broken: int) -> None:
    assert hand.wiring.accounts.apply(read_accounts(accounts(simulator), {})).changed == (OTHER,)
    account = hand.wiring.accounts.named(OTHER)
    senders = hand.wiring.accounts.senders(account.id)
    resume_by_hand(hand.stations, account, senders)
    hand.now_ms += BEGIN_LEASE_MS
    hand.work_all()
    assert hand.counts(broken) == {"sent": 8, "sending": 1}
