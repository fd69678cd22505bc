"""Promise 2: a message whose worker is lost before its claim, time after time, ends; who was near it does not."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from dispatcher.coordination.circuits import Circuits
from dispatcher.domain.account import Account
from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.laneclock import TAKE_UP_LEASE_MS
from dispatcher.domain.loststarts import ALONE_MS
from dispatcher.domain.tickets import Ticket
from dispatcher.domain.trouble import Unavailable
from dispatcher.pipeline import steer
from dispatcher.pipeline.pace import recover
from dispatcher.pipeline.stations import LEASE_MARGIN_MS
from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import names, uazapi_account
from tests.pipeline.conftest import PROVIDER, Hand
from tests.pipeline.test_poison import reasons, run
from tests.sending import send

LEASE_MS = 2 * 1_000 + LEASE_MARGIN_MS  # of an account with one link that answers within a second


def take_up_and_die(hand: Hand, ticket: Ticket) -> None:
    """What a worker does before its claim; its lease ends, and others look into that."""
    assert hand.stations.clock.begin(PROVIDER, ticket, LEASE_MS)
    hand.now_ms += LEASE_MS
    hand.look_into_leases()


def take_up_together_and_die(hand: Hand) -> None:
    tickets = hand.release()
    assert len(tickets) == 2
    for ticket in tickets:
        assert hand.stations.clock.begin(PROVIDER, ticket, LEASE_MS)
    hand.now_ms += LEASE_MS
    hand.look_into_leases()


def lose(hand: Hand, seq: int, times: int) -> None:
    """Every worker that takes the message up dies of it; the others' messages are sent."""
    lost = 0
    while lost < times:
        for ticket in hand.release():
            if ticket.seq == seq:
                lost += 1
                take_up_and_die(hand, ticket)
            else:
                hand.work(ticket)
        hand.now_ms += ALONE_MS


def times_of(hand: Hand, number: int) -> dict[int, int]:
    with hand.wiring.engine.connect() as connection:
        rows = connection.exec_driver_sql(f"SELECT seq, times FROM lost_start WHERE campaign_id = {number}").all()
    return {row.seq: row.times for row in rows}


def test_promise_2_a_message_that_loses_every_worker_fails_and_its_lane_goes_on(
    hand: Hand, simulator: SimulatorClient
) -> None:
    hand.wiring.accounts.apply(read_accounts(uazapi_account(simulator.url, names(1), timeout_s=1), {}))
    number = hand.submit(4)
    lose(hand, 1, times=3)
    hand.work_all()
    assert hand.counts(number) == {"sent": 3, "failed": 1}
    assert reasons(hand, number) == {"failed": "start_lost"}
    assert hand.wiring.campaigns.get(number).state.value == "done"


def test_an_operator_may_let_it_go_again_and_then_it_has_all_its_tries(hand: Hand) -> None:
    number = hand.submit(1)
    lose(hand, 0, times=3)
    steer.retry_failed(hand.stations, hand.wiring.campaigns, number)
    lose(hand, 0, times=2)
    hand.work_all()
    assert hand.counts(number) == {"sent": 1}


def test_losses_with_a_claim_between_them_do_not_add_up(hand: Hand, simulator: SimulatorClient) -> None:
    simulator.set_faults({"kind": "status", "status": 503, "sends": True, "times": 1})
    number = hand.submit(1)
    lose(hand, 0, times=2)
    hand.work_all()
    assert hand.counts(number) == {"pending": 1}, "it waits for its next try"
    hand.now_ms += LEASE_MS
    lose(hand, 0, times=1)
    assert times_of(hand, number) == {0: 1}


def test_suspects_go_one_by_one(hand: Hand, simulator: SimulatorClient) -> None:
    """Three messages of one call that was lost twice: whichever kills workers takes no other along any more."""
    hand.wiring.accounts.apply(read_accounts(uazapi_account(simulator.url, names(1), timeout_s=1, batch=3), {}))
    number = hand.submit(3)
    for _ in range(2):
        (ticket,) = hand.release()
        assert ticket.size == 3
        take_up_and_die(hand, ticket)
    for seq in range(3):
        assert hand.release() == ()
        hand.now_ms += ALONE_MS
        (ticket,) = hand.release()
        assert (ticket.seq, ticket.size) == (seq, 1)
        hand.work(ticket)
    assert hand.counts(number) == {"sent": 3}


def test_a_suspect_takes_one_worker_at_a_time_however_often_sweepers_look_for_what_is_due(hand: Hand) -> None:
    """Its loss is known when its lease ends: until then no other lane is to be given it."""
    hand.submit(1)
    lose(hand, 0, times=2)
    (ticket,) = hand.release()
    assert hand.stations.clock.begin(PROVIDER, ticket, LEASE_MS)
    hand.now_ms += LEASE_MS // 2
    hand.sweep()
    assert hand.release() == ()


def test_a_message_that_waited_for_its_next_try_takes_one_worker_at_a_time_as_well(
    hand: Hand, simulator: SimulatorClient
) -> None:
    """Each sweep filed it anew while its ticket was out, until its first loss was noted."""
    simulator.set_faults({"kind": "status", "status": 503, "sends": True, "times": 1})
    hand.submit(1)
    hand.work_all()
    hand.now_ms += LEASE_MS
    (ticket,) = hand.release()
    assert hand.stations.clock.begin(PROVIDER, ticket, LEASE_MS)
    hand.sweep()
    assert hand.release() == ()
    hand.now_ms += LEASE_MS
    hand.look_into_leases()
    assert len(hand.release()) == 1


def test_suspects_whose_moments_passed_in_a_pause_go_together_and_none_fails_by_that(hand: Hand) -> None:
    """One of them kills the worker of both: who was only near it has another moment, alone."""
    number = hand.submit(2)
    for _ in range(2):
        take_up_together_and_die(hand)
    steer.pause(hand.stations, hand.wiring.campaigns, number)
    hand.now_ms += 600_000
    steer.resume(hand.stations, hand.wiring.campaigns, number)
    take_up_together_and_die(hand)
    assert (hand.counts(number), times_of(hand, number)) == ({"pending": 2}, {0: 3, 1: 3})
    lose(hand, 1, times=1)
    assert hand.counts(number) == {"sent": 1, "failed": 1}


def test_who_never_goes_at_its_moment_has_failed_after_twice_as_many_losses(hand: Hand) -> None:
    number = hand.submit(1)
    for times in range(6):
        assert times_of(hand, number).get(0, 0) == times
        (ticket,) = hand.release()
        take_up_and_die(hand, ticket)
        hand.now_ms += 2 * ALONE_MS + 1
    assert hand.counts(number) == {"failed": 1}


def test_a_ticket_that_nobody_took_up_counts_for_nothing(hand: Hand) -> None:
    number = hand.submit(1)
    for _ in range(4):
        hand.release()
        hand.now_ms += LEASE_MS
        hand.look_into_leases()
    hand.work_all()
    assert (hand.counts(number), times_of(hand, number)) == ({"sent": 1}, {})


def test_what_redis_forgot_counts_for_nothing(hand: Hand) -> None:
    number = hand.submit(1)
    for _ in range(4):
        (ticket,) = hand.release()
        hand.stations.clock.begin(PROVIDER, ticket, LEASE_MS)
        hand.wiring.redis.flushall()
        hand.rebuild()
    hand.work_all()
    assert (hand.counts(number), times_of(hand, number)) == ({"sent": 1}, {})


class Away(Circuits):
    """Of a worker that loses its way to Redis when it has begun."""

    def ask(self, base_urls: Sequence[str], probe_ms: int) -> int:
        raise Unavailable("Redis: no connection")


def test_a_worker_that_lives_says_so_and_that_counts_for_nothing(hand: Hand) -> None:
    number = hand.submit(1)
    cut_off = replace(hand.stations, circuits=Away(hand.wiring.redis))
    for _ in range(4):
        (ticket,) = hand.release()
        with pytest.raises(Unavailable):
            send(cut_off, PROVIDER, ticket)
        hand.now_ms += LEASE_MS
        hand.look_into_leases()
    hand.work_all()
    assert (hand.counts(number), times_of(hand, number)) == ({"sent": 1}, {})


def test_a_message_that_was_claimed_is_in_doubt_and_not_lost(hand: Hand) -> None:
    number = hand.submit(1)
    (ticket,) = hand.release()
    hand.stations.clock.begin(PROVIDER, ticket, LEASE_MS)
    hand.stations.messages.claim(ticket)
    hand.now_ms += LEASE_MS
    hand.look_into_leases()
    assert (hand.counts(number), times_of(hand, number)) == ({"in_doubt": 1}, {})


class KillsItsReader(BaseException):
    """Stands for the end of a process."""


def killed(_: int) -> Any:
    raise KillsItsReader


def take_up_and_be_killed(hand: Hand) -> None:
    """By a worker that has just been started."""
    (ticket,) = hand.release()
    with pytest.raises(KillsItsReader):
        send(replace(hand.stations, account=killed), PROVIDER, ticket)
    hand.now_ms += TAKE_UP_LEASE_MS
    hand.look_into_leases()
    hand.now_ms += ALONE_MS


def test_a_message_whose_account_kills_its_readers_fails_as_one_that_was_begun(hand: Hand) -> None:
    number = hand.submit(1)
    for _ in range(3):
        take_up_and_be_killed(hand)
    assert (hand.counts(number), reasons(hand, number)) == ({"failed": 1}, {"failed": "start_lost"})


def test_nothing_of_it_is_read_by_who_counts_it(hand: Hand) -> None:
    hand.submit(1)
    (ticket,) = hand.release()
    assert hand.stations.clock.take_up(PROVIDER, ticket, TAKE_UP_LEASE_MS)
    recover(replace(hand.stations, account=killed, campaign=killed), PROVIDER, ticket, None)
    assert times_of(hand, ticket.campaign) == {0: 1}


def test_a_worker_whose_ledger_is_away_while_it_reads_says_that_it_lives(hand: Hand) -> None:
    def away(_: int) -> Account:
        raise Unavailable("PostgreSQL: no connection")

    number = hand.submit(1)
    (ticket,) = hand.release()
    with pytest.raises(Unavailable):
        send(replace(hand.stations, account=away), PROVIDER, ticket)
    hand.now_ms += TAKE_UP_LEASE_MS
    hand.look_into_leases()
    hand.work_all()
    assert (hand.counts(number), times_of(hand, number)) == ({"sent": 1}, {})


def test_only_what_was_not_read_lately_is_taken_up_before_it_is_begun(hand: Hand) -> None:
    hand.submit(2)
    first, second = hand.release()
    assert not hand.stations.is_known(first)
    hand.work(first)
    assert hand.stations.is_known(second._replace(lane=first.lane))
    assert not hand.stations.is_known(second), "its sender was not read yet"


def test_a_ticket_that_is_another_s_by_now_is_not_read_for(hand: Hand) -> None:
    hand.submit(1)
    (ticket,) = hand.release()
    assert send(replace(hand.stations, account=killed), PROVIDER, ticket._replace(token="other")) is None


def test_what_was_lost_long_ago_is_cleared(hand: Hand) -> None:
    number = hand.submit(1)
    lose(hand, 0, times=1)
    run(hand, "UPDATE lost_start SET at = at - interval '99 days'")
    hand.stations.leftovers.clear()
    assert times_of(hand, number) == {}
