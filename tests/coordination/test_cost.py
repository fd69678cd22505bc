"""What the clock costs: memory that does not grow with recipients, looks that are bounded."""

import pytest
import redis

from dispatcher.coordination import keys
from dispatcher.coordination.laneclock import LaneClock
from dispatcher.domain.ids import Lane
from dispatcher.domain.pacing import Pacing
from dispatcher.domain.tickets import Plan, send_queue
from tests.coordination.conftest import PROVIDER, Now

CAMPAIGN = 9
MANY = tuple(Lane(sender, 0) for sender in range(20_000))


def bytes_used(client: redis.Redis) -> int:
    return sum(client.memory_usage(name, samples=0) or 0 for name in keys.memory(PROVIDER))


def test_promise_7_a_million_recipients_cost_what_ten_cost(client: redis.Redis, clock: LaneClock) -> None:
    used = []
    for recipients in (10, 1_000_000):
        clock.plan(PROVIDER, Plan(CAMPAIGN, 0, recipients, Pacing(), (Lane(1, 0),)))
        for _ in range(9):
            (ticket,) = clock.release(PROVIDER, 9, 9).tickets
            clock.finish(PROVIDER, ticket, 0)
        used.append(bytes_used(client))
        clock.forget(PROVIDER, CAMPAIGN)
    assert abs(used[1] - used[0]) < 100
    assert client.hlen(keys.campaigns(PROVIDER)) == 0


def test_twenty_thousand_due_lanes_are_taken_in_small_bites(client: redis.Redis, clock: LaneClock, now: Now) -> None:
    clock.plan(PROVIDER, Plan(CAMPAIGN, 0, 1_000_000, Pacing(), MANY))
    released = clock.release(PROVIDER, room=10**6, limit=100)
    assert len(released.tickets) == 100
    assert (released.wait_ms, released.full) == (0, False)
    assert client.hlen(keys.flights(PROVIDER)) == 100


@pytest.mark.parametrize("room", [0, 3])
def test_promise_7_the_broker_never_holds_more_than_it_has_room_for(
    client: redis.Redis, clock: LaneClock, room: int
) -> None:
    clock.plan(PROVIDER, Plan(CAMPAIGN, 0, 100, Pacing(), MANY[:50]))
    for _ in range(10):
        released = clock.release(PROVIDER, room, 20)
        for ticket in released.tickets:
            client.lpush(send_queue(PROVIDER), ticket.token)
    assert client.llen(send_queue(PROVIDER)) == room
    assert released.full


def test_a_send_is_two_short_scripts_whatever_waits(client: redis.Redis, clock: LaneClock) -> None:
    """Generous bounds, of Redis's own CPU: a loop over 20,000 lanes takes a hundred times as long."""
    clock.plan(PROVIDER, Plan(CAMPAIGN, 0, 1_000_000, Pacing(), MANY))
    tickets = clock.release(PROVIDER, 10**6, 200).tickets
    before = cpu_s(client)
    for ticket in tickets:
        clock.begin(PROVIDER, ticket, 30_000)
        clock.finish(PROVIDER, ticket, 0)
    assert (cpu_s(client) - before) / len(tickets) < 0.01


def cpu_s(client: redis.Redis) -> float:
    told = client.info("cpu")
    return float(told["used_cpu_user"] + told["used_cpu_sys"])
