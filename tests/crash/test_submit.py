"""The web process dies at each step of a submit, and so does a worker with a foreign producer's job in its hands."""

import pytest
import redis

from dispatcher import taskbus
from tests.crash.conftest import Play
from tests.crash.world import World
from tests.journey.bodies import NAME, campaign

pytestmark = pytest.mark.slow

NOT_STORED = ["campaigns.accept:before", "campaigns.accept:within:3", "campaigns.accept:within:6"]
STORED = ["campaigns.accept:after", "control.plan:before", "control.plan:after", "plans.opened:after"]
KEY = {"idempotency-key": "june"}


def the_web_dies(world: World, moment: str) -> None:
    """The caller got no answer, and sends the same again with its key, when another process is there."""
    world.account()
    world.web_dies(moment, "POST", "/v1/campaigns", campaign(range(2)), **KEY)
    assert len(world.campaigns()) == (moment in STORED)
    world.recover()
    answer = world.asked("POST", "/v1/campaigns", campaign(range(2)), **KEY)
    assert (answer.status_code, world.campaigns()) == (201, [answer.json()["id"]])
    world.ends(answer.json()["id"], {"sent": 2})
    world.judge()


def nobody_sends_it_again(world: World, moment: str) -> None:
    """What was stored is sent all the same."""
    world.account()
    world.web_dies(moment, "POST", "/v1/campaigns", campaign(range(2)))
    world.recover()
    (number,) = world.campaigns()
    world.ends(number, {"sent": 2})
    world.judge()


def a_worker_dies_with_the_job(world: World, moment: str) -> None:
    """Nobody else has the campaign: the job comes again when the broker's visibility time-out is over."""
    world.account()
    job = {"account": NAME, "body": campaign(range(2))}
    taskbus.celery_app(world.env["DISPATCHER_REDIS_URL"]).send_task(
        taskbus.SUBMIT, kwargs=job, queue=taskbus.SUBMIT_QUEUE
    )
    world.dies(moment)
    with redis.Redis.from_url(world.env["DISPATCHER_REDIS_URL"]) as broker:
        kept = broker.zrange("unacked_index", 0, -1)
        assert len(kept) == 1
        broker.zadd("unacked_index", {str(kept[0], "utf-8"): 0}, xx=True)
    world.recover()
    world.waits(lambda: len(world.campaigns()) == 1)
    world.ends(world.campaigns()[0], {"sent": 2})
    world.judge()


def test_promises_1_and_2_hold_when_the_web_dies_at_a_step_of_a_submit(play: Play) -> None:
    play(dict.fromkeys([*NOT_STORED, *STORED], the_web_dies))


def test_promise_2_what_was_stored_is_sent_though_the_caller_never_comes_back(play: Play) -> None:
    play(dict.fromkeys(STORED[:1], nobody_sends_it_again))


def test_promise_2_a_submit_job_outlives_the_worker_that_had_it(play: Play) -> None:
    play(dict.fromkeys([NOT_STORED[0], *STORED[:1]], a_worker_dies_with_the_job))
