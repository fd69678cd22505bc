"""Promise 6, and 2: what an operator says reaches the clock, also when the clock did not hear it the first time."""

from dispatcher.domain.ids import campaign_text
from dispatcher.pipeline import steer
from dispatcher.pipeline.doubt import resolve
from dispatcher.simulator.server import SimulatorClient
from dispatcher.wiring import first_lookup_s
from tests.pipeline.conftest import PROVIDER, Hand
from tests.pipeline.test_poison import run
from tests.sending import send, settle

MAYBE_SENT = {"kind": "status", "status": 500, "provider": PROVIDER, "sends": True}


def test_promise_6_a_pause_that_the_clock_missed_stops_it_at_the_next_job(hand: Hand) -> None:
    number = hand.submit(3)
    hand.wiring.campaigns.pause(number)
    assert hand.work_all() <= 2, "a job for each lane learns of it"
    assert hand.counts(number) == {"pending": 3}

    steer.resume(hand.stations, hand.wiring.campaigns, number)
    hand.work_all()
    assert hand.counts(number) == {"sent": 3}


def test_promise_6_a_cancel_that_the_clock_missed_stops_it_at_the_next_job(hand: Hand) -> None:
    number = hand.submit(50)
    hand.wiring.campaigns.cancel(number)
    assert hand.work_all() <= 2
    assert hand.counts(number) == {"cancelled": 50}
    assert hand.wiring.redis.hlen(f"d:campaigns:{PROVIDER}") == 0


def test_promise_2_a_resume_that_the_clock_missed_is_found_by_the_sweeper(hand: Hand) -> None:
    number = hand.submit(3)
    steer.pause(hand.stations, hand.wiring.campaigns, number)
    hand.wiring.campaigns.resume(number)
    hand.sweep()
    hand.work_all()
    assert hand.counts(number) == {"sent": 3}


def test_a_sweep_leaves_a_paused_campaign_alone(hand: Hand) -> None:
    number = hand.submit(3)
    steer.pause(hand.stations, hand.wiring.campaigns, number)
    hand.sweep()
    assert hand.release() == ()


def test_promise_2_a_paused_campaign_whose_last_worker_died_before_it_said_so_ends(hand: Hand) -> None:
    number = hand.submit(1)
    (last,) = hand.release()
    passage = send(hand.stations, PROVIDER, last)
    steer.pause(hand.stations, hand.wiring.campaigns, number)
    assert passage is not None
    settle(hand.stations, passage, first_lookup_s(PROVIDER), hand.paces)
    assert str(hand.wiring.campaigns.get(number).state) == "paused"

    hand.sweep()
    assert hand.counts(number) == {"sent": 1}
    assert str(hand.wiring.campaigns.get(number).state) == "done"


def test_promise_2_a_doubt_that_was_certainly_not_sent_is_cancelled_with_its_campaign(
    hand: Hand, simulator: SimulatorClient
) -> None:
    """Once it went around between clock and claim for ever, at full speed."""
    simulator.set_faults(MAYBE_SENT)
    number = hand.submit(2)
    in_doubt, never_sent = hand.release()
    hand.work(in_doubt)
    assert steer.cancel(hand.stations, hand.wiring.campaigns, number)
    hand.work(never_sent)
    assert hand.counts(number) == {"in_doubt": 1, "cancelled": 1}

    resolve(hand.stations, number, f"{campaign_text(number)}-0.1", (0.0,))
    assert hand.work_all() == 0
    hand.sweep()
    assert hand.counts(number) == {"cancelled": 2}
    assert hand.wiring.campaigns.get(number).finished_at_ms is not None


def test_promise_2_a_resume_that_the_clock_hears_first_of_forgets_nothing(hand: Hand) -> None:
    """The clock forgot a paused campaign, and with it a message behind the cursor that had gone back unsent, and one
    that waited for its next try. A resume puts back the cursor alone; the others follow when the rest is through."""
    number = hand.submit(5)
    first, second = hand.release()
    hand.stations.clock.skip(PROVIDER, second, [])  # it is pending, and in nobody's books: a hole
    hand.work(first)
    run(
        hand,
        "UPDATE message SET state = 'pending', due_at = now() WHERE campaign_id = :number AND seq = 0",
        number=number,
    )
    (third, *_) = hand.release()
    hand.work(third)
    steer.pause(hand.stations, hand.wiring.campaigns, number)
    hand.stations.control.forget(PROVIDER, number)
    steer.resume(hand.stations, hand.wiring.campaigns, number)
    for _ in range(2):
        hand.work_all()
        hand.now_ms += 60_000  # a flight that the campaign had before is over by then
        hand.sweep()
    hand.work_all()
    assert hand.counts(number) == {"sent": 5}
