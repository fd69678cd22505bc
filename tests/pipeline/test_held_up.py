"""Promises 1 and 3 when a worker stands still between two steps: its lane, or its message, may be another's by then."""

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import Engine

from dispatcher.domain.claims import Claim
from dispatcher.domain.ids import campaign_text
from dispatcher.domain.tickets import Ticket
from dispatcher.domain.trouble import Unavailable
from dispatcher.ledger.messages import Messages
from dispatcher.pipeline.doubt import resolve
from dispatcher.pipeline.pace import recover
from dispatcher.simulator.server import SimulatorClient
from tests.pipeline.conftest import PROVIDER, Hand

LEASE_MS = 60_000  # more than a call with a time-out of a second is given


class Stopping(Messages):
    """The ledger of a worker that stands still before or after its claim, while `meanwhile` happens elsewhere."""

    def __init__(
        self, engine: Engine, before: Callable[[], None] = lambda: None, after: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(engine)
        self._before, self._after = before, after

    def claim(self, ticket: Ticket) -> Claim:
        self._before()
        claimed = super().claim(ticket)
        self._after()
        return claimed


def test_promise_1_a_worker_that_wakes_up_after_its_claim_does_not_send_what_another_sent(
    hand: Hand, simulator: SimulatorClient
) -> None:
    """Its message was in doubt, was certainly not at the provider, and was sent by somebody else."""
    number = hand.submit(1)

    def meanwhile() -> None:
        hand.now_ms += LEASE_MS
        hand.work_all()
        assert hand.counts(number) == {"in_doubt": 1}
        resolve(hand.stations, number, f"{campaign_text(number)}-0.1", (0.0,))
        hand.work_all()
        assert hand.counts(number) == {"sent": 1}

    (ticket,) = hand.release()
    hand.work(ticket, replace(hand.stations, messages=Stopping(hand.wiring.engine, after=meanwhile)))
    assert hand.counts(number) == {"sent": 1}
    assert simulator.summary()["deliveries"] == 1


def test_promise_3_a_worker_that_wakes_up_before_its_claim_does_not_call_on_a_lane_that_is_in_use(
    hand: Hand, simulator: SimulatorClient
) -> None:
    number = hand.submit(1)

    def meanwhile() -> None:
        hand.now_ms += LEASE_MS
        (overdue,) = hand.stations.clock.release(PROVIDER, 0, 100).overdue
        recover(hand.stations, PROVIDER, overdue, None)

    (ticket,) = hand.release()
    hand.work(ticket, replace(hand.stations, messages=Stopping(hand.wiring.engine, before=meanwhile)))
    assert simulator.summary()["calls"] == 0

    hand.now_ms += LEASE_MS
    hand.work_all()
    assert hand.counts(number) == {"sent": 1}


def test_promise_3_a_worker_that_begun_before_redis_was_flushed_does_not_call_on_a_lane_that_is_in_use(
    hand: Hand, simulator: SimulatorClient
) -> None:
    number = hand.submit(1)

    def meanwhile() -> None:
        hand.wiring.redis.flushall()
        hand.wiring.rebuild_clock()
        hand.now_ms += 1000

    (ticket,) = hand.release()
    hand.work(ticket, replace(hand.stations, messages=Stopping(hand.wiring.engine, before=meanwhile)))
    assert simulator.summary()["calls"] == 0

    hand.now_ms += LEASE_MS
    hand.work_all()
    assert hand.counts(number) == {"sent": 1}


def test_a_worker_that_was_only_slow_sends(hand: Hand, simulator: SimulatorClient) -> None:
    number = hand.submit(1)

    def meanwhile() -> None:
        hand.now_ms += 10_000

    (ticket,) = hand.release()
    hand.work(ticket, replace(hand.stations, messages=Stopping(hand.wiring.engine, before=meanwhile)))
    assert hand.counts(number) == {"sent": 1}


def test_promise_2_a_claim_whose_answer_was_lost_is_put_back(hand: Hand, simulator: SimulatorClient) -> None:
    """PostgreSQL took the claim and died before it said so: nothing was called, which is known."""
    number = hand.submit(3)

    def cut() -> None:
        raise Unavailable("PostgreSQL: no connection")

    ticket, *_ = hand.release()
    hand.work(ticket, replace(hand.stations, messages=Stopping(hand.wiring.engine, after=cut)))
    assert hand.counts(number) == {"pending": 3}

    hand.now_ms += LEASE_MS
    hand.work_all()
    assert hand.counts(number) == {"sent": 3}
    assert simulator.summary()["duplicates"] == []
