"""What adds up is never found: an auditor looks after each step of campaigns that have everything happen to them."""

from dispatcher.pipeline import steer
from dispatcher.pipeline.doubt import resolve
from dispatcher.simulator.server import SimulatorClient
from tests.pipeline.audits import rounds
from tests.pipeline.conftest import PROVIDER, Hand
from tests.pipeline.test_contact import replied

WAITS_S = (5.0, 15.0, 40.0)


class Quiet:
    """A hand whose every step is looked at."""

    def __init__(self, hand: Hand) -> None:
        self.hand = hand

    def after(self, seconds: float = 0) -> None:
        """Some time passes; sweepers and auditor look."""
        self.hand.now_ms += int(seconds * 1000)
        self.hand.sweep(1)
        assert rounds(self.hand) == {}

    def work(self, jobs: int) -> None:
        for ticket in self.hand.release()[:jobs]:
            self.hand.work(ticket)
        self.after()


def test_promise_2_retries_doubts_deferred_messages_pauses_and_lost_jobs_add_up(
    hand: Hand, simulator: SimulatorClient
) -> None:
    quiet = Quiet(hand)
    first = hand.submit(6, cpc=True)
    quiet.after()
    second = hand.submit(6, cpc=True, on_locked="defer", follow_ups=[{"after_s": 60, "text": "?"}])
    simulator.set_faults({"kind": "status", "status": 503, "provider": PROVIDER, "sends": True, "times": 1})
    quiet.work(2)
    simulator.set_faults({"kind": "delivered_500", "provider": PROVIDER, "sends": True, "times": 2})
    quiet.work(2)
    hand.work_all()
    quiet.after()
    steer.pause(hand.stations, hand.wiring.campaigns, second)
    quiet.after(2)
    steer.resume(hand.stations, hand.wiring.campaigns, second)
    hand.release()  # and the worker dies before it begins
    quiet.after()
    hand.now_ms += 11_000
    hand.work_all()
    quiet.after()
    for ticket in hand.release():  # and this one after its claim
        hand.wiring.messages.claim(ticket)
    quiet.after()
    look_up(hand)
    replied(hand, hand.wiring.shared_clock.now_ms() + 60_000)
    quiet.after(60)
    hand.work_all()
    quiet.after()
    hand.wiring.redis.flushall()
    hand.wiring.rebuild_clock()
    quiet.after(5)
    hand.work_all()
    quiet.after()
    steer.cancel(hand.stations, hand.wiring.campaigns, second)
    look_up(hand)
    quiet.after(60)
    assert sum(hand.counts(first).values()) == 6


def look_up(hand: Hand) -> None:
    """Every doubt, three times."""
    hand.now_ms += 120_000
    for _ in WAITS_S:
        for number, job in hand.wiring.doubts.due(hand.now_ms + 3_600_000, 100):
            resolve(hand.stations, number, job, WAITS_S)
