"""Hours that a campaign names: it waits for them and nobody else, on whichever lane; all others keep to their own."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dispatcher.domain.accounts_file import AccountsFileError, read_accounts
from dispatcher.domain.changes import Change
from dispatcher.domain.hours_written import DAYS
from dispatcher.ledger.upstream import UpstreamCampaigns
from dispatcher.pipeline.accept import accept
from dispatcher.pipeline.change import change
from dispatcher.pipeline.plan import plan_unopened
from dispatcher.providers.contract import BadRequest, ParseContext
from dispatcher.providers.kinbox.dialect import parse
from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import NAME, phone, uazapi_account
from tests.pipeline.conftest import Hand
from tests.pipeline.test_policies import HOUR_MS, MONDAY, OFFICE, SUNDAY, at, leaves, why

SUNDAYS = '[account.business_hours.domingo]\nwindows = ["sun 10:00-18:00"]\n'
EVENINGS = '[account.business_hours."à noite"]\nwindows = ["mon-sun 18:00-22:00"]\nrecipient_night = "21:00-08:00"\n'
ONE_LINE = '[[account.sender]]\nname = "line0"\ntoken = "line0"\n'


def declare(hand: Hand, simulator: SimulatorClient, hours: str) -> None:
    """One sender, whose lane all campaigns share."""
    account = uazapi_account(simulator.url, [], timeout_s=1, validity_s=0, mode="direct")
    hand.wiring.accounts.apply(read_accounts(f"{account}\n{hours}{ONE_LINE}", {}))
    hand.forget_accounts()


def made(hand: Hand, named: str = "", people: int = 1) -> int:
    account = hand.wiring.accounts.named(NAME)
    leads = [{"phone": phone(number)} for number in range(people)]
    body = {"name": "Oferta", "message": "Olá", "leads": leads, "businessHoursId": named}
    draft = parse(body, ParseContext(account, hand.now_ms, hand.stations.open_leads))
    return accept(hand.stations, account, draft).campaign_id


@pytest.fixture
def sunday(hand: Hand, simulator: SimulatorClient) -> Hand:
    """It is Sunday at noon: closed but for who names the hours `domingo`."""
    declare(hand, simulator, OFFICE + SUNDAYS + EVENINGS)
    hand.now_ms = SUNDAY
    return hand


def test_each_campaign_leaves_in_the_hours_that_it_names(sunday: Hand, simulator: SimulatorClient) -> None:
    plain, sundays = made(sunday), made(sunday, "domingo", people=2)
    assert leaves(sunday, simulator) == 2, "the lane does not rest for the hours of the other campaign"
    assert (sunday.counts(plain), sunday.counts(sundays)) == ({"pending": 1}, {"sent": 2})
    sunday.now_ms = MONDAY - 1
    assert leaves(sunday, simulator) == 0
    sunday.now_ms = MONDAY
    assert leaves(sunday, simulator) == 1


def test_a_campaign_that_waits_for_its_hours_costs_one_job_and_says_so(
    sunday: Hand, simulator: SimulatorClient
) -> None:
    sunday.now_ms = MONDAY
    number = made(sunday, "domingo", people=3)
    assert [sunday.work_all(), sunday.work_all()] == [0, 0], "it is planned for its hours from the beginning"
    assert why(sunday) == {("hours", at("2031-03-09 10:00"))}
    sunday.now_ms = at("2031-03-09 17:59")
    [ticket] = sunday.release()
    sunday.now_ms += HOUR_MS
    sunday.work(ticket)
    assert sunday.work_all() == 0, "what was released before they closed goes back, and nothing follows"
    assert why(sunday) == {("hours", at("2031-03-16 10:00"))}
    sunday.now_ms = at("2031-03-16 10:00")
    assert leaves(sunday, simulator) == 3
    assert sunday.counts(number) == {"sent": 3}


def test_after_a_send_the_lane_does_not_rest_for_anybodys_hours(sunday: Hand, simulator: SimulatorClient) -> None:
    sunday.now_ms = at("2031-03-03 19:59")
    made(sunday)
    assert leaves(sunday, simulator) == 1
    sunday.now_ms += HOUR_MS
    made(sunday, "à noite")
    assert leaves(sunday, simulator) == 1


def test_the_recipients_night_is_that_of_the_named_hours(sunday: Hand, simulator: SimulatorClient) -> None:
    sunday.now_ms = at("2031-03-03 21:30")
    number = made(sunday, "à noite")
    assert leaves(sunday, simulator) == 0
    assert sunday.counts(number) == {"pending": 1}
    sunday.now_ms = at("2031-03-04 18:00")
    assert leaves(sunday, simulator) == 1


def test_other_hours_named_while_it_waits_count_at_once(sunday: Hand, simulator: SimulatorClient) -> None:
    number = made(sunday)
    assert leaves(sunday, simulator) == 0
    book = UpstreamCampaigns(sunday.wiring.engine)
    sunday.wiring.stations.campaign(number)
    assert change(sunday.stations, book, number, Change(business_hours="domingo"))
    forget_campaigns(sunday)
    assert leaves(sunday, simulator) == 1
    [kept] = book.changes(number)
    assert (kept.was, kept.now_is) == ({"business_hours": None}, {"business_hours": "domingo"})


def test_a_job_in_the_queue_does_not_leave_in_hours_that_were_closed_meanwhile(
    sunday: Hand, simulator: SimulatorClient
) -> None:
    """Its worker remembers the campaign as it was for two seconds."""
    number = made(sunday, "domingo")
    assert sunday.stations.campaign(number).business_hours == "domingo"
    (ticket,) = sunday.release()
    assert change(sunday.stations, UpstreamCampaigns(sunday.wiring.engine), number, Change(business_hours="à noite"))
    sunday.work(ticket)
    assert (sunday.counts(number), simulator.deliveries()) == ({"pending": 1}, [])
    forget_campaigns(sunday)
    sunday.now_ms = at("2031-03-02 18:00")
    assert leaves(sunday, simulator) == 1


def forget_campaigns(hand: Hand) -> None:
    """As if what the send path remembers of campaigns had grown old."""
    hand.stations = replace(hand.stations, campaign=hand.wiring.campaigns.get)


def test_hours_that_an_operator_changes_act_on_what_waits(sunday: Hand, simulator: SimulatorClient) -> None:
    sunday.now_ms = MONDAY
    made(sunday, "domingo")
    assert leaves(sunday, simulator) == 0
    declare(sunday, simulator, OFFICE + SUNDAYS.replace("sun ", "sun-mon ").replace("10:00", "08:00"))
    sunday.pass_in_the_ledger(3)
    plan_unopened(sunday.stations)
    assert leaves(sunday, simulator) == 1


def test_a_rebuilt_clock_waits_for_the_same_hours(sunday: Hand, simulator: SimulatorClient) -> None:
    opens = (datetime.now(UTC) + timedelta(days=3)).replace(hour=10, minute=0, second=0, microsecond=0)
    window = f'timezone = "UTC"\nwindows = ["{DAYS[opens.weekday()]} 10:00-11:00"]\n'
    declare(sunday, simulator, f"[account.business_hours.breve]\n{window}")
    sunday.now_ms = sunday.wiring.shared_clock.now_ms()
    made(sunday, "breve")
    before = why(sunday)
    assert before == {("hours", int(opens.timestamp() * 1000))}
    sunday.wiring.redis.flushall()
    sunday.wiring.rebuild_clock()
    assert why(sunday) == before


def test_hours_that_an_open_campaign_names_cannot_be_taken_away(sunday: Hand, simulator: SimulatorClient) -> None:
    number = made(sunday, "domingo")
    with pytest.raises(AccountsFileError, match="domingo: must stay"):
        declare(sunday, simulator, OFFICE + EVENINGS)
    leaves(sunday, simulator)
    assert sunday.counts(number) == {"sent": 1}
    sunday.sweep()
    declare(sunday, simulator, OFFICE + EVENINGS)
    assert list(sunday.wiring.accounts.named(NAME).business_hours) == ["à noite"]


def test_unknown_hours_are_refused_with_those_that_there_are(sunday: Hand, simulator: SimulatorClient) -> None:
    with pytest.raises(BadRequest) as caught:
        made(sunday, "segunda")
    rule = "must name business hours of the account, which has: domingo, à noite"
    assert caught.value.problems == (("businessHoursId", rule),)
    declare(sunday, simulator, OFFICE)
    with pytest.raises(BadRequest) as caught:
        made(sunday, "segunda")
    assert caught.value.problems[0][1].endswith("which has: none")
