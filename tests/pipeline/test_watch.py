"""A campaign pauses itself when too much of it fails, says so, and starts counting anew when it is resumed."""

import pytest

from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.lifecycle import CampaignState
from dispatcher.pipeline import steer
from dispatcher.producer import submit
from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import NAME, campaign, names, phone, uazapi_account
from tests.pipeline.conftest import PROVIDER, Hand

REFUSED = {"kind": "status", "status": 400, "provider": PROVIDER, "sends": True}


@pytest.fixture
def failing(hand: Hand, simulator: SimulatorClient) -> Hand:
    """Everything fails; half of six messages are too much."""
    simulator.set_faults(REFUSED)
    declare(hand, simulator, 0.5)
    return hand


def declare(hand: Hand, simulator: SimulatorClient, rate: float) -> None:
    text = uazapi_account(simulator.url, names(2), timeout_s=1, pause_at_error_rate=rate, error_rate_of=6)
    hand.wiring.accounts.apply(read_accounts(text, {}))
    assert hand.wiring.accounts.named("loja").pause_at_error_rate == rate


def reason(hand: Hand, number: int) -> tuple[str, str | None]:
    found = hand.wiring.campaigns.get(number)
    return found.state.value, found.paused_reason


def test_it_pauses_with_the_reason_and_releases_nothing_more(failing: Hand) -> None:
    number = failing.submit(20)
    failing.work_all()
    failed = failing.counts(number)["failed"]
    assert 3 <= failed <= 4, "at most the call in flight on the other lane"
    assert reason(failing, number) == ("paused", "3 of the last 3 messages failed")
    assert failing.release() == ()


def test_what_an_operator_resumed_is_counted_anew(failing: Hand, simulator: SimulatorClient) -> None:
    number = failing.submit(20)
    failing.work_all()
    before = failing.counts(number)["failed"]
    steer.resume(failing.stations, failing.wiring.campaigns, number)
    failing.work_all()
    assert 3 <= failing.counts(number)["failed"] - before <= 4

    simulator.set_faults()
    steer.retry_failed(failing.stations, failing.wiring.campaigns, number)
    steer.resume(failing.stations, failing.wiring.campaigns, number)
    failing.now_ms = failing.wiring.shared_clock.now_ms() + 1_000
    failing.work_all()
    assert failing.counts(number) == {"sent": 20}


def test_a_pause_that_comes_late_does_not_undo_a_resume(failing: Hand) -> None:
    """The worker had counted before the operator resumed."""
    number = failing.submit(20)
    failing.work(failing.release()[0])
    begin, _ = failing.stations.errors.tally(number)
    assert begin is not None
    steer.resume(failing.stations, failing.wiring.campaigns, number)
    assert not failing.stations.errors.pause(number, begin, "too late")
    assert failing.wiring.campaigns.get(number).state is CampaignState.RUNNING


def test_a_campaign_whose_last_message_was_one_failure_too_many_is_done(failing: Hand) -> None:
    number = failing.submit(3)
    failing.work_all()
    assert (failing.counts(number), reason(failing, number)) == ({"failed": 3}, ("done", None))


def test_zero_turns_it_off(failing: Hand, simulator: SimulatorClient) -> None:
    declare(failing, simulator, 0)
    number = failing.submit(20)
    failing.forget_accounts()
    failing.work_all()
    assert failing.counts(number) == {"failed": 20}


def test_recipients_that_failed_when_they_were_accepted_do_not_count(hand: Hand, failing: Hand) -> None:
    recipients = [{"phone": f"1{n}"} for n in range(10)] + [{"phone": phone(n)} for n in range(20)]
    number = submit(hand.stations, NAME, {**campaign([]), "recipients": recipients}).campaign_id
    hand.work(hand.release()[0])
    assert hand.counts(number) == {"failed": 11, "pending": 19}
    assert reason(hand, number) == ("running", None)
