"""A memory that was lost is known to be lost, and nothing moves until it is whole again."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from dispatcher.coordination import keys
from dispatcher.coordination.connection import connect
from dispatcher.coordination.laneclock import LaneClock
from dispatcher.coordination.locks import ContactLocks
from dispatcher.coordination.rebuild import ClockBuilder
from dispatcher.domain.contactlock import ContactLock
from dispatcher.domain.ids import Lane, MessageId
from dispatcher.domain.pacing import Pacing
from dispatcher.domain.tickets import Plan, Retry, Ticket
from dispatcher.domain.trouble import ClockLost
from dispatcher.embedded import EmbeddedValkey
from dispatcher.pipeline.ports.clock import ClockBuilder as ClockBuilderPort
from dispatcher.secrecy import Secrecy
from tests.coordination.conftest import PROVIDER, Now
from tests.heldlocks import held

CAMPAIGN = 9
NO_PACE = Pacing()
LANES = (Lane(1, 0), Lane(2, 0))
HOLDER = MessageId(CAMPAIGN, 0)


def plan(next: int = 0, end: int = 10, pacing: Pacing = NO_PACE, lanes: tuple[Lane, ...] = LANES) -> Plan:
    return Plan(CAMPAIGN, next, end, pacing, lanes)


def test_it_is_what_the_pipeline_asks_for(builder: ClockBuilder) -> None:
    as_builder: ClockBuilderPort = builder
    assert as_builder is builder


def test_an_empty_server_is_not_ours(builder: ClockBuilder) -> None:
    assert not builder.is_ours()
    builder.clear()
    assert not builder.is_ours()
    builder.complete()
    assert builder.is_ours()


def test_nothing_moves_while_it_is_rebuilt(clock: LaneClock, builder: ClockBuilder) -> None:
    clock.plan(PROVIDER, plan())
    builder.clear()
    builder.plan(PROVIDER, plan(), [])
    with pytest.raises(ClockLost):
        clock.release(PROVIDER, 9, 9)
    builder.complete()
    assert len(clock.release(PROVIDER, 9, 9).tickets) == 2


def test_what_was_there_before_is_forgotten(
    client: redis.Redis, clock: LaneClock, builder: ClockBuilder, secrecy: Secrecy, now: Now
) -> None:
    locks = ContactLocks(client, secrecy, now_ms=now)
    clock.plan(PROVIDER, plan())
    clock.hold_lanes(PROVIDER, LANES[:1], None)
    locks.take("global", "5511900000001", HOLDER, now.ms + 1000)
    client.set("somebody:elses", "1")
    builder.clear()
    builder.complete()
    assert sorted(client.keys()) == [keys.EPOCH, "somebody:elses"]


def test_locks_come_back_as_the_ledger_has_them(
    client: redis.Redis, builder: ClockBuilder, secrecy: Secrecy, now: Now
) -> None:
    builder.clear()
    many = (
        ContactLock(f"account:{n % 2}", f"55119{n:08}", MessageId(CAMPAIGN, n), now.ms - 5, now.ms + 1 + n)
        for n in range(1200)
    )
    assert builder.put_locks(many) == 1200
    builder.complete()
    locks = ContactLocks(client, secrecy, now_ms=now)
    two = ["5511900000001", "5511900000002"]
    assert held(client, secrecy, "account:1", two, now.ms) == {"5511900000001": 2}
    assert locks.take("account:0", "5511900000002", MessageId(1, 1), now.ms + 9) == 3
    assert locks.give_back("account:0", "5511900000002", MessageId(CAMPAIGN, 2))
    assert not locks.lift("account:1", "5511900000003", now.ms - 5)
    assert locks.lift("account:1", "5511900000003", now.ms - 4)


def test_promise_3_a_rebuild_is_no_burst(clock: LaneClock, builder: ClockBuilder, now: Now) -> None:
    builder.clear()
    builder.plan(PROVIDER, plan(), [Retry(0, 3)])
    builder.rest_lane(PROVIDER, LANES[0], now.ms + 700)
    builder.rest_lane(PROVIDER, LANES[1], now.ms + 900)
    builder.rest_lane(PROVIDER, LANES[1], now.ms + 800)
    builder.complete()
    assert clock.release(PROVIDER, 9, 9).wait_ms == 700
    now.ms += 700
    assert [(ticket.lane, ticket.seq) for ticket in clock.release(PROVIDER, 9, 9).tickets] == [(LANES[0], 3)]
    assert clock.release(PROVIDER, 9, 9).wait_ms == 200


def test_a_message_that_is_being_sent_keeps_its_lane(clock: LaneClock, builder: ClockBuilder, now: Now) -> None:
    ticket = Ticket(LANES[0], CAMPAIGN, 0, 1, "t-1")
    builder.clear()
    builder.plan(PROVIDER, plan(next=1, pacing=Pacing(2000, 2000)), [])
    assert builder.put_flight(PROVIDER, ticket, 30_000)
    assert not builder.put_flight(PROVIDER, ticket._replace(seq=5), 30_000)
    builder.complete()
    assert [other.lane for other in clock.release(PROVIDER, 9, 9).tickets] == [LANES[1]]
    assert clock.finish(PROVIDER, ticket, 0).held
    assert clock.release(PROVIDER, 9, 9).wait_ms == 2000


def test_a_chunk_whose_last_message_is_being_sent_closes_when_it_is_over(
    clock: LaneClock, builder: ClockBuilder, now: Now
) -> None:
    pacing, ticket = Pacing(chunk_size=2, chunk_gap_ms=5000), Ticket(LANES[0], CAMPAIGN, 1, 1, "t-1")
    builder.clear()
    builder.plan(PROVIDER, plan(next=2, pacing=pacing), [])
    builder.put_flight(PROVIDER, ticket, 30_000)
    builder.complete()
    assert clock.release(PROVIDER, 9, 9).tickets == ()
    now.ms += 100
    clock.finish(PROVIDER, ticket, 0)
    assert clock.release(PROVIDER, 9, 9).wait_ms == 5000


def test_held_lanes_can_be_put_back(clock: LaneClock, builder: ClockBuilder) -> None:
    builder.clear()
    builder.hold_lanes(PROVIDER, LANES[:1], None)
    builder.plan(PROVIDER, plan(), [])
    builder.complete()
    assert [ticket.lane for ticket in clock.release(PROVIDER, 9, 9).tickets] == [LANES[1]]


def test_of_two_builds_the_first_notices_that_it_was_overtaken(
    client: redis.Redis, builder: ClockBuilder, secrecy: Secrecy
) -> None:
    other = ClockBuilder(client, secrecy, [PROVIDER])
    builder.clear()
    other.clear()
    with pytest.raises(ClockLost):
        builder.complete()
    other.complete()
    assert other.is_ours()


def test_a_build_begins_with_clear(builder: ClockBuilder) -> None:
    with pytest.raises(ClockLost):
        builder.complete()


@pytest.fixture
def server(service_dir: Path, request: pytest.FixtureRequest) -> Iterator[EmbeddedValkey]:
    """One that may be killed."""
    with EmbeddedValkey(service_dir / request.node.name) as server:
        yield server


@pytest.fixture
def on(server: EmbeddedValkey, secrecy: Secrecy) -> Iterator[Callable[[], ClockBuilder]]:
    with connect(server.url, max_connections=2) as client:
        yield lambda: ClockBuilder(client, secrecy, [PROVIDER])


def test_a_restarted_server_is_not_ours_even_with_its_memory(
    server: EmbeddedValkey, on: Callable[[], ClockBuilder]
) -> None:
    builder = on()
    builder.clear()
    builder.complete()
    assert builder.is_ours()
    server.kill()
    server.start()
    assert not builder.is_ours()
    builder.clear()
    builder.complete()
    assert builder.is_ours()


def test_a_server_that_restarts_during_a_rebuild_makes_it_begin_anew(
    server: EmbeddedValkey, on: Callable[[], ClockBuilder]
) -> None:
    builder = on()
    builder.clear()
    server.kill()
    server.start()
    with pytest.raises(ClockLost):
        builder.complete()
    assert not builder.is_ours()
