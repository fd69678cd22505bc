"""The lane clock on a real server, by example; test_laneclock_machine plays it against its twin."""

import json
from dataclasses import replace

import pytest
import redis

from dispatcher.coordination import keys
from dispatcher.coordination.laneclock import LaneClock
from dispatcher.domain.ids import Lane, campaign_text
from dispatcher.domain.laneclock import BEGIN_LEASE_MS, NOTHING_MS, OVERDUE_MS
from dispatcher.domain.pacing import Pacing
from dispatcher.domain.tickets import Finished, Plan, Retry, Ticket, send_queue
from dispatcher.domain.trouble import ClockLost
from dispatcher.pipeline.ports import clock as ports
from tests.coordination.conftest import PROVIDER, Now

A, B = Lane(1, 0), Lane(2, 0)
FIRST, SECOND, THIRD = 7, 8, 9
PACE = Pacing(delay_min_ms=1000, delay_max_ms=2000)


def plan(
    campaign: int = FIRST, end: int = 10, pacing: Pacing = PACE, lanes: tuple[Lane, ...] = (A,), **more: int
) -> Plan:
    start, held = more.get("not_before_ms", 0), bool(more.get("held"))
    return Plan(campaign, more.get("next", 0), end, pacing, lanes, start, held, priority=more.get("priority", 0))


def release(clock: LaneClock, room: int = 100, limit: int = 100) -> list[Ticket]:
    return list(clock.release(PROVIDER, room, limit).tickets)


def one(clock: LaneClock) -> Ticket:
    (ticket,) = release(clock)
    return ticket


def test_it_is_what_the_pipeline_asks_for(clock: LaneClock) -> None:
    as_clock: ports.LaneClock = clock
    as_control: ports.CampaignControl = clock
    as_lanes: ports.LaneControl = clock
    as_retries: ports.Retries = clock
    assert {as_clock, as_control, as_lanes, as_retries} == {clock}


def test_a_lane_has_one_flight_and_waits_its_delay_after_it(clock: LaneClock, now: Now) -> None:
    clock.plan(PROVIDER, plan())
    ticket = one(clock)
    assert ticket[:4] == (A, FIRST, 0, 1)
    assert release(clock) == []
    assert clock.begin(PROVIDER, ticket, 30_000)
    now.ms += 700
    assert clock.finish(PROVIDER, ticket, jitter=0) == Finished(held=True, exhausted=False)
    now.ms += 999
    assert clock.release(PROVIDER, 100, 100).wait_ms == 1
    now.ms += 1
    assert one(clock).seq == 1


def test_the_pace_is_read_when_the_send_is_over(clock: LaneClock, now: Now) -> None:
    clock.plan(PROVIDER, plan())
    ticket = one(clock)
    clock.plan(PROVIDER, plan(pacing=Pacing(delay_min_ms=50_000, delay_max_ms=50_000)))
    clock.finish(PROVIDER, ticket, jitter=0)
    assert clock.release(PROVIDER, 100, 100).wait_ms == 50_000


def test_a_provider_that_paces_by_itself_keeps_its_lane_busy(clock: LaneClock) -> None:
    clock.plan(PROVIDER, plan(pacing=Pacing(batch=4)))
    ticket = one(clock)
    assert ticket.size == 4
    clock.finish(PROVIDER, ticket, jitter=0, busy_ms=9000)
    assert clock.release(PROVIDER, 100, 100).wait_ms == 9000


def test_only_the_holder_of_the_token_ends_a_flight(clock: LaneClock) -> None:
    clock.plan(PROVIDER, plan())
    ticket = one(clock)
    stranger = ticket._replace(token="x-1")
    assert not clock.begin(PROVIDER, stranger, 1000)
    assert not clock.finish(PROVIDER, stranger, 0).held
    assert not clock.skip(PROVIDER, stranger).held
    assert clock.finish(PROVIDER, ticket, 0).held
    assert not clock.finish(PROVIDER, ticket, 0).held


def test_a_ticket_is_begun_once_for_the_broker_may_deliver_its_job_twice(clock: LaneClock) -> None:
    clock.plan(PROVIDER, plan())
    ticket = one(clock)
    assert clock.begin(PROVIDER, ticket, 30_000)
    assert not clock.begin(PROVIDER, ticket, 30_000)
    assert clock.finish(PROVIDER, ticket, 0).held


def test_a_skipped_ticket_costs_no_delay(clock: LaneClock) -> None:
    clock.plan(PROVIDER, plan())
    clock.skip(PROVIDER, one(clock))
    assert one(clock).seq == 1


def test_a_lease_that_ran_out_is_given_to_one_pacer_at_a_time(clock: LaneClock, now: Now) -> None:
    clock.plan(PROVIDER, plan())
    ticket = one(clock)
    now.ms += BEGIN_LEASE_MS
    assert clock.release(PROVIDER, 0, 100).overdue == (ticket,)
    assert clock.release(PROVIDER, 100, 100).overdue == ()
    assert not clock.begin(PROVIDER, ticket, 30_000), "the pacer decides now"
    now.ms += OVERDUE_MS
    assert clock.release(PROVIDER, 100, 100).overdue == (ticket,)
    assert clock.skip(PROVIDER, ticket, [Retry(0, 0)]).held
    assert one(clock)[1:4] == (FIRST, 0, 1)


def test_a_begun_ticket_has_the_lease_it_asked_for(clock: LaneClock, now: Now) -> None:
    clock.plan(PROVIDER, plan())
    ticket = one(clock)
    clock.begin(PROVIDER, ticket, 60_000)
    now.ms += 59_999
    assert clock.release(PROVIDER, 100, 100).overdue == ()
    now.ms += 1
    assert clock.release(PROVIDER, 100, 100).overdue == (ticket,)


def test_lanes_of_a_wallet_pull_from_one_cursor(clock: LaneClock) -> None:
    clock.plan(PROVIDER, plan(lanes=(A, B)))
    assert [(ticket.lane, ticket.seq) for ticket in release(clock)] == [(A, 0), (B, 1)]


def test_campaigns_of_a_lane_take_turns(clock: LaneClock) -> None:
    clock.plan(PROVIDER, plan(FIRST))
    clock.plan(PROVIDER, plan(SECOND))
    given = []
    for _ in range(4):
        ticket = one(clock)
        given.append((ticket.campaign, ticket.seq))
        clock.skip(PROVIDER, ticket)
    assert given == [(FIRST, 0), (SECOND, 0), (FIRST, 1), (SECOND, 1)]


def turns(clock: LaneClock, count: int) -> list[int]:
    """Whose message leaves in each of the next turns of a lane."""
    found = []
    for _ in range(count):
        ticket = one(clock)
        found.append(ticket.campaign)
        clock.skip(PROVIDER, ticket)
    return found


def test_the_higher_priority_goes_first_and_equal_ones_take_turns(clock: LaneClock) -> None:
    clock.plan(PROVIDER, plan(FIRST, end=2))
    clock.plan(PROVIDER, plan(SECOND, end=2, priority=5))
    clock.plan(PROVIDER, plan(THIRD, end=2, priority=5))
    assert turns(clock, 6) == [SECOND, THIRD, SECOND, THIRD, FIRST, FIRST]


@pytest.mark.parametrize("why", ["held", "not started", "gated", "retry", "out"])
def test_a_high_priority_that_has_nothing_due_stops_no_other(clock: LaneClock, now: Now, why: str) -> None:
    chunks = Pacing(chunk_size=1, chunk_gap_ms=9_000)
    high = plan(SECOND, end=2, priority=5, pacing=chunks, lanes=(A, B) if why == "out" else (A,))
    clock.plan(PROVIDER, replace(high, held=why == "held", not_before_ms=now.ms + 9_000 * (why == "not started")))
    if why in ("gated", "retry"):
        clock.finish(PROVIDER, one(clock), 0, retries=[Retry(now.ms + 9_000, 0)] if why == "retry" else ())
    elif why == "out":
        assert one(clock).lane == A, "the chunk has one message, and B waits for its end"
    clock.plan(PROVIDER, plan(FIRST, lanes=(B,) if why == "out" else (A,)))
    assert one(clock).campaign == FIRST


def test_another_priority_counts_from_the_next_release(clock: LaneClock) -> None:
    clock.plan(PROVIDER, plan(FIRST))
    clock.plan(PROVIDER, plan(SECOND))
    assert turns(clock, 2) == [FIRST, SECOND]
    clock.plan(PROVIDER, plan(SECOND, priority=1))
    assert turns(clock, 2) == [SECOND, SECOND]
    clock.plan(PROVIDER, plan(SECOND, priority=-1))
    assert turns(clock, 2) == [FIRST, FIRST]


def test_a_campaign_of_a_memory_from_before_there_were_priorities_has_none(
    clock: LaneClock, client: redis.Redis
) -> None:
    clock.plan(PROVIDER, plan(FIRST))
    kept = json.loads(str(client.hget(keys.campaigns(PROVIDER), campaign_text(FIRST))))
    del kept["prio"]
    client.hset(keys.campaigns(PROVIDER), campaign_text(FIRST), json.dumps(kept))
    clock.plan(PROVIDER, plan(SECOND, priority=1))
    assert turns(clock, 2) == [SECOND, SECOND]


def test_a_chunk_is_followed_by_its_pause_across_lanes(clock: LaneClock, now: Now) -> None:
    clock.plan(PROVIDER, plan(pacing=Pacing(chunk_size=2, chunk_gap_ms=3000), lanes=(A, B)))
    first, second = release(clock)
    now.ms += 100
    clock.finish(PROVIDER, first, 0)
    assert release(clock) == [], "the chunk's last message is still out"
    now.ms += 400
    clock.finish(PROVIDER, second, 0)
    assert clock.release(PROVIDER, 100, 100).wait_ms == 3000
    now.ms += 3000
    assert [ticket.seq for ticket in release(clock)] == [2, 3]


def test_the_chunk_pause_counts_from_the_last_send_not_from_a_skip(clock: LaneClock, now: Now) -> None:
    clock.plan(PROVIDER, plan(pacing=Pacing(chunk_size=2, chunk_gap_ms=3000), lanes=(A, B)))
    sent, skipped = release(clock)
    clock.finish(PROVIDER, sent, 0)
    now.ms += 1000
    clock.skip(PROVIDER, skipped)
    assert clock.release(PROVIDER, 100, 100).wait_ms == 2000


def test_the_chunk_pause_counts_from_the_send_that_ends_last(clock: LaneClock, now: Now) -> None:
    """A provider that paces by itself is busy for some time after it took a call."""
    clock.plan(PROVIDER, plan(pacing=Pacing(chunk_size=2, chunk_gap_ms=3000), lanes=(A, B)))
    busy, last = release(clock)
    clock.finish(PROVIDER, busy, 0, busy_ms=9000)
    now.ms += 1000
    clock.finish(PROVIDER, last, 0)
    assert clock.release(PROVIDER, 100, 100).wait_ms == 8000 + 3000


def test_a_campaign_that_grows_at_the_end_of_a_chunk_goes_on_after_the_pause(clock: LaneClock, now: Now) -> None:
    pacing = Pacing(chunk_size=1, chunk_gap_ms=3000)
    clock.plan(PROVIDER, plan(end=1, pacing=pacing))
    assert clock.finish(PROVIDER, one(clock), 0).exhausted
    clock.plan(PROVIDER, plan(end=2, pacing=pacing))
    assert clock.release(PROVIDER, 100, 100).wait_ms == 3000
    now.ms += 3000
    assert one(clock).seq == 1


def test_a_message_that_was_never_sent_opens_its_chunk_again(clock: LaneClock, now: Now) -> None:
    """A rebuild finds the cursor behind the first chunk, and a hole in it: what is filed may leave at once."""
    clock.plan(PROVIDER, plan(pacing=Pacing(chunk_size=2, chunk_gap_ms=3000), lanes=(A, B), next=2))
    clock.file_retries(PROVIDER, FIRST, [Retry(0, 1)])
    hole = one(clock)
    assert hole.seq == 1, "the next chunk waits for it"
    clock.finish(PROVIDER, hole, jitter=0)
    now.ms += 2999
    assert release(clock) == []
    now.ms += 1
    assert [ticket.seq for ticket in release(clock)] == [2, 3]


def test_a_chunk_that_began_is_not_closed_again_for_a_message_of_an_earlier_one(clock: LaneClock) -> None:
    clock.plan(PROVIDER, plan(pacing=Pacing(chunk_size=2, chunk_gap_ms=3000), lanes=(A, B), next=2))
    clock.skip(PROVIDER, clock.release(PROVIDER, 1, 100).tickets[0])
    clock.file_retries(PROVIDER, FIRST, [Retry(0, 1)])
    assert sorted(ticket.seq for ticket in release(clock)) == [1, 3]


def test_a_retry_that_becomes_due_later_holds_no_chunk_up(clock: LaneClock, now: Now) -> None:
    clock.plan(PROVIDER, plan(pacing=Pacing(chunk_size=2, chunk_gap_ms=3000), lanes=(A, B), next=2))
    clock.file_retries(PROVIDER, FIRST, [Retry(now.ms + 500, 1)])
    assert [ticket.seq for ticket in release(clock)] == [2, 3]


def test_a_batch_never_crosses_a_chunk_or_the_end(clock: LaneClock) -> None:
    clock.plan(PROVIDER, plan(end=8, pacing=Pacing(chunk_size=5, batch=3)))
    sizes = []
    for _ in range(3):
        ticket = one(clock)
        sizes.append((ticket.seq, ticket.size))
        clock.finish(PROVIDER, ticket, 0)
    assert sizes == [(0, 3), (3, 2), (5, 3)]


def test_a_retry_waits_for_its_time_and_goes_first(clock: LaneClock, now: Now) -> None:
    clock.plan(PROVIDER, plan())
    clock.skip(PROVIDER, one(clock), [Retry(now.ms + 500, 0)])
    ticket = one(clock)
    assert ticket.seq == 1
    now.ms += 500
    clock.skip(PROVIDER, ticket)
    assert one(clock).seq == 0


def test_a_retry_wakes_a_lane_that_had_nothing_to_do(clock: LaneClock, now: Now) -> None:
    clock.plan(PROVIDER, plan(end=1))
    finished = clock.finish(PROVIDER, one(clock), 0, retries=[Retry(now.ms + 4000, 0)])
    assert not finished.exhausted
    assert clock.release(PROVIDER, 100, 100).wait_ms == 4000
    now.ms += 4000
    assert clock.finish(PROVIDER, one(clock), 0).exhausted
    assert clock.release(PROVIDER, 100, 100).wait_ms == NOTHING_MS
    assert clock.file_retries(PROVIDER, FIRST, [Retry(0, 0)])
    now.ms += 1000
    assert one(clock).seq == 0


def test_retries_of_an_unknown_campaign_are_refused(clock: LaneClock) -> None:
    assert not clock.file_retries(PROVIDER, FIRST, [Retry(0, 0)])


def test_a_retry_is_filed_even_when_the_lane_was_taken_back(clock: LaneClock) -> None:
    clock.plan(PROVIDER, plan(end=1))
    ticket = one(clock)
    clock.skip(PROVIDER, ticket)
    assert clock.finish(PROVIDER, ticket, 0, retries=[Retry(0, 0)]) == Finished(held=False, exhausted=False)
    assert one(clock).seq == 0


def test_a_held_campaign_releases_nothing(clock: LaneClock) -> None:
    clock.plan(PROVIDER, plan())
    clock.hold_campaign(PROVIDER, FIRST)
    assert release(clock) == []
    clock.resume_campaign(PROVIDER, FIRST)
    assert one(clock).seq == 0


def test_a_held_lane_releases_nothing_and_the_others_go_on(clock: LaneClock) -> None:
    clock.plan(PROVIDER, plan(lanes=(A, B)))
    clock.hold_lanes(PROVIDER, [A], None)
    assert one(clock).lane == B
    clock.resume_lanes(PROVIDER, [A])
    assert one(clock).lane == A


def test_a_lane_held_until_a_moment_goes_on_by_itself(clock: LaneClock, now: Now) -> None:
    clock.plan(PROVIDER, plan())
    clock.hold_lanes(PROVIDER, [A], now.ms + 60_000)
    clock.hold_lanes(PROVIDER, [A], now.ms + 5_000)
    assert clock.release(PROVIDER, 100, 100).wait_ms == 60_000
    now.ms += 60_000
    assert one(clock).lane == A


def test_a_shorter_hold_does_not_end_an_operators(clock: LaneClock, now: Now) -> None:
    clock.plan(PROVIDER, plan())
    clock.hold_lanes(PROVIDER, [A], None)
    clock.hold_lanes(PROVIDER, [A], now.ms + 5_000)
    now.ms += 5_000
    assert release(clock) == []


def test_a_campaign_waits_for_its_start(clock: LaneClock, now: Now) -> None:
    clock.plan(PROVIDER, plan(not_before_ms=now.ms + 10_000))
    assert clock.release(PROVIDER, 100, 100).wait_ms == 10_000
    clock.plan(PROVIDER, plan(not_before_ms=now.ms + 4_000))
    assert clock.release(PROVIDER, 100, 100).wait_ms == 4_000


def test_planning_again_never_moves_the_cursor(clock: LaneClock) -> None:
    clock.plan(PROVIDER, plan())
    clock.skip(PROVIDER, one(clock))
    clock.plan(PROVIDER, plan())
    assert one(clock).seq == 1


def test_a_lane_that_is_taken_away_serves_no_more(clock: LaneClock) -> None:
    clock.plan(PROVIDER, plan(lanes=(A, B)))
    clock.plan(PROVIDER, plan(lanes=(B,)))
    assert one(clock).lane == B


def test_a_forgotten_campaign_still_paces_its_flights(clock: LaneClock, client: redis.Redis) -> None:
    clock.plan(PROVIDER, plan())
    clock.plan(PROVIDER, plan(SECOND))
    ticket = one(clock)
    clock.forget(PROVIDER, FIRST)
    assert clock.finish(PROVIDER, ticket, jitter=0) == Finished(held=True, exhausted=True)
    assert clock.release(PROVIDER, 100, 100).wait_ms == 1000, "the other campaign waits for this one's delay"
    assert client.hlen(keys.campaigns(PROVIDER)) == 1


def test_no_more_jobs_than_the_queue_has_room_for(clock: LaneClock, client: redis.Redis) -> None:
    clock.plan(PROVIDER, plan(end=100, lanes=tuple(Lane(n, 0) for n in range(10))))
    client.rpush(send_queue(PROVIDER), "job", "job")
    first = clock.release(PROVIDER, room=5, limit=100)
    assert (len(first.tickets), first.full, first.wait_ms) == (3, True, 0)
    assert len(clock.release(PROVIDER, room=100, limit=4).tickets) == 4


def test_without_the_epoch_nothing_happens(clock: LaneClock, client: redis.Redis) -> None:
    clock.plan(PROVIDER, plan())
    ticket = one(clock)
    client.delete(keys.EPOCH)
    for verb in (
        lambda: clock.plan(PROVIDER, plan()),
        lambda: clock.release(PROVIDER, 1, 1),
        lambda: clock.begin(PROVIDER, ticket, 1),
        lambda: clock.finish(PROVIDER, ticket, 0),
        lambda: clock.skip(PROVIDER, ticket),
        lambda: clock.forget(PROVIDER, FIRST),
        lambda: clock.hold_campaign(PROVIDER, FIRST),
        lambda: clock.resume_campaign(PROVIDER, FIRST),
        lambda: clock.hold_lanes(PROVIDER, [A], None),
        lambda: clock.resume_lanes(PROVIDER, [A]),
        lambda: clock.file_retries(PROVIDER, FIRST, []),
    ):
        with pytest.raises(ClockLost):
            verb()
