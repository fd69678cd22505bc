"""Promise 7, and 2: what is due later waits in the ledger alone, and is not forgotten there."""

import pytest

from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.retries import SLICE
from dispatcher.ledger.times import moment
from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import names, uazapi_account
from tests.ledger.steps import run
from tests.pipeline.conftest import PROVIDER, Hand

AN_HOUR_MS = 3_600_000
IN_AN_HOUR = {"kind": "status", "status": 429, "provider": PROVIDER, "headers": {"Retry-After": "3600"}}


def in_redis(hand: Hand, provider: str = PROVIDER) -> int:
    """Tickets that wait for a time of their own."""
    return int(hand.wiring.redis.zcard(f"d:retries:{provider}"))


@pytest.fixture
def put_off(hand: Hand, simulator: SimulatorClient) -> int:
    """A campaign of five whose provider asked to be left alone for an hour."""
    simulator.set_faults(IN_AN_HOUR)
    number = hand.submit(5, validity_s=0)
    hand.work_all()
    simulator.set_faults()
    assert hand.counts(number) == {"pending": 5}
    return number


def test_promise_7_what_is_due_later_costs_redis_nothing_and_is_not_taken_for_lost(hand: Hand, put_off: int) -> None:
    assert in_redis(hand) == 0
    hand.sweep(3)
    assert in_redis(hand) == 0
    assert hand.wiring.campaigns.get(put_off).state == "running"


def test_promise_2_what_is_due_soon_is_filed_by_the_sweeper(hand: Hand, put_off: int) -> None:
    hand.now_ms += AN_HOUR_MS + 300_000
    hand.sweep(1)
    assert in_redis(hand) == 5
    hand.sweep(1)
    assert in_redis(hand) == 5, "filed twice is filed once"
    hand.work_all()
    assert hand.counts(put_off) == {"sent": 5}
    assert hand.wiring.campaigns.get(put_off).state == "done"


def test_promise_2_an_empty_redis_is_told_of_what_is_due_later_when_its_time_comes(hand: Hand, put_off: int) -> None:
    hand.wiring.redis.flushdb()
    assert hand.wiring.rebuild_clock()
    assert in_redis(hand) == 0
    hand.now_ms += AN_HOUR_MS + 300_000
    hand.sweep()
    hand.work_all()
    assert hand.counts(put_off) == {"sent": 5}


def test_promise_7_redis_is_told_of_a_slice_at_a_time(hand: Hand) -> None:
    wait_until_later(hand, SLICE * 2 + 1)
    hand.now_ms += AN_HOUR_MS
    hand.sweep(3)
    assert in_redis(hand) == SLICE


def test_promise_2_who_finds_the_clock_empty_files_the_next_slice(hand: Hand, simulator: SimulatorClient) -> None:
    hand.wiring.accounts.apply(read_accounts(uazapi_account(simulator.url, names(2), batch=1000, timeout_s=9), {}))
    number = wait_until_later(hand, SLICE + 20)
    hand.now_ms += AN_HOUR_MS
    hand.sweep(1)
    hand.work_all()
    assert hand.counts(number) == {"sent": SLICE + 20}


def wait_until_later(hand: Hand, messages: int) -> int:
    """A campaign whose messages all are due in an hour."""
    number = hand.submit(messages)
    due = moment(hand.now_ms + AN_HOUR_MS)
    run(hand.wiring.engine, "UPDATE message SET due_at = :due WHERE campaign_id = :number", due=due, number=number)
    hand.stations.control.forget(PROVIDER, number)
    return number
