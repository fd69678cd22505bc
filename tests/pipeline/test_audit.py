"""What does not add up is found, each check by something that is really broken; what adds up is never found."""

import json

import pytest

from dispatcher.coordination import keys
from dispatcher.domain.audit.checks import confirmed
from dispatcher.domain.audit.flights import STALE_JOBS
from dispatcher.domain.audit.standstill import standstill_suspects
from dispatcher.domain.ids import campaign_text
from dispatcher.domain.tickets import Ticket, send_queue
from dispatcher.pipeline import steer
from dispatcher.pipeline.feed import feed
from dispatcher.simulator.server import SimulatorClient
from tests.pipeline.audits import auditor, execute, findings, of_campaign, rounds, untold
from tests.pipeline.conftest import PROVIDER, Hand

RECORDS = keys.campaigns(PROVIDER)
FLIGHTS = keys.memory(PROVIDER)[2]
CLOCK = keys.clock(PROVIDER)
HOUR_MS = 3_600_000


def record(hand: Hand, number: int, **changes: object) -> None:
    """Change what the clock keeps of a campaign."""
    name = campaign_text(number)
    kept = json.loads(str(hand.wiring.redis.hget(RECORDS, name)))
    hand.wiring.redis.hset(RECORDS, name, json.dumps(kept | changes))


def tickets(hand: Hand) -> list[Ticket]:
    """Those that are out."""
    return sorted(one.ticket for one in hand.wiring.audited.clock.flights(PROVIDER))


def lose_flights(hand: Hand) -> None:
    for ticket in tickets(hand):
        hand.wiring.redis.zrem(CLOCK, str(ticket.lane))
    hand.wiring.redis.delete(FLIGHTS)


@pytest.fixture
def running(hand: Hand) -> int:
    """A campaign of ten of which two are in flight."""
    number = hand.submit(10)
    hand.release()
    hand.sweep()
    assert rounds(hand, 2) == {}
    return number


# ---------------------------------------------------------------- counts


def test_counters_that_do_not_match_the_messages_are_found_and_forgotten_when_they_do(hand: Hand, running: int) -> None:
    untold(hand, "UPDATE message SET state = 'sent' WHERE campaign_id = :it AND seq = 7", it=running)
    assert rounds(hand) == of_campaign("counts", running)
    untold(hand, "UPDATE message SET state = 'pending' WHERE campaign_id = :it AND seq = 7", it=running)
    assert rounds(hand) == {}


def test_a_message_that_is_gone_is_found(hand: Hand, running: int) -> None:
    execute(hand, "DELETE FROM message WHERE campaign_id = :it AND seq = 7", it=running)
    assert rounds(hand) == of_campaign("counts", running)


def test_accepted_must_be_the_sum_of_the_states(hand: Hand, running: int) -> None:
    execute(hand, "UPDATE campaign SET total = total + 1 WHERE id = :it", it=running)
    assert rounds(hand) == of_campaign("counts", running)


def test_a_campaign_that_is_over_is_counted_once(hand: Hand) -> None:
    number = hand.submit(3)
    hand.work_all()
    assert hand.counts(number) == {"sent": 3}
    untold(hand, "UPDATE message SET state = 'failed' WHERE campaign_id = :it AND seq = 1", it=number)
    execute(hand, "UPDATE campaign SET finished_at = finished_at - interval '11 s' WHERE id = :it", it=number)
    assert rounds(hand) == of_campaign("counts", number)


# ---------------------------------------------------------------- the clock and the ledger


def test_a_cursor_behind_what_was_claimed_is_found(hand: Hand, running: int) -> None:
    [*_, ticket] = tickets(hand)
    hand.wiring.messages.claim(ticket)
    record(hand, running, next=0)
    assert "cursor" in rounds(hand)


def test_released_messages_that_are_nowhere_in_the_clock_are_found_and_the_advice_mends_it(
    hand: Hand, running: int
) -> None:
    lose_flights(hand)
    assert rounds(hand) == {"unreleased": [campaign_text(running)], "flight_count": [campaign_text(running)]}
    [view, _] = sorted(hand.wiring.audit_book.view().findings, key=lambda one: one.finding.check != "unreleased")
    assert (view.finding.items, view.finding.note) == (2, "message 0 waits, was released, and is nowhere in the clock")
    hand.wiring.redis.delete(keys.EPOCH)
    hand.wiring.rebuild_clock()
    assert rounds(hand) == {}


def test_messages_that_are_due_and_filed_by_nobody_are_found(hand: Hand) -> None:
    number = hand.submit(2)
    hand.wiring.redis.delete(RECORDS)
    hand.sweep(4)
    assert rounds(hand) == {}
    hand.work_all()
    execute(
        hand,
        "UPDATE message SET state = 'pending', due_at = now() - interval '2 min' WHERE campaign_id = :it",
        it=number,
    )
    execute(hand, "UPDATE campaign SET state = 'running', finished_at = NULL WHERE id = :it", it=number)
    hand.now_ms = hand.wiring.shared_clock.now_ms()
    assert rounds(hand) == of_campaign("unknown_to_clock", number)
    hand.sweep(4)
    assert rounds(hand) == {}


def test_a_running_campaign_that_the_clock_does_not_know_is_found(hand: Hand) -> None:
    number = hand.submit(2)
    hand.sweep()
    hand.wiring.redis.hdel(RECORDS, campaign_text(number))
    assert rounds(hand) == of_campaign("unknown_to_clock", number)


def test_a_running_campaign_that_is_held_in_the_clock_is_found(hand: Hand, running: int) -> None:
    hand.stations.control.hold_campaign(PROVIDER, running)
    assert rounds(hand) == of_campaign("held", running)


def test_a_campaign_that_is_over_and_still_known_is_found_and_the_sweeper_forgets_it(hand: Hand, running: int) -> None:
    kept = str(hand.wiring.redis.hget(RECORDS, campaign_text(running)))
    hand.work_all()
    steer.cancel(hand.stations, hand.wiring.campaigns, running)
    lose_flights(hand)
    hand.wiring.redis.hset(RECORDS, campaign_text(running), json.dumps(json.loads(kept) | {"flights": 0}))
    execute(hand, "UPDATE campaign SET finished_at = now() - interval '20 min' WHERE id = :it", it=running)
    assert rounds(hand) == of_campaign("over_on_clock", running)
    hand.sweep(1)
    assert rounds(hand) == {}


def test_a_campaign_of_the_clock_that_the_ledger_does_not_know_is_found(hand: Hand, running: int) -> None:
    hand.wiring.redis.hset(RECORDS, campaign_text(7), str(hand.wiring.redis.hget(RECORDS, campaign_text(running))))
    assert rounds(hand) == of_campaign("over_on_clock", 7)


def test_an_accepted_campaign_that_nobody_plans_is_found(hand: Hand, running: int) -> None:
    execute(hand, "UPDATE campaign SET opened_at = NULL, grown_at = now() - interval '3 min'")
    assert rounds(hand) == of_campaign("unplanned", running)


# ---------------------------------------------------------------- flights


def test_a_flight_whose_lease_is_over_and_that_nobody_looks_into_is_found(hand: Hand, running: int) -> None:
    hand.now_ms += 10_000 + 61_000
    assert rounds(hand) == {"flight": [f"{PROVIDER} lane {ticket.lane}" for ticket in tickets(hand)]}
    assert hand.work_all() == 10, "a pacer looks into it"
    assert rounds(hand) == {}


def test_a_flight_whose_lane_is_not_on_the_clock_is_found(hand: Hand, running: int) -> None:
    [ticket, _] = tickets(hand)
    hand.wiring.redis.zrem(CLOCK, str(ticket.lane))
    assert rounds(hand) == {"flight": [f"{PROVIDER} lane {ticket.lane}"]}


def test_a_message_that_is_being_sent_without_a_flight_is_found_after_its_lease(hand: Hand, running: int) -> None:
    [ticket, _] = tickets(hand)
    hand.wiring.messages.claim(ticket)
    lose_flights(hand)
    assert "sending" not in rounds(hand), "a worker may just be about to put it back"
    execute(hand, "UPDATE message SET claimed_at = now() - interval '5 min' WHERE state = 'sending'")
    assert rounds(hand)["sending"] == [f"{campaign_text(running)}-{ticket.seq}"]


def test_two_jobs_at_once_on_a_lane_are_found(hand: Hand, running: int) -> None:
    one, other = tickets(hand)
    for ticket in (one, other):
        hand.wiring.messages.claim(ticket)
    assert rounds(hand) == {}
    execute(hand, "UPDATE attempt SET sender_id = :it, slot = 0", it=one.lane.sender_id)
    assert rounds(hand) == {"lane": [f"lane {one.lane}"]}


def test_a_queue_that_is_longer_than_what_was_released_is_found(hand: Hand, running: int) -> None:
    hand.wiring.redis.rpush(send_queue(PROVIDER), *["{}"] * (STALE_JOBS + 3))
    assert rounds(hand) == {"queue": [send_queue(PROVIDER)]}


# ---------------------------------------------------------------- locks


@pytest.fixture
def lock(hand: Hand) -> str:
    """The key of a lock that a message of a guarded campaign holds since an hour; its campaign is done."""
    hand.submit(1, cpc=True)
    hand.work_all()
    execute(hand, "UPDATE contact_lock SET taken_at = taken_at - interval '1 h', until_at = until_at - interval '1 h'")
    [key] = map(str, hand.wiring.redis.keys(keys.LOCKS))
    holder, taken, until = str(hand.wiring.redis.get(key)).split("|")
    put(hand, key, holder, int(taken) - HOUR_MS, int(until) - HOUR_MS)
    assert rounds(hand, 2) == {}
    return key


def put(hand: Hand, key: str, holder: str, taken_ms: int, until_ms: int) -> None:
    hand.wiring.redis.set(key, f"{holder}|{taken_ms}|{until_ms}", pxat=until_ms + 60_000)


def named(key: str) -> list[str]:
    return [key.removeprefix("d:lock:")]


def test_promise_5_a_lock_in_redis_alone_is_found(hand: Hand, lock: str) -> None:
    execute(hand, "DELETE FROM contact_lock")
    assert rounds(hand) == {"lock_without_owner": named(lock)}
    hand.wiring.redis.delete(lock)
    assert rounds(hand) == {}


def test_promise_5_a_lock_of_a_message_that_does_not_exist_is_found(hand: Hand, lock: str) -> None:
    other = keys.lock("global", "0" * 32)
    put(hand, other, f"{campaign_text(7)}-0", hand.now_ms, hand.now_ms + HOUR_MS)
    hand.wiring.redis.set(keys.lock("global", "1" * 32), "nonsense", px=HOUR_MS)
    assert set(rounds(hand)["lock_without_owner"]) == {*named(other), "global:" + "1" * 32}


def test_promise_5_a_lock_that_redis_has_lost_is_found(hand: Hand, lock: str) -> None:
    hand.wiring.redis.delete(lock)
    assert rounds(hand) == {"lock_not_in_redis": named(lock)}


def test_promise_5_a_lock_that_lasts_longer_than_its_day_is_found(hand: Hand, lock: str) -> None:
    execute(hand, "UPDATE contact_lock SET until_at = until_at + interval '2 days'")
    assert rounds(hand) == {"lock_too_long": named(lock)}


def test_promise_5_a_key_without_an_end_is_found(hand: Hand, lock: str) -> None:
    hand.wiring.redis.persist(lock)
    assert rounds(hand) == {"lock_too_long": named(lock)}


def test_promise_5_a_lock_of_a_message_that_certainly_failed_is_found(hand: Hand, lock: str) -> None:
    execute(hand, "UPDATE message SET state = 'failed', settled_at = now()")
    assert rounds(hand) == {}, "it is given back by whoever failed it, or by the sweeper"
    execute(hand, "UPDATE message SET settled_at = now() - interval '6 min'")
    assert rounds(hand) == {"lock_of_failed": named(lock)}
    execute(hand, "UPDATE attempt SET fate = 'retry', reason = 'resent_by_policy'")
    assert rounds(hand) == {}, "an attempt may have arrived"


# ---------------------------------------------------------------- what stands still


def test_look_ups_that_are_not_made_are_found(hand: Hand, simulator: SimulatorClient) -> None:
    simulator.set_faults({"kind": "delivered_500", "provider": PROVIDER, "sends": True})
    number = hand.submit(1)
    hand.work_all()
    assert hand.counts(number) == {"in_doubt": 1}
    assert rounds(hand) == {}
    hand.now_ms += 11 * 60_000
    assert rounds(hand) == {"look_ups": ["look-ups"]}
    execute(hand, "UPDATE message SET due_at = NULL")
    assert rounds(hand) == {}, "it waits for an operator"


def test_events_that_are_not_processed_are_found(hand: Hand) -> None:
    execute(
        hand,
        "INSERT INTO inbound_event (account_id, event_id, kind, at, phone_key, text, provider_ref, sender_name, reason)"
        " SELECT 1, n::text, 'reply', now(), '', '', '', '', '' FROM generate_series(1, 3) AS n",
    )
    assert rounds(hand) == {}
    execute(hand, "UPDATE inbound_event SET received_at = now() - interval '6 min'")
    assert rounds(hand) == {"events": ["events"]}
    assert (
        hand.wiring.audit_book.view().findings[0].finding.note.startswith("an account's first inbound event waits for")
    )
    execute(hand, "UPDATE inbound_event SET due_at = now() + interval '1 min', tries = 1")
    assert rounds(hand) == {}, "they wait for a time of their own"


def test_events_that_are_queued_again_and_again_and_never_read_are_found(hand: Hand) -> None:
    execute(
        hand,
        "INSERT INTO inbound_event (account_id, event_id, kind, at, phone_key, text, provider_ref, sender_name, reason,"
        " received_at) VALUES (1, 'a', 'reply', now(), '', '', '', '', '', now() - interval '6 min')",
    )
    feed(hand.stations)
    assert rounds(hand) == {"events": ["events"]}


def test_an_event_that_was_put_off_once_and_is_then_queued_again_and_again_is_found(hand: Hand) -> None:
    """Since when its time has come counts, not when it was queued last."""
    execute(
        hand,
        "INSERT INTO inbound_event (account_id, event_id, kind, at, phone_key, text, provider_ref, sender_name, reason,"
        " received_at, due_at, tries)"
        " VALUES (1, 'a', 'reply', now(), '', '', '', '', '', now() - interval '1 h', now() - interval '6 min', 1)",
    )
    feed(hand.stations)
    assert rounds(hand) == {"events": ["events"]}


def test_a_storm_of_events_that_is_worked_off_is_no_finding(hand: Hand) -> None:
    """However long the last of them waits: the first is another at each look."""
    execute(
        hand,
        "INSERT INTO inbound_event (account_id, event_id, kind, at, phone_key, text, provider_ref, sender_name, reason,"
        " received_at) SELECT 0, n::text, 'reply', now(), '', '', '', '', '', now() - interval '1 h'"
        " FROM generate_series(1, 9) AS n",
    )
    look = hand.wiring.audited.ledger_locks.standstill
    first = list(standstill_suspects(look(hand.now_ms)))
    execute(hand, "UPDATE inbound_event SET processed_at = now() WHERE id IN (SELECT min(id) FROM inbound_event)")
    assert (len(first), confirmed(first, standstill_suspects(look(hand.now_ms)))) == (1, [])


def test_callbacks_that_nobody_brings_are_found(hand: Hand) -> None:
    execute(
        hand,
        "INSERT INTO callback_endpoint (account_id, of_account, url, not_before, served_at)"
        " SELECT id, false, 'http://127.0.0.1:9', now() - interval '1 h', now() - interval '1 h' FROM account LIMIT 1",
    )
    execute(
        hand,
        "INSERT INTO callback (campaign_id, goes_to, seq, at, due_at, type, state)"
        " SELECT 1, id, -1, now(), now() - interval '20 min', 'campaign.done', 'done' FROM callback_endpoint",
    )
    assert rounds(hand) == {"callbacks": ["callbacks"]}
    execute(hand, "UPDATE callback_endpoint SET not_before = now() + interval '1 min'")
    assert rounds(hand) == {}, "it is left alone for a while"


def test_campaigns_that_no_sweeper_looks_after_are_found(hand: Hand, running: int) -> None:
    hand.now_ms += 9_000
    hand.wiring.redis.delete(keys.looks(running))
    assert rounds(hand) == {"sweeper": ["sweeper"]}


# ---------------------------------------------------------------- two looks, turns, memory


def test_what_only_one_of_two_looks_sees_is_no_finding(hand: Hand, running: int) -> None:
    one = auditor(hand)
    hand.stations.control.hold_campaign(PROVIDER, running)
    assert not one.audit(), "suspected"
    hand.stations.control.resume_campaign(PROVIDER, running)
    assert one.audit()
    assert findings(hand) == {}


def test_one_auditor_looks_at_a_time_and_the_turn_of_a_lost_one_is_over_some_time(hand: Hand, running: int) -> None:
    hand.stations.control.hold_campaign(PROVIDER, running)
    lost, other = auditor(hand), auditor(hand)
    assert not lost.audit()
    assert not other.audit()
    assert not other.audit()
    execute(hand, "UPDATE audit SET leased_until = now() - interval '1 s'")
    assert [other.audit(), other.audit()] == [False, True]
    assert not lost.audit(), "what it saw does not count any more"
    assert findings(hand) == of_campaign("held", running)


def test_nobody_looks_while_the_memory_of_redis_is_not_complete(hand: Hand, running: int) -> None:
    hand.stations.control.hold_campaign(PROVIDER, running)
    one = auditor(hand)
    assert not one.audit()
    hand.wiring.redis.delete(keys.EPOCH)
    assert not one.audit(), "it was lost between the two looks"
    assert not one.audit()
    assert findings(hand) == {}
    hand.wiring.rebuild_clock()
    assert rounds(hand) == {}, "built up from the ledger it is not held any more"


def test_rounds_go_through_all_campaigns(hand: Hand) -> None:
    numbers = [hand.submit(1) for _ in range(5)]
    hand.sweep()
    untold(hand, "UPDATE message SET state = 'failed'")
    few = {"counted": 2}
    assert rounds(hand, **few) == {"counts": [campaign_text(one) for one in numbers[:2]]}
    assert rounds(hand, 2, **few) == {"counts": list(map(campaign_text, numbers))}
