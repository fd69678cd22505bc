"""A worker dies at each step of a send, alone in its world; then another one takes over."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from tests.crash.conftest import Play
from tests.crash.world import Story, World

pytestmark = pytest.mark.slow

REFUSED_ONCE = {"kind": "status", "status": 503, "sends": True, "times": 1}
NEVER = {"kind": "status", "status": 400, "sends": True, "times": 1, "body": {"error": "no such number"}}
SLOW = {"kind": "latency", "ms": 3_000, "late": True, "sends": True, "times": 1}


@dataclass(frozen=True)
class Step:
    """`left`: what the ledger holds of two messages; `flights`: what Redis does. `ends`: how it comes out."""

    left: Mapping[str, int]
    flights: int
    ends: Mapping[str, int] = field(default_factory=lambda: {"sent": 2})
    faults: tuple[dict[str, Any], ...] = ()


WAITS, CLAIMED = {"pending": 2}, {"pending": 1, "sending": 1}
ONE_FAILED = {"sent": 1, "failed": 1}

STEPS = {
    "clock.release:before": Step(WAITS, 0),
    "clock.release:after": Step(WAITS, 1),
    "bus.sends:after": Step(WAITS, 1),
    "clock.take_up:after": Step(WAITS, 1),
    "clock.begin:before": Step(WAITS, 1),
    "clock.begin:after": Step(WAITS, 1),
    "circuits.ask:after": Step(WAITS, 1),
    "messages.claim:after": Step(CLAIMED, 1),
    "locks.take:after": Step(CLAIMED, 1),
    "lock_book.take:after": Step(CLAIMED, 1),
    "caller.call:before": Step(CLAIMED, 1),
    "caller.call:during": Step(CLAIMED, 1, faults=(SLOW,)),
    "caller.call:after": Step(CLAIMED, 1),
    "circuits.tell:after": Step(CLAIMED, 1),
    "messages.settle:after": Step({"pending": 1, "sent": 1}, 1),
    "clock.finish:after": Step({"pending": 1, "sent": 1}, 0),
    "clock.finish:after:2": Step({"sent": 2}, 0),
    "campaigns.complete:after": Step({"sent": 2}, 0),
    "control.forget:after": Step({"sent": 2}, 0),
}
CERTAINLY_NOT_SENT = {
    "messages.settle:after": Step({"pending": 1, "failed": 1}, 1, ONE_FAILED, (NEVER,)),
    "lock_book.give_back:after": Step({"pending": 1, "failed": 1}, 1, ONE_FAILED, (NEVER,)),
    "locks.give_back:after": Step({"pending": 1, "failed": 1}, 1, ONE_FAILED, (NEVER,)),
    "clock.finish:after": Step({"pending": 1, "failed": 1}, 0, ONE_FAILED, (NEVER,)),
}
TRIED_AGAIN = {
    "messages.settle:after": Step(WAITS, 1, faults=(REFUSED_ONCE,)),
    "lock_book.give_back:after": Step(WAITS, 1, faults=(REFUSED_ONCE,)),
    "clock.finish:after": Step(WAITS, 0, faults=(REFUSED_ONCE,)),
}


def play_a_send(world: World, moment: str, step: Step) -> None:
    world.account()
    world.simulator.set_faults(*step.faults)
    number = world.send(delay_min=0.5)
    world.dies(moment)
    assert (world.counts(number), world.flights) == (step.left, step.flights)
    world.recover()
    world.ends(number, dict(step.ends))
    world.judge()


def stories(steps: Mapping[str, Step]) -> dict[str, Story]:
    return {moment: partial(play_a_send, step=step) for moment, step in steps.items()}


@pytest.mark.parametrize("steps", [STEPS, CERTAINLY_NOT_SENT, TRIED_AGAIN], ids=["sent", "failed", "tried again"])
def test_promises_1_and_2_hold_when_a_worker_dies_at_a_step_of_a_send(play: Play, steps: Mapping[str, Step]) -> None:
    play(stories(steps))


BOTH_CLAIMED = {"sending": 2}
TOGETHER = {
    "clock.begin_all:after": (WAITS, 2),
    "messages.claim_all:after": (BOTH_CLAIMED, 2),
    "locks.take_all:after": (BOTH_CLAIMED, 2),
    "lock_book.take_all:after": (BOTH_CLAIMED, 2),
    "messages.settle_all:after": ({"sent": 2}, 2),
    "clock.end_all:after": ({"sent": 2}, 0),
}


def play_two_sends_of_a_job(world: World, moment: str) -> None:
    world.account(2)
    number = world.send()
    world.dies(moment)
    assert (world.counts(number), world.flights) == TOGETHER[moment]
    world.recover()
    world.ends(number, {"sent": 2})
    world.judge()


def test_promises_1_and_2_hold_when_a_worker_dies_over_tickets_that_it_took_up_together(play: Play) -> None:
    play(dict.fromkeys(TOGETHER, play_two_sends_of_a_job))


def a_pacer_counts_a_lost_start(world: World, moment: str) -> None:
    """It counts once for the lost ticket, however many pacers look: at three the message would have failed."""
    world.account()
    number = world.send()
    world.dies("clock.begin:after")
    for _ in range(2):
        world.lease_over()
        world.dies(moment)
        assert world.ask("SELECT max(times) FROM lost_start") == 1
    world.recover()
    world.ends(number, {"sent": 2})
    world.judge()


def test_promise_2_a_lost_start_counts_once_however_many_pacers_die_over_it(play: Play) -> None:
    play({"starts.note:after": a_pacer_counts_a_lost_start})


def a_message_kills_whoever_takes_it_up(world: World, moment: str) -> None:
    """Three workers one after the other; the fourth says so, and is spared."""
    world.account()
    number = world.send(people=1)
    for _ in range(3):
        world.lease_over()
        world.dies(moment)
    world.recover()
    world.ends(number, {"failed": 1})
    assert world.ask("SELECT reason FROM message") == "start_lost"
    world.judge()


def test_promise_2_a_message_that_kills_three_workers_before_its_claim_has_failed(play: Play) -> None:
    moments = ("clock.take_up:after", "clock.begin:after")
    play(dict.fromkeys(moments, a_message_kills_whoever_takes_it_up))
