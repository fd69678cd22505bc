"""Promise 2: what breaks whoever takes it into hands ends by itself, and the others go on."""

import json
from base64 import b64decode
from dataclasses import replace
from threading import Thread
from typing import Any, cast

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.ids import campaign_text
from dispatcher.domain.inbound import InboundEvent, InboundKind
from dispatcher.domain.laneclock import TAKE_UP_LEASE_MS
from dispatcher.domain.trouble import Unavailable
from dispatcher.ledger.engine import LedgerFault, autocommit
from dispatcher.ledger.inbound import MOST_BREAKS
from dispatcher.pipeline.apart import each
from dispatcher.pipeline.begin import begin
from dispatcher.pipeline.feed import QUEUED, feed
from dispatcher.pipeline.reply import process, receive
from dispatcher.pipeline.send import send as send_begun
from dispatcher.pipeline.settle import settle
from dispatcher.producer import submit
from dispatcher.simulator.server import SimulatorClient
from dispatcher.taskbus import EVENTS_QUEUE
from tests.journey.bodies import campaign, names, phone, uazapi_account
from tests.pipeline.conftest import PROVIDER, Hand
from tests.pipeline.test_doubt import DELIVERED_500, look
from tests.sending import send
from tests.waiting import wait_until


def run(hand: Hand, statement: str, **values: Any) -> None:
    with autocommit(hand.wiring.engine) as connection:
        connection.execute(text(statement), values)


def poison(hand: Hand, campaign: int, seq: int) -> None:
    """A row that no version of ours writes: a payload that is not an object."""
    run(
        hand,
        "UPDATE message SET payload = '[1]' WHERE campaign_id = :campaign AND seq = :seq",
        campaign=campaign,
        seq=seq,
    )


def refuse(hand: Hand, update: str) -> None:
    """The ledger takes no such update of a message."""
    run(hand, "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$")
    trigger = f"CREATE TRIGGER refuse BEFORE UPDATE ON message FOR EACH ROW WHEN ({update})"
    run(hand, f"{trigger} EXECUTE FUNCTION refuse()")


def reasons(hand: Hand, campaign: int) -> dict[str, str]:
    return {one.state.value: one.reason for one in hand.wiring.lines.page(campaign) if one.reason}


@pytest.fixture
def one_lane(hand: Hand, simulator: SimulatorClient) -> Hand:
    hand.wiring.accounts.apply(read_accounts(uazapi_account(simulator.url, names(1), timeout_s=1), {}))
    return hand


def test_a_broken_row_fails_by_itself_and_its_lane_goes_on(one_lane: Hand, simulator: SimulatorClient) -> None:
    number = one_lane.submit(3, text="Olá {{name|cliente}}")
    poison(one_lane, number, 1)
    one_lane.work_all()
    assert one_lane.counts(number) == {"sent": 2, "failed": 1}
    assert reasons(one_lane, number) == {"failed": "broken"}
    assert one_lane.wiring.campaigns.get(number).state.value == "done"


def test_what_breaks_whoever_takes_a_message_up_is_told_as_that_and_held_against_it(
    one_lane: Hand,
) -> None:
    """Of an account whose credentials are of another key."""
    number = one_lane.submit(1)
    run(one_lane, "UPDATE account SET credentials = 'of another key'")
    one_lane.forget_accounts()
    (ticket,) = one_lane.release()
    with capture_logs() as logged:
        assert send(replace(one_lane.stations, is_known=lambda _: False), PROVIDER, ticket) is None
    assert [(one["event"], one["campaign"], one["seq"]) for one in logged] == [
        ("begin.broken", campaign_text(number), 0)
    ]
    one_lane.now_ms += TAKE_UP_LEASE_MS
    with capture_logs() as logged:
        one_lane.look_into_leases()
    assert "start.lost" in {one["event"] for one in logged}


def test_an_outcome_that_the_ledger_refuses_becomes_one_that_it_takes(one_lane: Hand) -> None:
    refuse(one_lane, "NEW.state = 'sent' AND NEW.seq = 1")
    number = one_lane.submit(3)
    one_lane.work_all()
    assert one_lane.counts(number) == {"sent": 2, "in_doubt": 1}, "it was called for"
    assert reasons(one_lane, number) == {"in_doubt": "broken"}


def test_an_outcome_that_the_ledger_does_not_take_at_all_is_not_told_as_written(one_lane: Hand) -> None:
    one_lane.submit(1)
    refuse(one_lane, "OLD.state = 'sending'")
    with capture_logs() as logged, pytest.raises(LedgerFault):
        one_lane.work_all()
    assert [one["event"] for one in logged] == ["send.broken"]


def test_of_messages_that_end_together_one_that_nothing_can_be_decided_about_keeps_no_other(hand: Hand) -> None:
    number = hand.submit(2)
    broken, other = passages = begin(hand.stations, PROVIDER, hand.release())
    for passage in passages:
        send_begun(hand.stations, passage)
    broken.rows = (cast(Any, None),)
    settle(hand.stations, passages, None, False)
    assert hand.counts(number) == {"sent": 1, "sending": 1}
    assert (broken.failure is not None, other.failure) == (True, None)


def test_a_look_is_counted_before_it_is_made(hand: Hand, simulator: SimulatorClient) -> None:
    """Who dies of a provider's answer would otherwise be followed by every other worker."""
    simulator.set_faults(DELIVERED_500, {"kind": "hang", "provider": PROVIDER, "sends": False})
    number = hand.submit(1)
    hand.work_all()
    looking = Thread(target=look, args=(hand, number))
    looking.start()
    wait_until(lambda: len(simulator.calls()) == 2)
    with hand.wiring.engine.connect() as connection:
        assert connection.execute(text("SELECT doubt_tries FROM message")).scalar_one() == 1
    looking.join()


def test_a_campaign_that_cannot_be_planned_does_not_hold_up_the_others(hand: Hand, simulator: SimulatorClient) -> None:
    other = uazapi_account(simulator.url, ["other"], name="outra")
    both = f"{uazapi_account(simulator.url, names(2), timeout_s=1)}\n{other}"
    hand.wiring.accounts.apply(read_accounts(both, {}))
    broken = submit(hand.stations, "outra", {**campaign(range(1)), "account": "outra"}).campaign_id
    number = hand.submit(1)
    hand.wiring.redis.flushdb()
    hand.wiring.rebuild_clock()
    run(hand, "UPDATE account SET business_hours = '{\"x\": [1]}' WHERE name = 'outra'")
    run(hand, "UPDATE campaign SET opened_at = NULL, business_hours = 'x'")
    hand.pass_in_the_ledger(60)
    hand.forget_accounts()
    hand.sweep()
    with hand.wiring.engine.connect() as connection:
        opened = "SELECT id, opened_at IS NOT NULL FROM campaign"
        assert dict(connection.execute(text(opened)).all()) == {number: True, broken: False}


def test_of_many_things_each_is_done_but_the_one_that_breaks() -> None:
    done: list[float] = []
    each([1, 0, 2], lambda number: done.append(2 / number))
    assert done == [2, 1]
    with pytest.raises(Unavailable):
        each([1], _away)


def _away(_: int) -> None:
    raise Unavailable("x")


# ---------------------------------------------------------------- events


def replies(hand: Hand, count: int, name: str = "e") -> None:
    events = [
        InboundEvent(InboundKind.REPLY, f"{name}{number}", hand.now_ms, key=phone(number)) for number in range(count)
    ]
    receive(hand.stations, hand.wiring.accounts.named("loja"), events)


def test_an_event_that_breaks_its_reader_is_given_up_in_the_end(hand: Hand) -> None:
    replies(hand, 1)
    run(hand, "UPDATE inbound_event SET kind = 'of another version'")
    (number,) = hand.wiring.inbound.waiting(0, 10)
    for _ in range(MOST_BREAKS + 1):
        process(hand.stations, number)
    with hand.wiring.engine.connect() as connection:
        found = connection.execute(text("SELECT what, tries, processed_at IS NULL FROM inbound_event")).one()
    assert tuple(found) == ("broken", MOST_BREAKS + 1, False)


def taken_from_queue(hand: Hand) -> list[int]:
    """The events whose jobs a worker takes now, and processes."""
    jobs: Any = hand.wiring.redis.lrange(EVENTS_QUEUE, 0, -1)
    hand.wiring.redis.delete(EVENTS_QUEUE)
    numbers = [json.loads(b64decode(json.loads(job)["body"]))[1]["event"] for job in jobs]
    run(hand, "UPDATE inbound_event SET processed_at = now() WHERE id = ANY(:numbers)", numbers=numbers)
    return numbers


def test_promise_7_a_storm_of_events_costs_redis_no_more_than_a_short_queue(hand: Hand) -> None:
    for part in range(3):
        replies(hand, QUEUED, f"s{part}-")
    assert hand.wiring.redis.llen(EVENTS_QUEUE) == QUEUED
    published = []
    while numbers := taken_from_queue(hand):
        assert len(numbers) <= QUEUED
        published += numbers
        feed(hand.stations)
        feed(hand.stations)
    assert len(set(published)) == 3 * QUEUED
    assert len(published) == len(set(published)), "each once"


def test_an_event_is_stored_and_found_while_redis_is_away(hand: Hand) -> None:
    def away() -> int:
        raise Unavailable("Redis")

    events = [InboundEvent(InboundKind.REPLY, "e", hand.now_ms, key=phone(1))]
    cut = replace(hand.stations, events_queued=away)
    receive(cut, hand.wiring.accounts.named("loja"), events)
    assert hand.wiring.redis.llen(EVENTS_QUEUE) == 0
    feed(hand.stations)
    assert hand.wiring.redis.llen(EVENTS_QUEUE) == 1
