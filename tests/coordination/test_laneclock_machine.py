"""The scripts on a real server against their plain twin: same answers, same memory, after every step.

Apart from the twin, `Diary` holds what was promised: it knows only tickets and when they were ended.
DISPATCHER_MACHINE_PLAYS=500 plays the long plays so many times (a minute or two).
"""

import os
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from dispatcher.coordination.laneclock import LaneClock
from dispatcher.coordination.rebuild import ClockBuilder
from dispatcher.domain.caps import Sent
from dispatcher.domain.ids import Lane
from dispatcher.domain.laneclock import PlainClock
from dispatcher.domain.notbefore import NotBefore, Reason
from dispatcher.domain.pacing import JITTER_STEPS, Pacing
from dispatcher.domain.tickets import (
    ALL_LEFT,
    CLOSED,
    Allowance,
    Ending,
    Landing,
    Plan,
    Retry,
    Start,
    Ticket,
    send_queue,
)
from dispatcher.secrecy import Secrecy
from tests.coordination import snapshot
from tests.coordination.conftest import PROVIDER, START_MS
from tests.coordination.diary import Diary

LONG_PLAYS = int(os.environ.get("DISPATCHER_MACHINE_PLAYS", "100"))  # in the suite half a minute's worth
LANES = [Lane(1, 0), Lane(1, 1), Lane(2, 0), Lane(10, 0)]
CAMPAIGNS = [5, 6, 7]

some_lanes = st.lists(st.sampled_from(LANES), min_size=1, max_size=4, unique=True).map(tuple)
campaigns = st.sampled_from(CAMPAIGNS)
moments = st.sampled_from([0, 1, 500, 4_000, 30_000])
jitters = st.sampled_from([0, 1, 499_999, JITTER_STEPS - 1]) | st.integers(0, JITTER_STEPS - 1)
lefts = st.none() | st.integers(0, 3)
GAP_MS = 2_000
DAY_MS = 30_000  # of the machine's senders: short, so that days end
paces = st.builds(
    lambda low, spread, size, gap, batch: Pacing(low, low + spread, size, gap, batch),
    st.sampled_from([0, 1, 2_000]),
    st.sampled_from([0, 1, 3_000]),
    st.sampled_from([0, 1, 2, 5]),
    st.sampled_from([0, 3_000]),
    st.sampled_from([1, 3]),
)


class ClockMachine(RuleBasedStateMachine):
    client: redis.Redis
    secrecy: Secrecy

    def __init__(self) -> None:
        super().__init__()
        self.client.flushall()
        self.now = START_MS
        self.prefixes = (f"t{number}" for number in count())
        self.prefix = ""
        self.twin = PlainClock()
        self.clock = LaneClock(self.client, token_prefix=lambda: self.prefix, now_ms=lambda: self.now)
        self.builder = ClockBuilder(self.client, self.secrecy, [PROVIDER], now_ms=lambda: self.now)
        self.builder.clear()
        self.builder.complete()
        self.tickets: list[Ticket] = []
        self.plans: dict[int, Plan] = {}
        self.diary = Diary()

    @initialize(pace=paces, end=st.integers(1, 30))
    def begin_with_a_campaign(self, pace: Pacing, end: int) -> None:
        self.plan(CAMPAIGNS[0], tuple(LANES), pace, end, 0, False)

    # ------------------------------------------------------------ time

    @rule(ms=moments)
    def time_passes(self, ms: int) -> None:
        self.now += ms

    @precondition(lambda self: self.twin.clock)
    @rule()
    def time_passes_until_a_lane_is_due(self) -> None:
        self.now = max(self.now, min(self.twin.clock.values()))

    # ------------------------------------------------------------ the way of a ticket

    @rule(room=st.integers(0, 5), limit=st.integers(1, 4), queued=st.sampled_from([0, 0, 1]))
    def release(self, room: int, limit: int, queued: int) -> None:
        self.prefix = next(self.prefixes)
        self.client.delete(send_queue(PROVIDER))
        if queued:
            self.client.rpush(send_queue(PROVIDER), *["job"] * queued)
        released = self.clock.release(PROVIDER, room, limit)
        assert released == self.twin.release(room, limit, self.prefix, self.now, queued)
        self.diary.released(released, self.now)
        self.tickets += released.tickets

    @rule()
    def release_all_that_is_due(self) -> None:
        self.release(room=99, limit=99, queued=0)

    @rule(rounds=st.integers(1, 6), jitter=jitters, busy_ms=st.none() | st.sampled_from([0, 0, 7_000]))
    def work_goes_on(self, rounds: int, jitter: int, busy_ms: int | None) -> None:
        """The good course: whatever is out is ended, then whatever is due is released."""
        for _ in range(rounds):
            for flight in list(self.twin.flights.values()):
                if busy_ms is not None:
                    self.end_by_finish(flight.ticket, jitter, busy_ms, [])
                    busy_ms = 0
                else:
                    self.end_by_skip(flight.ticket, [])
            if self.twin.clock:
                self.time_passes_until_a_lane_is_due()
            self.release_all_that_is_due()
            self.redis_and_twin_remember_the_same()

    def a_ticket(self, data: st.DataObject) -> Ticket:
        """Mostly one that is out, sometimes one that is over."""
        out = [flight.ticket for flight in self.twin.flights.values()]
        return data.draw(st.sampled_from(out + self.tickets[-3:]))

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), lease_ms=st.sampled_from([1, 45_000]), closed=st.sampled_from([None, None, CLOSED]))
    def begin(self, data: st.DataObject, lease_ms: int, closed: Allowance | None) -> None:
        self.begin_allowed(self.a_ticket(data), lease_ms, closed)

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), gap_ms=st.sampled_from([0, GAP_MS]))
    def begin_together(self, data: st.DataObject, gap_ms: int) -> None:
        """As if each were begun by itself, in their order."""
        ends = (self.now // DAY_MS + 1) * DAY_MS
        tickets = data.draw(st.lists(st.sampled_from(self.tickets[-4:]), max_size=4))
        starts = [Start(ticket, 45_000, Allowance(5, gap_ms, ends, Sent(0, 0))) for ticket in tickets]
        found = self.clock.begin_all(PROVIDER, starts)
        for (ticket, lease_ms, allowance), begun in zip(starts, found, strict=True):
            self.diary.begun(ticket, begun, allowance)
            assert begun == self.twin.begin(ticket, lease_ms, self.now, allowance)

    @precondition(lambda self: self.tickets)
    @rule(
        data=st.data(),
        limit=st.sampled_from([None, 1, 2, 5]),
        gap_ms=st.sampled_from([0, GAP_MS, GAP_MS]),
        late=st.sampled_from([0, 0, 0, 0, DAY_MS, DAY_MS // 8]),
        known=st.none() | st.integers(0, 2),
    )
    def begin_with_caps(
        self, data: st.DataObject, limit: int | None, gap_ms: int, late: int, known: int | None
    ) -> None:
        """`late`: the worker still is at yesterday, or in a zone in which the day ends earlier."""
        ends = (self.now // DAY_MS + 1) * DAY_MS - late
        sent = None if known is None else Sent(known, self.now - 500 if known else 0)
        self.begin_allowed(self.a_ticket(data), 45_000, Allowance(limit, gap_ms, ends, sent))

    def begin_allowed(self, ticket: Ticket, lease_ms: int, allowance: Allowance | None) -> None:
        begun = self.clock.begin(PROVIDER, ticket, lease_ms, allowance)
        if begun.sent is None and begun.held:
            assert allowance is None
        self.diary.begun(ticket, begun, allowance)
        assert begun == self.twin.begin(ticket, lease_ms, self.now, allowance)

    @precondition(lambda self: self.tickets)
    @rule(
        data=st.data(),
        lease_ms=st.sampled_from([1, 45_000]),
        gap_ms=st.sampled_from([0, GAP_MS, GAP_MS]),
        late=st.sampled_from([False, False, True]),
    )
    def depart(self, data: st.DataObject, lease_ms: int, gap_ms: int, late: bool) -> None:
        """`late`: it comes again for a start that it was told and let pass."""
        ticket = self.a_ticket(data)
        unused_ms = self.diary.starts.get(ticket.token, 0) if late else 0
        told = self.clock.depart(PROVIDER, ticket, lease_ms, gap_ms, unused_ms)
        assert told == self.twin.depart(ticket, lease_ms, self.now, gap_ms, unused_ms)
        if gap_ms:
            self.diary.departed(ticket, told, self.now, gap_ms, late)

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), spared=st.booleans())
    def a_worker_says_that_it_lives(self, data: st.DataObject, spared: bool) -> None:
        ticket = self.a_ticket(data)
        if spared:
            self.clock.spare(PROVIDER, ticket)
            self.twin.spare(ticket)
        assert self.clock.silent_ms(PROVIDER, ticket) == self.twin.silent_ms(ticket)

    @precondition(lambda self: self.tickets)
    @rule(data=st.data())
    def take_up(self, data: st.DataObject) -> None:
        ticket = self.a_ticket(data)
        assert self.clock.take_up(PROVIDER, ticket, 15_000) == self.twin.take_up(ticket, 15_000, self.now)

    @precondition(lambda self: self.tickets)
    @rule(
        data=st.data(),
        jitter=jitters,
        busy_ms=st.sampled_from([0, 0, 7_000]),
        again=st.none() | moments,
        left=lefts,
        rest=st.none() | moments,
    )
    def finish(
        self, data: st.DataObject, jitter: int, busy_ms: int, again: int | None, left: int | None, rest: int | None
    ) -> None:
        ticket = self.a_ticket(data)
        landing = Landing(left, self.rest_of(rest))
        self.end_by_finish(ticket, jitter, busy_ms, self.retries_of(ticket, again), landing)

    def end_by_finish(
        self, ticket: Ticket, jitter: int, busy_ms: int, retries: list[Retry], landing: Landing = ALL_LEFT
    ) -> None:
        finished = self.clock.finish(PROVIDER, ticket, jitter, busy_ms, retries, landing)
        self.diary.ended(ticket, finished, retries, self.pace_of(ticket), self.now + busy_ms, landing.rest)
        assert finished == self.twin.finish(ticket, jitter, busy_ms, retries, self.now, landing)

    def rest_of(self, rest: int | None) -> NotBefore | None:
        return None if rest is None else NotBefore(self.now + rest, Reason.DAILY_LIMIT)

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), again=st.none() | moments, rest=st.none() | moments)
    def skip(self, data: st.DataObject, again: int | None, rest: int | None) -> None:
        ticket = self.a_ticket(data)
        self.end_by_skip(ticket, self.retries_of(ticket, again), self.rest_of(rest))

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), jitter=jitters, again=st.none() | moments)
    def end_together(self, data: st.DataObject, jitter: int, again: int | None) -> None:
        """As if each were ended by itself, in their order."""
        tickets = data.draw(st.lists(st.sampled_from(self.tickets[-4:]), max_size=4))
        called = Landing(data.draw(lefts))
        endings = [
            Ending(ticket, True, self.retries_of(ticket, again), called, jitter)
            if data.draw(st.booleans())
            else Ending(ticket, False, self.retries_of(ticket, again), Landing(0))
            for ticket in tickets
        ]
        for ending, finished in zip(endings, self.clock.end_all(PROVIDER, endings), strict=True):
            ticket, leaves, retries, landing, *_ = ending
            pace, ended_ms = (self.pace_of(ticket), self.now) if leaves else (None, 0)
            self.diary.ended(ticket, finished, retries, pace, ended_ms, None)
            if leaves:
                assert finished == self.twin.finish(ticket, jitter, 0, retries, self.now, landing)
            else:
                assert finished == self.twin.skip(ticket, retries, self.now)

    def end_by_skip(self, ticket: Ticket, retries: list[Retry], rest: NotBefore | None = None) -> None:
        finished = self.clock.skip(PROVIDER, ticket, retries, rest)
        self.diary.ended(ticket, finished, retries, None, 0, rest)
        assert finished == self.twin.skip(ticket, retries, self.now, rest)

    def pace_of(self, ticket: Ticket) -> Pacing:
        record = self.twin.campaigns.get(ticket.campaign)
        return record.pacing if record else Pacing()

    def retries_of(self, ticket: Ticket, again: int | None) -> list[Retry]:
        return [] if again is None else [Retry(self.now + again if again else 0, ticket.seq, ticket.size)]

    # ------------------------------------------------------------ control

    @rule(
        campaign=campaigns,
        lanes=some_lanes,
        pace=paces,
        more=st.integers(0, 12),
        start=st.sampled_from([0, 0, 0, 500, 4_000]),
        held=st.sampled_from([False, False, True]),
        priority=st.sampled_from([0, 0, 1, -5]),
    )
    def plan(
        self,
        campaign: int,
        lanes: tuple[Lane, ...],
        pace: Pacing,
        more: int,
        start: int,
        held: bool,
        priority: int = 0,
    ) -> None:
        cursor = self.diary.cursors.get(campaign, 0)
        known = self.plans.get(campaign)
        plan = Plan(
            campaign,
            cursor,
            cursor + more,
            pace,
            lanes,
            self.now + start if start else 0,
            held,
            False,
            priority,
            account=campaign % 2,
        )
        self.clock.plan(PROVIDER, plan)
        self.twin.plan(plan, self.now)
        self.plans[campaign] = plan
        self.diary.planned(plan, changed=known is not None and known.pacing != pace)

    @precondition(lambda self: self.plans)
    @rule(data=st.data(), more=st.integers(0, 12))
    def plan_grows(self, data: st.DataObject, more: int) -> None:
        plan = data.draw(st.sampled_from(list(self.plans.values())))
        self.plan(plan.campaign, plan.lanes, plan.pacing, more, 0, False, plan.priority)

    @precondition(lambda self: len(self.tickets) > 1)
    @rule(campaign=campaigns)
    def forget(self, campaign: int) -> None:
        self.clock.forget(PROVIDER, campaign)
        self.twin.forget(campaign, self.now)
        self.plans.pop(campaign, None)
        self.diary.forgotten(campaign)

    @rule(campaign=campaigns, hold=st.sampled_from([True, False, False]))
    def hold_or_resume_campaign(self, campaign: int, hold: bool) -> None:
        if hold:
            self.clock.hold_campaign(PROVIDER, campaign)
            self.twin.hold_campaign(campaign, self.now)
        else:
            self.clock.resume_campaign(PROVIDER, campaign)
            self.twin.resume_campaign(campaign, self.now)

    @rule(lanes=some_lanes, until=st.none() | moments)
    def hold_lanes(self, lanes: tuple[Lane, ...], until: int | None) -> None:
        until_ms = None if until is None else self.now + until
        self.clock.hold_lanes(PROVIDER, lanes, until_ms)
        self.twin.hold_lanes(lanes, until_ms, self.now)

    @rule(lanes=some_lanes | st.just(tuple(LANES)))
    def resume_lanes(self, lanes: tuple[Lane, ...]) -> None:
        self.clock.resume_lanes(PROVIDER, lanes)
        self.twin.resume_lanes(lanes, self.now)

    @rule(lanes=some_lanes | st.just(tuple(LANES)))
    def lift_rests(self, lanes: tuple[Lane, ...]) -> None:
        self.clock.lift_rests(PROVIDER, lanes)
        self.twin.lift_rests(lanes, self.now)
        self.diary.lifted(lanes)

    @rule(campaign=campaigns, seq=st.integers(0, 20), size=st.integers(1, 12), due=moments)
    def file_retries(self, campaign: int, seq: int, size: int, due: int) -> None:
        retries = [Retry(self.now + due, seq, size), Retry(0, seq + 1)]
        missing = [retry for retry in retries if not self.twin._is_out(campaign, retry)]
        filed = self.clock.file_retries(PROVIDER, campaign, retries)
        assert filed == self.twin.file_retries(campaign, retries, self.now)
        self.diary.filed(campaign, missing if filed else [])

    @rule(campaign=campaigns)
    def idle(self, campaign: int) -> None:
        assert self.clock.idle(PROVIDER, campaign) == self.twin.idle(campaign)

    @rule(campaign=campaigns)
    def waiting(self, campaign: int) -> None:
        assert self.clock.waiting(PROVIDER, campaign) == self.twin.waiting(campaign)

    # ------------------------------------------------------------ loss of memory

    @precondition(lambda self: len(self.tickets) > 3)
    @rule(rest=moments)
    def the_memory_is_lost_and_rebuilt(self, rest: int) -> None:
        out = [flight.ticket for flight in self.twin.flights.values()]
        waiting = self.diary.retries
        self.client.flushall()
        self.twin = PlainClock()
        self.builder.clear()
        for campaign, plan in self.plans.items():
            begin = self.diary.cursors[campaign]
            again = replace(plan, next=begin, not_before_ms=0, held=False)
            retries = [Retry(due, seq, size) for owner, due, seq, size in sorted(waiting) if owner == campaign]
            self.builder.plan(PROVIDER, again, retries)
            self.twin.plan(again, self.now)
            self.twin.file_retries(campaign, retries, self.now)
            self.builder.rest_lane(PROVIDER, again.lanes[0], self.now + rest)
        for ticket in out:
            assert self.builder.put_flight(PROVIDER, ticket, 20_000) == self.twin.put_flight(ticket, 20_000, self.now)
        self.builder.complete()
        self.twin.rest_lanes([(plan.lanes[0], self.now + rest) for plan in self.plans.values()], self.now)
        self.diary.lost()

    # ------------------------------------------------------------ what always holds

    @invariant()
    def redis_and_twin_remember_the_same(self) -> None:
        assert snapshot.of_redis(self.client, PROVIDER) == snapshot.of_twin(self.twin)

    @invariant()
    def lanes_in_flight_are_the_sum_of_the_campaigns_flights(self) -> None:
        for campaign, record in self.twin.campaigns.items():
            assert record.flights == sum(f.ticket.campaign == campaign for f in self.twin.flights.values())
        assert self.twin.flights.keys() <= self.twin.clock.keys()

    @invariant()
    def every_lane_has_its_campaigns_in_the_order_of_their_priority(self) -> None:
        for record in self.twin.lanes.values():
            priorities = [self.twin.campaigns[campaign].priority for campaign in record.ring]
            assert priorities == sorted(priorities, reverse=True)

    @invariant()
    def no_lane_sleeps_past_its_work(self) -> None:
        for campaign, crew in self.twin.crews.items():
            work = self.twin._earliest(campaign)
            for lane in crew if work is not None else ():
                record = self.twin.lanes[lane]
                if lane not in self.twin.flights and not record.held:
                    assert campaign in record.ring
                    assert self.twin.clock[lane] <= max(self.now, record.free_at, work or 0)


@pytest.fixture
def machine(client: redis.Redis, secrecy: Secrecy) -> Callable[..., None]:
    ClockMachine.client, ClockMachine.secrecy = client, secrecy

    def run(**bounds: Any) -> None:
        ignored = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
        run_state_machine_as_test(
            ClockMachine,
            settings=settings(deadline=None, report_multiple_bugs=False, suppress_health_check=ignored, **bounds),
        )

    return run


def test_scripts_and_twin_agree(machine: Callable[..., None]) -> None:
    machine(max_examples=60, stateful_step_count=40)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_scripts_and_twin_agree_for_long(machine: Callable[..., None]) -> None:
    machine(max_examples=LONG_PLAYS, stateful_step_count=100)
