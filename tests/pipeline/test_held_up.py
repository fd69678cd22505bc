"""Promises 1 and 3 when a worker stands still between two steps: its lane, or its message, may be another's by then."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Engine

from dispatcher.coordination.laneclock import LaneClock
from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.campaign import Job
from dispatcher.domain.claims import Claim
from dispatcher.domain.contactlock import Wish
from dispatcher.domain.ids import MessageId, campaign_text
from dispatcher.domain.lifecycle import CampaignState
from dispatcher.domain.outcomes import Reading
from dispatcher.domain.policies import LEAVES_WITHIN_MS
from dispatcher.domain.tickets import Departure, Ticket
from dispatcher.domain.trouble import ClockLost, Unavailable
from dispatcher.ledger.engine import LedgerFault
from dispatcher.ledger.locks import LockBook
from dispatcher.ledger.messages import Messages
from dispatcher.ledger.survivors import Survivors, alone
from dispatcher.pipeline.doubt import resolve
from dispatcher.pipeline.gate import HELD_UP_MS
from dispatcher.pipeline.pace import recover
from dispatcher.pipeline.rebuild import rebuild
from dispatcher.providers.registry import provider
from dispatcher.simulator.server import SimulatorClient
from dispatcher.wiring import first_lookup_s
from tests.journey.bodies import names, uazapi_account
from tests.pipeline.conftest import PROVIDER, Hand
from tests.sending import send, settle

LEASE_MS = 60_000  # more than a call with a time-out of a second is given
GAP_MS = 2_000
STEP_MS = GAP_MS + LEAVES_WITHIN_MS


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


def test_promise_3_a_claim_just_after_redis_was_flushed_keeps_its_lane(hand: Hand, simulator: SimulatorClient) -> None:
    """Whoever claims within half a second of its begin calls without asking the clock: the rebuild waits for it."""
    hand.wiring.accounts.apply(read_accounts(uazapi_account(simulator.url, names(1), timeout_s=1), {}))
    hand.submit(2)
    (ticket,) = hand.release()
    assert hand.stations.clock.begin(PROVIDER, ticket, LEASE_MS)
    hand.wiring.redis.flushall()

    def claim(ms: int) -> None:
        assert 0 <= ms <= HELD_UP_MS
        hand.stations.messages.claim(ticket)

    survivors, engine = Survivors(hand.wiring.engine), hand.wiring.engine
    assert rebuild(replace(hand.stations, pause=claim), hand.wiring.builder, survivors, partial(alone, engine))
    hand.catch_up()
    assert hand.release() == (), "its lane is in use"


class Late(Survivors):
    """What is being sent is read; `then` something happens before the clock hears of it."""

    def __init__(self, engine: Engine, then: Callable[[], None]) -> None:
        super().__init__(engine)
        self._then: list[Callable[[], None]] = [then]

    def flights(self) -> list[Ticket]:
        found = super().flights()
        for then in self._then:
            self._then = []
            then()
        return found


@pytest.mark.parametrize(("messages", "state"), [(2, CampaignState.RUNNING), (1, CampaignState.DONE)])
def test_who_writes_its_outcome_while_the_clock_is_being_built_does_not_keep_its_lane(
    hand: Hand, simulator: SimulatorClient, messages: int, state: CampaignState
) -> None:
    """The clock refuses to hear of it; the lane would wait until the lease is over, more than a minute."""
    hand.wiring.accounts.apply(read_accounts(uazapi_account(simulator.url, names(1), timeout_s=1), {}))
    number = hand.submit(messages)
    (ticket,) = hand.release()
    passage = send(hand.stations, PROVIDER, ticket, hand.paces)
    assert passage
    hand.wiring.redis.flushall()

    def settles() -> None:
        with pytest.raises(ClockLost):
            settle(hand.stations, passage, first_lookup_s(PROVIDER), hand.paces)

    engine = hand.wiring.engine
    assert rebuild(hand.stations, hand.wiring.builder, Late(engine, settles), partial(alone, engine))
    assert hand.wiring.campaigns.get(number).state is state
    hand.catch_up()
    assert hand.work_all() == messages - 1
    assert hand.counts(number) == {"sent": messages}


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


class Anew(LockBook):
    """The locks of a worker that stands still each time it has taken one, while the next of `meanwhile` happens."""

    def __init__(self, engine: Engine, *meanwhile: Callable[[], None]) -> None:
        super().__init__(engine)
        self._meanwhile = list(meanwhile)

    def take(self, scope: str, key: str, holder: MessageId, now_ms: int, until_ms: int, leaves_in_ms: int = 0) -> int:
        left_ms = super().take(scope, key, holder, now_ms, until_ms, leaves_in_ms)
        self._stand_still()
        return left_ms

    def take_all(self, wishes: Sequence[Wish], now_ms: int) -> list[int]:
        lefts = super().take_all(wishes, now_ms)
        self._stand_still()
        return lefts

    def _stand_still(self) -> None:
        if self._meanwhile:
            self._meanwhile.pop(0)()


def test_promise_1_a_worker_that_stands_still_while_it_takes_its_locks_anew_does_not_send_what_another_sent(
    hand: Hand, simulator: SimulatorClient
) -> None:
    number = hand.submit(1, cpc=True)

    def held_up() -> None:
        hand.now_ms += 1_000

    def meanwhile() -> None:
        hand.now_ms += LEASE_MS
        hand.work_all()
        resolve(hand.stations, number, f"{campaign_text(number)}-0.1", (0.0,))
        hand.work_all()
        assert hand.counts(number) == {"sent": 1}

    (ticket,) = hand.release()
    hand.work(ticket, replace(hand.stations, lock_book=Anew(hand.wiring.engine, held_up, meanwhile)))
    assert hand.counts(number) == {"sent": 1}
    assert simulator.summary()["deliveries"] == 1


def test_a_worker_that_takes_its_locks_anew_slowly_sends(hand: Hand, simulator: SimulatorClient) -> None:
    number = hand.submit(1, cpc=True)

    def held_up() -> None:
        hand.now_ms += 6_000

    (ticket,) = hand.release()
    hand.work(ticket, replace(hand.stations, lock_book=Anew(hand.wiring.engine, held_up, held_up)))
    assert hand.counts(number) == {"sent": 1}


def test_a_message_that_broke_once_it_had_its_lock_does_not_break_the_others_of_a_batch_that_was_held_up(
    hand: Hand, simulator: SimulatorClient
) -> None:
    hand.wiring.accounts.apply(read_accounts(uazapi_account(simulator.url, ["one"], batch=10), {}))
    hand.forget_accounts()
    number = hand.submit(3, cpc=True)

    def breaks() -> None:
        hand.now_ms += 1_000
        raise LedgerFault("PostgreSQL refused a statement")

    (ticket,) = hand.release()
    hand.work(ticket, replace(hand.stations, lock_book=Anew(hand.wiring.engine, breaks, breaks)))
    assert hand.counts(number) == {"failed": 1, "sent": 2}, "all together, then each by itself"


# ---------------------------------------------------------------- a sender's least gap


def keeps_a_gap(hand: Hand, simulator: SimulatorClient, lanes: int = 2) -> None:
    told = (
        uazapi_account(simulator.url, ["one"], timeout_s=1) + f"\nconcurrency = {lanes}\nmin_gap_s = {GAP_MS / 1000}\n"
    )
    hand.wiring.accounts.apply(read_accounts(told, {}))
    hand.forget_accounts()


def test_promise_3_a_worker_that_wakes_up_after_its_claim_does_not_undercut_the_least_gap(
    hand: Hand, simulator: SimulatorClient
) -> None:
    """Another lane of the sender called meanwhile: it goes back unsent, and its lane comes when there is room."""
    keeps_a_gap(hand, simulator)
    number = hand.submit(3)
    first, second = hand.release()
    starts: list[int] = []

    def meanwhile() -> None:
        hand.now_ms += 2 * STEP_MS
        hand.work(second)
        starts.append(hand.now_ms)

    hand.work(first, replace(hand.stations, messages=Stopping(hand.wiring.engine, after=meanwhile)))
    assert (hand.counts(number), simulator.summary()["deliveries"]) == ({"sent": 1, "pending": 2}, 1)
    for _ in range(2):
        hand.now_ms += STEP_MS
        assert hand.work_all() >= 1
        starts.append(hand.now_ms)
    assert hand.counts(number) == {"sent": 3}
    assert all(after - before >= GAP_MS for before, after in pairwise(starts))


def test_promise_3_a_worker_that_stands_still_before_it_opens_its_connection_does_not_undercut_the_least_gap(
    hand: Hand, simulator: SimulatorClient
) -> None:
    """Between the look at its lock and the first byte: the last moment at which something is asked."""
    keeps_a_gap(hand, simulator)
    hand.submit(2)
    first, second = hand.release()

    class Slow(type(hand.stations.caller)):  # type: ignore[misc]
        def call(self, job: Job, may_leave: Callable[[], bool]) -> Reading:
            hand.now_ms += 2 * STEP_MS
            hand.work(second)
            return hand.stations.caller.call(job, may_leave)

    hand.work(first, replace(hand.stations, caller=Slow(hand.wiring.transport, provider)))
    assert simulator.summary()["deliveries"] == 1


def test_promise_3_a_worker_that_stands_still_while_it_takes_its_locks_anew_does_not_undercut_the_least_gap(
    hand: Hand, simulator: SimulatorClient
) -> None:
    keeps_a_gap(hand, simulator)
    hand.submit(2, cpc=True)
    first, second = hand.release()

    def held_up() -> None:
        hand.now_ms += 1_000

    def meanwhile() -> None:
        hand.now_ms += STEP_MS
        hand.work(second)

    hand.work(first, replace(hand.stations, lock_book=Anew(hand.wiring.engine, held_up, meanwhile)))
    assert simulator.summary()["deliveries"] == 1


def test_promise_3_a_start_that_was_told_too_late_is_not_used(hand: Hand, simulator: SimulatorClient) -> None:
    """Redis said yes, and the worker stood still before it heard: by then another lane's turn may have come."""
    keeps_a_gap(hand, simulator)
    hand.submit(2)
    first, second = hand.release()
    told: list[int] = []

    class Late(LaneClock):
        def depart(self, *args: Any, **more: Any) -> Departure:
            departure = super().depart(*args, **more)
            if not told:
                hand.now_ms += STEP_MS
                hand.work(second)
            told.append(departure.start_ms)
            return departure

    clock = Late(hand.wiring.redis, now_ms=lambda: hand.now_ms)
    hand.work(first, replace(hand.stations, clock=clock))
    assert simulator.summary()["deliveries"] == 1
    assert len(told) == 2


def test_a_worker_that_alone_hears_late_asks_again_and_sends(hand: Hand, simulator: SimulatorClient) -> None:
    keeps_a_gap(hand, simulator)
    number = hand.submit(1)
    asked: list[int] = []

    class Late(LaneClock):
        def depart(self, *args: Any, **more: Any) -> Departure:
            departure = super().depart(*args, **more)
            asked.append(hand.now_ms)
            hand.now_ms += 400 if len(asked) < 3 else 0
            return departure

    (ticket,) = hand.release()[:1]
    hand.work(ticket, replace(hand.stations, clock=Late(hand.wiring.redis, now_ms=lambda: hand.now_ms)))
    assert hand.counts(number) == {"sent": 1}
    assert len(asked) == 3


def test_promise_1_a_call_before_which_redis_went_away_does_not_leave(hand: Hand, simulator: SimulatorClient) -> None:
    keeps_a_gap(hand, simulator)
    number = hand.submit(1)

    class Away(LaneClock):
        def depart(self, *args: Any, **more: Any) -> Departure:
            raise Unavailable("Redis: no connection")

    (ticket,) = hand.release()[:1]
    hand.work(ticket, replace(hand.stations, clock=Away(hand.wiring.redis, now_ms=lambda: hand.now_ms)))
    assert (hand.counts(number), simulator.summary()["calls"]) == ({"pending": 1}, 0)
    hand.now_ms += 2 * STEP_MS
    hand.work_all()
    assert hand.counts(number) == {"sent": 1}
