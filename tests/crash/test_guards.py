"""A worker dies beside the straight way of a send: caps, locks that are another's, a provider's word, what fails."""

from functools import partial

import pytest

from dispatcher.coordination import keys
from dispatcher.coordination.views import LaneViews
from dispatcher.domain.ids import parse_campaign
from dispatcher.pipeline.senders import resume_by_hand
from dispatcher.pipeline.steer import resume
from tests.crash.conftest import Play
from tests.crash.world import Story, World
from tests.journey.bodies import NAME, campaign, phone

pytestmark = pytest.mark.slow

ONE_A_DAY = "daily_limit = 1"
FAILS = {"kind": "status", "status": 400, "sends": True}
LOGGED_OUT = {"kind": "unauthorized", "sends": True, "times": 2}
TOLD_LOCKED = {"kind": "preset", "provider": "cpc", "name": "cpc_locked", "times": 1}
CPC = """
[[account]]
name = "loja"
provider = "cpc"
base_urls = ["{url}"]
ingress_token = "ingress"
timeout_s = 2
batch = 1
credentials = {{ token = "x" }}
[[account.sender]]
name = "emp1"
"""


def the_day_is_full(world: World, moment: str) -> None:
    world.account(more=ONE_A_DAY)
    number = world.send()
    world.dies(moment)
    left = {"pending": 2} if moment.startswith("clock.begin") else {"pending": 1, "sent": 1}
    assert world.counts(number) == left
    lives = world.recover()
    world.waits(lambda: world.counts(number) == {"pending": 1, "sent": 1} and b" ready." in lives.log.read_bytes())
    world.account()
    world.ends(number, {"sent": 2})
    world.judge()


def rests_are_lifted(world: World, moment: str) -> None:
    """Nobody was there for a while after the file had changed."""
    world.account(more=ONE_A_DAY)
    number = world.send()
    world.works(lambda: world.counts(number) == {"pending": 1, "sent": 1})
    world.account()
    world.run("UPDATE account SET changed_at = changed_at - interval '10 min'")
    world.dies(moment)
    world.recover()
    world.ends(number, {"sent": 2})
    world.judge()


def redis_had_lost_the_lock(world: World, moment: str) -> None:
    """The ledger refuses what Redis gave."""
    world.account()
    first = world.send(1)
    world.works(lambda: world.state(first) == "done")
    (lock,) = world.wiring.redis.scan_iter(match=keys.LOCKS)
    kept = world.wiring.redis.get(lock)
    assert kept is not None
    world.wiring.redis.delete(lock)
    second = world.send(1, text="outra")
    world.dies(moment)
    assert world.counts(second) == {"sending": 1}
    world.recover()
    world.ends(second, {"blocked": 1})
    assert world.wiring.redis.get(lock) is None, "whoever was refused keeps no lock"
    world.wiring.redis.set(lock, kept)
    world.judge()


def a_client_is_waited_for(world: World, moment: str) -> None:
    world.account()
    first = world.send(1)
    world.works(lambda: world.state(first) == "done")
    second = world.send(1, text="outra", on_locked="defer")
    world.dies(moment)
    assert (world.counts(second), world.flights) == ({"pending": 1}, 1)
    world.hears(0)
    world.recover()
    world.ends(second, {"sent": 1})
    world.judge()


def the_provider_holds_the_client(world: World, moment: str) -> None:
    world.accounts(CPC.format(url=world.url))
    world.simulator.set_faults(TOLD_LOCKED)
    common = {"closeTicket": True, "specialistCode": "admin", "mainTemplate": "Olá"}
    messages = [{"phone": phone(one), **common} for one in range(2)]
    number = world.submit(NAME, {"campaign": "Acordo", "idAccount": "1", "tag": "emp1", "messages": messages})
    world.dies(moment, "cpc")
    assert world.counts(number) == {"blocked": 1, "pending": 1}
    world.recover("cpc")
    world.ends(number, {"blocked": 1, "sent": 1})
    world.judge()


def too_much_fails(world: World, moment: str) -> None:
    """One more than may fail in the window is tried at most, then the campaign stands until somebody resumes it."""
    world.account(pause_at_error_rate=0.5, error_rate_of=4)
    world.simulator.set_faults(FAILS)
    number = world.submit(NAME, campaign(range(6)))
    world.dies(moment)
    world.recover()
    world.waits(lambda: world.state(number) == "paused" and world.flights == 0)
    failed = world.counts(number)["failed"]
    assert 2 <= failed <= 4
    world.simulator.clear_faults()
    resume(world.wiring.stations, world.wiring.campaigns, parse_campaign(number))
    world.ends(number, {"failed": failed, "sent": 6 - failed})
    world.judge()


def the_senders_are_halted(world: World, moment: str) -> None:
    world.account()
    world.simulator.set_faults(LOGGED_OUT)
    number = world.send()
    world.dies(moment)
    world.recover()
    views = LaneViews(world.wiring.redis)
    world.waits(lambda: [lane.held for lane in views.lanes_view("uazapi")] == [True] and world.flights == 0)
    world.simulator.clear_faults()
    account = world.the_account
    resume_by_hand(world.wiring.stations, account, world.wiring.accounts.senders(account.id))
    world.ends(number, {"sent": 2})
    world.judge()


FULL = ["clock.begin:after:2", "clock.skip:before", "clock.skip:after"]
LIFTED = ["lanes.lift_rests:before", "lanes.lift_rests:after"]
REFUSED = ["lock_book.take:after", "locks.give_back:before", "locks.give_back:after"]
MOVED_ASIDE = ["messages.settle:after", "waits.until_lifted:after"]
TOLD = ["messages.settle:after", "lock_book.extend:after", "locks.extend:after"]
FAILING = ["errors.begin:after", "errors.pause:after", "control.hold_campaign:after"]
HALTED = ["pauses.halt:after", "lanes.hold_lanes:after"]


@pytest.mark.parametrize(
    ("story", "moments"),
    [
        (the_day_is_full, FULL),
        (rests_are_lifted, LIFTED),
        (redis_had_lost_the_lock, REFUSED),
        (a_client_is_waited_for, MOVED_ASIDE),
        (the_provider_holds_the_client, TOLD),
        (too_much_fails, FAILING),
        (the_senders_are_halted, HALTED),
    ],
    ids=lambda given: given.__name__ if callable(given) else "",
)
def test_promises_1_2_and_5_hold_when_a_worker_dies_beside_the_straight_way(
    play: Play, story: Story, moments: list[str]
) -> None:
    play(dict.fromkeys(moments, partial(story)))
