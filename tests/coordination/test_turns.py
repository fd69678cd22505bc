"""While there is not room for all lanes that are due, accounts take turns, however many lanes each of them has."""

from collections import Counter, deque
from collections.abc import Sequence

import redis

from dispatcher.cli.bench.pacing import waiting
from dispatcher.coordination.laneclock import LaneClock
from dispatcher.coordination.views import LaneViews
from dispatcher.domain.ids import Lane
from dispatcher.domain.pacing import Pacing
from dispatcher.domain.tickets import Plan, Ticket, send_queue
from dispatcher.taskbus import TICKETS_A_JOB
from tests.coordination.conftest import PROVIDER, Now

MANY = tuple(Lane(sender, 0) for sender in range(1, 1001))
ONE = (Lane(5000, 0),)
PACE = Pacing(0, 0)
ROOM = 64


def planned(clock: LaneClock, account: int, lanes: tuple[Lane, ...]) -> None:
    clock.plan(PROVIDER, Plan(account, 0, 100_000, PACE, lanes, account=account))


def served(clock: LaneClock, now: Now, rounds: int, room: int = 2) -> Counter[int]:
    """Of each account's lanes how many were given, by workers that are done with two at a time."""
    given: Counter[int] = Counter()
    for _ in range(rounds):
        now.ms += 10
        for ticket in clock.release(PROVIDER, room, 100).tickets:
            given[ticket.campaign] += 1
            clock.finish(PROVIDER, ticket, 0)
    return given


def taken_up(clock: LaneClock) -> Sequence[Ticket]:
    tickets = clock.release(PROVIDER, 2, 100).tickets
    assert all(clock.begin(PROVIDER, ticket, 45_000) for ticket in tickets)
    return tickets


def publish(client: redis.Redis, clock: LaneClock, queue: deque[Ticket]) -> None:
    """What a pacer releases, in jobs."""
    tickets = clock.release(PROVIDER, ROOM, 100).tickets
    for place in range(0, len(tickets), TICKETS_A_JOB):
        queue.extend(tickets[place : place + TICKETS_A_JOB])
        client.lpush(send_queue(PROVIDER), queue[-1].token)


def take_up(client: redis.Redis, clock: LaneClock, queue: deque[Ticket]) -> Ticket:
    ticket = queue.popleft()
    assert clock.begin(PROVIDER, ticket, 45_000)
    client.lrem(send_queue(PROVIDER), 1, ticket.token)  # with its last ticket; a worker takes a job with its first
    return ticket


def test_whoever_comes_behind_a_full_account_waits_for_no_more_tickets_than_there_is_room_for(
    client: redis.Redis, clock: LaneClock, now: Now
) -> None:
    """Jobs were counted, of up to sixteen tickets each."""
    queue: deque[Ticket] = deque()
    planned(clock, 1, MANY)
    for _ in range(20):
        publish(client, clock, queue)
    assert len(queue) == ROOM
    planned(clock, 2, ONE)
    before = 0
    while take_up(client, clock, queue).campaign == 1:
        before += 1
        publish(client, clock, queue)
    assert ROOM <= before <= ROOM + 1


def test_the_line_is_served_when_half_of_the_room_is_free_so_that_jobs_carry_many(clock: LaneClock, now: Now) -> None:
    planned(clock, 1, MANY[:200])
    first = clock.release(PROVIDER, ROOM, 100)
    given = []
    for ticket in first.tickets:
        clock.begin(PROVIDER, ticket, 45_000)
        released = clock.release(PROVIDER, ROOM, 100)
        assert released.full
        given.append(len(released.tickets))
    assert given == 2 * ([0] * (ROOM // 2 - 1) + [ROOM // 2])


def test_tickets_that_nobody_begins_before_their_lease_ends_leave_their_room_to_others(
    clock: LaneClock, now: Now
) -> None:
    planned(clock, 1, MANY[:10])
    lost = clock.release(PROVIDER, 2, 100).tickets
    assert clock.release(PROVIDER, 2, 100).tickets == ()
    now.ms += 60_000
    released = clock.release(PROVIDER, 2, 100)
    assert (set(released.overdue), len(released.tickets)) == (set(lost), 2)


def test_an_account_with_one_lane_gets_as_many_turns_as_one_with_a_thousand(clock: LaneClock, now: Now) -> None:
    planned(clock, 1, MANY)
    served(clock, now, 20)
    planned(clock, 2, ONE)
    given = served(clock, now, 50)
    assert abs(given[1] - given[2]) <= 2


def test_three_accounts_get_a_third_each(clock: LaneClock, now: Now) -> None:
    for account, lanes in ((1, MANY[:500]), (2, MANY[500:]), (3, ONE)):
        planned(clock, account, lanes)
    served(clock, now, 20)  # a look takes up to a hundred lanes: by then all have been seen
    given = served(clock, now, 60)
    assert all(abs(given[account] - 40) <= 3 for account in (1, 2, 3))


def test_within_an_account_each_lane_has_its_turn_before_any_has_two(clock: LaneClock, now: Now) -> None:
    planned(clock, 1, MANY[:40])
    lanes = [ticket.lane for _ in range(20) for ticket in taken_up(clock)]
    assert sorted(lanes) == sorted(MANY[:40])


def test_who_was_away_saved_no_turns_up(clock: LaneClock, now: Now) -> None:
    planned(clock, 1, MANY)
    planned(clock, 2, ONE)
    clock.hold_campaign(PROVIDER, 2)
    served(clock, now, 100)
    clock.resume_campaign(PROVIDER, 2)
    given = served(clock, now, 30)
    assert abs(given[1] - given[2]) <= 2


def test_nothing_is_kept_when_the_line_is_empty(client: redis.Redis, clock: LaneClock, now: Now) -> None:
    planned(clock, 1, MANY[:10])
    assert len(clock.release(PROVIDER, 3, 100).tickets) == 3
    assert client.hlen(f"d:turns:{PROVIDER}") > 0
    assert len(clock.release(PROVIDER, 100, 100).tickets) == 7
    assert client.exists(f"d:turns:{PROVIDER}") == 0


def test_a_lease_that_ends_is_seen_while_there_is_no_room(clock: LaneClock, now: Now) -> None:
    planned(clock, 1, MANY[:10])
    (lost,) = clock.release(PROVIDER, 1, 100).tickets
    now.ms += 60_000
    assert clock.release(PROVIDER, 0, 100).overdue == (lost,)


def test_a_lane_in_line_is_shown_as_due_now(client: redis.Redis, clock: LaneClock, now: Now) -> None:
    planned(clock, 1, MANY[:3])
    clock.release(PROVIDER, 0, 100)
    asked_ms = int(client.time()[0]) * 1000
    shown = LaneViews(client).lanes_view(PROVIDER)
    assert [view.why for view in shown] == ["due"] * 3
    assert all(view.next_ms is not None and view.next_ms >= asked_ms for view in shown)


def test_the_bench_counts_no_turn_as_a_time(client: redis.Redis, clock: LaneClock, now: Now) -> None:
    """It took a lane in line for one that had been due since the year -33,700."""
    planned(clock, 1, MANY[:3])
    assert waiting(client) == dict.fromkeys(MANY[:3], now.ms)
    clock.release(PROVIDER, 0, 100)
    assert waiting(client) == {}


def test_a_lane_that_is_held_in_line_gives_nothing(clock: LaneClock, now: Now) -> None:
    planned(clock, 1, MANY[:3])
    clock.release(PROVIDER, 0, 100)
    clock.hold_lanes(PROVIDER, MANY[:2], None)
    assert [ticket.lane for ticket in clock.release(PROVIDER, 100, 100).tickets] == [MANY[2]]
