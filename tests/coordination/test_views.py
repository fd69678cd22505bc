from dataclasses import replace

import pytest
import redis

from dispatcher.coordination.laneclock import LaneClock
from dispatcher.coordination.views import Census, LaneViews
from dispatcher.domain.ids import Lane
from dispatcher.domain.lanerecords import CampaignRecord, Flight, LaneRecord, why_waiting
from dispatcher.domain.pacing import Pacing
from dispatcher.domain.tickets import Plan, Retry, Ticket
from tests.coordination.conftest import PROVIDER, START_MS, Now

CAMPAIGN = 9
LANES = (Lane(1, 0), Lane(1, 1), Lane(2, 0))


def test_people_see_what_each_lane_waits_for(client: redis.Redis, clock: LaneClock, now: Now) -> None:
    views = LaneViews(client)
    assert views.lanes_view(PROVIDER) == []
    clock.plan(PROVIDER, Plan(CAMPAIGN, 0, 9, Pacing(4000, 4000), LANES))
    flying, sent, _ = clock.release(PROVIDER, 9, 9).tickets
    clock.finish(PROVIDER, sent, 0)
    clock.hold_lanes(PROVIDER, LANES[2:], None)
    first, second, third = views.lanes_view(PROVIDER)
    assert (first.lane, first.why, first.flight, first.campaigns) == (LANES[0], "in_flight", flying, (CAMPAIGN,))
    assert (second.lane, second.why, second.next_ms) == (LANES[1], "delay", now.ms + 4000)
    assert (third.lane, third.why, third.held) == (LANES[2], "in_flight", True)
    assert views.lanes_view(PROVIDER, [LANES[1], Lane(99, 0)]) == [second]
    assert views.lanes_view(PROVIDER, []) == []


def test_a_census_is_five_lengths(client: redis.Redis, clock: LaneClock) -> None:
    views = LaneViews(client)
    assert views.census(PROVIDER) == Census(0, 0, 0, 0, 0)
    clock.plan(PROVIDER, Plan(CAMPAIGN, 0, 2, Pacing(), LANES))
    clock.file_retries(PROVIDER, CAMPAIGN, [Retry(START_MS + 9, 0)])
    clock.release(PROVIDER, 1, 9)
    client.rpush(f"send.{PROVIDER}", "job")
    assert views.census(PROVIDER) == Census(on_clock=3, in_flight=1, retries=1, campaigns=1, queued=1)


NOW = 1000
LANE = LaneRecord(ready=900)
TICKET = Ticket(LANES[0], CAMPAIGN, 0, 1, "t")
RUNNING = CampaignRecord(Pacing(), 0, 9)


@pytest.mark.parametrize(
    ("why", "lane", "flight", "next_ms", "campaign"),
    [
        ("in_flight", LANE, Flight(TICKET, 1001), 1001, RUNNING),
        ("overdue", LANE, Flight(TICKET, 1000), 1000, RUNNING),
        ("overdue", LANE, Flight(TICKET, 9000, overdue=True), 9000, RUNNING),
        ("paused", replace(LANE, held=True), None, 900, RUNNING),
        ("halted", replace(LANE, until=5000), None, 900, RUNNING),
        ("due", LANE, None, 1000, RUNNING),
        ("delay", replace(LANE, ready=1500), None, 1500, RUNNING),
        ("start", LANE, None, 2000, replace(RUNNING, start=2000)),
        ("chunk_pause", LANE, None, 2000, replace(RUNNING, gate=2000)),
        ("retry", LANE, None, 2000, replace(RUNNING, next=9)),
        ("campaign_paused", LANE, None, None, replace(RUNNING, held=True)),
        ("chunk_ends", LANE, None, None, RUNNING),
        ("idle", LANE, None, None, replace(RUNNING, next=9)),
    ],
)
def test_every_wait_has_its_word(
    why: str, lane: LaneRecord, flight: Flight | None, next_ms: int | None, campaign: CampaignRecord
) -> None:
    assert why_waiting(lane, flight, next_ms, [campaign], NOW) == why
