"""Scripts that many threads call at the same moment go in one round trip, and each gets its own answer."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import redis

from dispatcher.coordination.laneclock import LaneClock
from dispatcher.domain.ids import Lane
from dispatcher.domain.pacing import Pacing
from dispatcher.domain.tickets import Plan, Ticket
from dispatcher.domain.trouble import ClockLost
from tests.coordination.conftest import PROVIDER

THREADS = 24


def begun_at_once(clock: LaneClock, tickets: list[Ticket]) -> list[bool | str]:
    barrier = Barrier(len(tickets))

    def begin(ticket: Ticket) -> bool | str:
        barrier.wait(30)
        try:
            return clock.begin(PROVIDER, ticket, 60_000).held
        except ClockLost as error:
            return type(error).__name__

    with ThreadPoolExecutor(len(tickets)) as threads:
        return list(threads.map(begin, tickets, timeout=60))


def given(clock: LaneClock) -> list[Ticket]:
    lanes = tuple(Lane(sender, 0) for sender in range(1, THREADS + 1))
    clock.plan(PROVIDER, Plan(campaign=1, next=0, end=1000, pacing=Pacing(0, 0), lanes=lanes))
    return list(clock.release(PROVIDER, 100, 100).tickets)


def test_each_gets_its_own_answer(clock: LaneClock) -> None:
    tickets = given(clock)
    mixed = [one for ticket in tickets for one in (ticket, ticket._replace(token="another"))]
    assert begun_at_once(clock, mixed) == [True, False] * THREADS


def test_a_doubled_ticket_is_begun_once(clock: LaneClock) -> None:
    tickets = given(clock)
    assert sorted(begun_at_once(clock, [tickets[0]] * THREADS)) == [False] * (THREADS - 1) + [True]


def test_a_server_that_forgot_the_scripts_is_told_them_again(clock: LaneClock, client: redis.Redis) -> None:
    tickets = given(clock)
    client.script_flush()
    assert begun_at_once(clock, tickets) == [True] * THREADS


def test_a_lost_memory_is_told_to_everybody(clock: LaneClock, client: redis.Redis) -> None:
    tickets = given(clock)
    client.flushdb()
    assert begun_at_once(clock, tickets) == ["ClockLost"] * THREADS
