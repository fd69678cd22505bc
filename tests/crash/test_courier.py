"""A courier dies at each step of its round, an operator's web while it lets callbacks go again."""

from collections import Counter

import pytest

from tests.crash.conftest import Play
from tests.crash.world import World
from tests.journey.receiver import SECRET, Receiver, receiving

pytestmark = pytest.mark.slow

ROUND = [
    "callbacks.take:after:2",
    "callbacks.due:after",
    "callbacks.settle:before",
    "callbacks.settle:after",
    "callbacks.give_back:before",
    "callbacks.give_back:after",
]
EVERYTHING = ["campaign.done", "campaign.running", "message.sent", "message.sent"]


def waiting(world: World) -> int:
    world.run("UPDATE callback_endpoint SET leased_until = now() - interval '1 s', not_before = now()")
    world.run("UPDATE callback SET due_at = now() WHERE settled_at IS NULL")
    return world.wiring.callbacks.counts()["waiting"]


def told(app: Receiver) -> list[str]:
    """The types of the events that came, each of them once, whatever came twice under its id."""
    return sorted({one["id"]: one["type"] for one in app.taken}.values())


def the_courier_dies(world: World, moment: str) -> None:
    """What it brought and had not written down is brought again, under the same id; nothing is left out."""
    with receiving() as app:
        world.account(callback_url=app.url, callback_secret=SECRET)
        number = world.send()
        world.dies(moment)
        world.recover()
        world.ends(number, {"sent": 2})
        world.waits(lambda: waiting(world) == 0)
        assert Counter(told(app)) >= Counter(EVERYTHING), (
            "a message may have been in doubt, and the campaign done twice"
        )
        world.judge()


def the_web_dies_that_lets_them_go_again(world: World, moment: str) -> None:
    with receiving(lambda event: (410, {})) as app:
        world.account(callback_url=app.url, callback_secret=SECRET)
        number = world.send()
        world.works(lambda: world.state(number) == "done" and world.wiring.callbacks.disabled() == 1)
        app.answer = lambda event: (204, {})
        world.web_dies(moment, "POST", "/v1/callbacks/send-again")
        if moment.endswith("before"):
            world.asked("POST", "/v1/callbacks/send-again").raise_for_status()
        world.recover()
        world.waits(lambda: waiting(world) == 0)
        assert told(app) == EVERYTHING
        world.judge()


def test_a_callback_comes_at_least_once_though_couriers_die(play: Play) -> None:
    play(dict.fromkeys(ROUND, the_courier_dies))


def test_callbacks_that_failed_go_again_though_the_web_dies(play: Play) -> None:
    play(
        dict.fromkeys(
            ["callbacks.send_again:before", "callbacks.send_again:after"], the_web_dies_that_lets_them_go_again
        )
    )
