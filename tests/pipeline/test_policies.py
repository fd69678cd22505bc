"""Hours, caps and nights applied to sends: lanes rest with a reason, messages move aside, counts hold."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dispatcher.coordination.views import LaneViews
from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.laneclock import BEGIN_LEASE_MS
from dispatcher.domain.policies import LEAVES_WITHIN_MS
from dispatcher.domain.senderday import AHEAD_MS
from dispatcher.domain.tickets import Allowance
from dispatcher.producer import submit
from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import NAME, campaign, phone, uazapi_account
from tests.pipeline.conftest import PROVIDER, Hand

SP = ZoneInfo("America/Sao_Paulo")
HOUR_MS = 3_600_000
OFFICE = '[account.hours]\nwindows = ["mon-fri 08:00-20:00"]\n'
GAP_MS = 5_000 + LEAVES_WITHIN_MS
ALWAYS = '[account.hours]\nwindows = ["mon-sun 00:00-24:00"]\n'


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=SP).timestamp() * 1000)


SUNDAY, MONDAY = at("2031-03-02 12:00"), at("2031-03-03 08:00")


def declare(hand: Hand, simulator: SimulatorClient, hours: str = "", senders: int = 1, **caps: object) -> None:
    """The account anew, with these hours and each sender with these caps."""
    plain = uazapi_account(simulator.url, [], timeout_s=1, validity_s=0, mode="direct")
    head, credentials = plain.split("[account.credentials]")
    lines = "".join(f"{key} = {value}\n" for key, value in caps.items())
    names = "".join(f'\n[[account.sender]]\nname = "s{n}"\ntoken = "s{n}"\n{lines}' for n in range(senders))
    hand.stations = replace(hand.stations, account=hand.wiring.accounts.account, sender=hand.wiring.accounts.sender)
    hand.wiring.accounts.apply(read_accounts(f"{head}[account.credentials]{credentials}\n{hours}{names}", {}))


def leaves(hand: Hand, simulator: SimulatorClient) -> int:
    """How many messages leave at this moment."""
    before = len(simulator.deliveries())
    hand.sweep(rounds=1)  # files what waits in the ledger and is due now
    hand.work_all()
    return len(simulator.deliveries()) - before


def why(hand: Hand) -> set[tuple[str, int | None]]:
    """What lanes wait for and until when; lanes without work left out."""
    views = LaneViews(hand.wiring.redis).lanes_view(PROVIDER)
    return {(view.why, view.next_ms) for view in views if view.next_ms is not None}


def test_outside_the_hours_nothing_leaves_and_the_lane_rests_until_they_open(
    hand: Hand, simulator: SimulatorClient
) -> None:
    declare(hand, simulator, OFFICE)
    hand.now_ms = SUNDAY
    number = hand.submit(3)
    assert leaves(hand, simulator) == 0
    assert why(hand) == {("hours", MONDAY)}
    assert hand.counts(number) == {"pending": 3}
    hand.now_ms = MONDAY - 1
    assert leaves(hand, simulator) == 0
    hand.now_ms = MONDAY
    assert leaves(hand, simulator) == 3
    assert hand.counts(number) == {"sent": 3}


def test_after_its_last_send_of_the_day_a_lane_goes_straight_to_the_next(
    hand: Hand, simulator: SimulatorClient
) -> None:
    declare(hand, simulator, OFFICE, daily_limit=2)
    hand.now_ms = at("2031-03-03 19:00")
    hand.submit(3)
    assert leaves(hand, simulator) == 2
    assert why(hand) == {("daily_limit", at("2031-03-04 08:00"))}, "midnight alone would be outside the hours"


def test_a_daily_limit_counts_all_lanes_of_a_sender(hand: Hand, simulator: SimulatorClient) -> None:
    declare(hand, simulator, daily_limit=4, concurrency=3)
    hand.now_ms = MONDAY
    hand.submit(10)
    assert [leaves(hand, simulator), day_passes(hand, simulator), day_passes(hand, simulator)] == [4, 4, 2]


def test_another_time_zone_is_another_day_which_the_ledger_counts(hand: Hand, simulator: SimulatorClient) -> None:
    declare(hand, simulator, ALWAYS, daily_limit=2)
    hand.now_ms = at("2031-03-03 20:00")
    hand.submit(9)
    assert leaves(hand, simulator) == 2
    hand.now_ms = at("2031-03-03 21:30")
    declare(hand, simulator, ALWAYS + 'timezone = "Europe/Lisbon"\n', daily_limit=2)
    hand.stations.lanes.lift_rests(PROVIDER, hand.stations.sender(1).lanes)
    assert leaves(hand, simulator) == 2, "the clock counts as the policies do: no ticket goes back again and again"


def day_passes(hand: Hand, simulator: SimulatorClient) -> int:
    hand.now_ms += 24 * HOUR_MS
    return leaves(hand, simulator)


def test_the_ramp_of_a_sender_grows_from_the_day_it_was_first_applied(hand: Hand, simulator: SimulatorClient) -> None:
    declare(hand, simulator, warm_up="{ 1 = 1, 2 = 3 }")
    hand.submit(9, validity_s=0)
    assert [leaves(hand, simulator), day_passes(hand, simulator), day_passes(hand, simulator)] == [1, 3, 3]
    assert {reason for reason, _ in why(hand)} == {"warm_up"}


def test_a_batch_is_not_larger_than_the_room_of_the_day(hand: Hand, simulator: SimulatorClient) -> None:
    plain = uazapi_account(simulator.url, ["line0"], timeout_s=1, batch=10) + "\ndaily_limit = 4\n"
    hand.wiring.accounts.apply(read_accounts(plain, {}))
    hand.now_ms = MONDAY
    number = hand.submit(10, validity_s=0)
    assert leaves(hand, simulator) == 4
    assert hand.counts(number) == {"sent": 4, "pending": 6}
    assert day_passes(hand, simulator) == 4


def test_two_sends_of_a_sender_start_the_least_gap_apart_on_whichever_lane(
    hand: Hand, simulator: SimulatorClient
) -> None:
    declare(hand, simulator, min_gap_s=5, concurrency=2)
    hand.now_ms = MONDAY
    hand.submit(3)
    assert leaves(hand, simulator) == 1
    assert why(hand) == {("min_gap", MONDAY + GAP_MS), ("min_gap", MONDAY + 2 * GAP_MS)}, "one after the other"
    hand.now_ms = MONDAY + GAP_MS - AHEAD_MS - 1
    assert leaves(hand, simulator) == 0
    hand.now_ms = MONDAY + GAP_MS
    assert leaves(hand, simulator) == 1


def test_many_lanes_of_a_sender_with_a_least_gap_cost_about_one_refused_job_each(
    hand: Hand, simulator: SimulatorClient
) -> None:
    """Each lane that is refused is told the next start that is free, and after its call the one after the others'."""
    declare(hand, simulator, min_gap_s=5, concurrency=10)
    hand.now_ms = MONDAY
    hand.submit(40)
    jobs, starts = 0, list[int]()
    while len(starts) < 40:
        before = len(simulator.deliveries())
        jobs += hand.work_all()
        starts += [hand.now_ms] * (len(simulator.deliveries()) - before)
        hand.now_ms = min(at for _, at in why(hand) if at) if why(hand) else hand.now_ms
    assert jobs <= 40 + 10
    assert starts == [MONDAY + GAP_MS * number for number in range(40)], "no start is left out"


def test_a_lane_that_comes_a_little_before_its_start_waits_for_it(hand: Hand, simulator: SimulatorClient) -> None:
    declare(hand, simulator, min_gap_s=5, concurrency=2)
    hand.now_ms = MONDAY
    hand.submit(2)
    first, second = hand.release()
    hand.work(first)
    hand.now_ms = MONDAY + GAP_MS - AHEAD_MS
    hand.work(second)
    assert hand.now_ms == MONDAY + GAP_MS
    assert len(simulator.deliveries()) == 2


def test_a_rest_that_was_lifted_and_a_memory_that_was_lost_do_not_undercut_a_least_gap(
    hand: Hand, simulator: SimulatorClient
) -> None:
    declare(hand, simulator, min_gap_s=3_600, concurrency=2)
    hand.submit(5)
    assert leaves(hand, simulator) == 1
    hand.stations.lanes.lift_rests(PROVIDER, hand.stations.sender(1).lanes)
    assert leaves(hand, simulator) == 0
    hand.wiring.redis.flushall()
    hand.wiring.rebuild_clock()
    hand.now_ms += 1_000
    assert leaves(hand, simulator) == 0


def test_what_certainly_was_not_sent_is_given_back_to_the_day(hand: Hand, simulator: SimulatorClient) -> None:
    declare(hand, simulator, daily_limit=1)
    hand.now_ms = MONDAY
    simulator.set_faults({"kind": "status", "provider": "uazapi", "status": 503, "times": 1})
    number = hand.submit(1, validity_s=0)
    assert leaves(hand, simulator) == 0
    hand.now_ms += HOUR_MS
    assert leaves(hand, simulator) == 1
    assert hand.counts(number) == {"sent": 1}


def test_a_suppressed_client_takes_neither_from_the_day_nor_from_the_gap(
    hand: Hand, simulator: SimulatorClient
) -> None:
    declare(hand, simulator, daily_limit=1, min_gap_s=60)
    hand.now_ms = MONDAY
    number = hand.submit(2)
    hand.wiring.suppressions.add(phone(0), "asked")
    assert leaves(hand, simulator) == 1
    assert hand.counts(number) == {"suppressed": 1, "sent": 1}


def test_a_worker_that_dies_before_its_claim_loses_nothing_of_the_day(hand: Hand, simulator: SimulatorClient) -> None:
    declare(hand, simulator, daily_limit=1)
    hand.submit(1)
    [ticket] = hand.release()
    ends = hand.now_ms + 24 * HOUR_MS
    begun = hand.stations.clock.begin(PROVIDER, ticket, 1000, Allowance(1, 0, ends, known=None))
    assert begun.unknown
    known = hand.wiring.accounts.sent_since(ticket.lane.sender_id, hand.now_ms)
    assert hand.stations.clock.begin(PROVIDER, ticket, 1000, Allowance(1, 0, ends, known)).granted == 1
    hand.now_ms += BEGIN_LEASE_MS
    assert leaves(hand, simulator) == 1


def test_a_worker_that_dies_after_its_claim_has_taken_from_the_day(hand: Hand, simulator: SimulatorClient) -> None:
    """Whether it sent is not known; the limit holds in any case."""
    declare(hand, simulator, daily_limit=1)
    number = hand.submit(2)
    [ticket] = hand.release()
    ends = hand.now_ms + 24 * HOUR_MS
    known = hand.wiring.accounts.sent_since(ticket.lane.sender_id, hand.now_ms)
    assert hand.stations.clock.begin(PROVIDER, ticket, 1000, Allowance(1, 0, ends, known))
    hand.stations.messages.claim(ticket)
    hand.now_ms += BEGIN_LEASE_MS
    assert leaves(hand, simulator) == 0
    assert hand.counts(number) == {"in_doubt": 1, "pending": 1}


def test_a_lost_memory_counts_the_day_anew_from_the_ledger(hand: Hand, simulator: SimulatorClient) -> None:
    declare(hand, simulator, daily_limit=3)
    hand.submit(5)
    [ticket] = hand.release()
    hand.work(ticket)
    [ticket] = hand.release()
    hand.work(ticket)
    hand.wiring.redis.flushall()
    hand.rebuild()
    assert leaves(hand, simulator) == 1


def test_other_hours_act_on_lanes_that_rest_already(hand: Hand, simulator: SimulatorClient) -> None:
    declare(hand, simulator, OFFICE)
    hand.now_ms = SUNDAY
    hand.submit(1)
    assert leaves(hand, simulator) == 0
    declare(hand, simulator, ALWAYS)
    hand.sweep(rounds=1)
    assert leaves(hand, simulator) == 1


def test_at_night_a_message_moves_aside_and_its_lane_goes_on(hand: Hand, simulator: SimulatorClient) -> None:
    """It is 21:30 in São Paulo and 20:30 in Manaus."""
    declare(hand, simulator, ALWAYS + 'recipient_night = "21:00-08:00"\n')
    hand.now_ms = at("2031-03-03 21:30")
    asleep, awake = {"phone": phone(0)}, {"phone": "5592911112222"}
    body = {**campaign([]), "recipients": [asleep, awake]}
    number = submit(hand.stations, NAME, body).campaign_id
    assert leaves(hand, simulator) == 1
    assert hand.counts(number) == {"pending": 1, "sent": 1}
    hand.now_ms = at("2031-03-04 07:59")
    assert leaves(hand, simulator) == 0
    hand.now_ms = at("2031-03-04 08:00")
    assert leaves(hand, simulator) == 1
    [line] = [one for one in hand.wiring.lines.page(number, None, -1, 10) if one.id.seq == 0]
    assert line.state == "sent"


@pytest.mark.parametrize(("validity_s", "outcome"), [(8 * 3600, "expired"), (12 * 3600, "sent")])
def test_a_night_does_not_let_a_message_outlive_its_validity(
    hand: Hand, simulator: SimulatorClient, validity_s: int, outcome: str
) -> None:
    declare(hand, simulator, ALWAYS + 'recipient_night = "21:00-08:00"\n')
    now = datetime.now(SP)
    evening = now.replace(hour=21, minute=30, second=0, microsecond=0)
    number = hand.submit(1, scheduled_for=(evening + timedelta(days=1)).isoformat(), validity_s=validity_s)
    hand.now_ms = int(evening.timestamp() * 1000) + 24 * HOUR_MS
    assert leaves(hand, simulator) == 0
    hand.now_ms += 11 * HOUR_MS
    leaves(hand, simulator)
    assert hand.counts(number) == {outcome: 1}
