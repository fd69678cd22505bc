"""Too much at once is answered, stored once and worked off in the end; nobody else waits for it. Short forms."""

import asyncio

import httpx
import pytest
import redis

from dispatcher.pipeline.feed import QUEUED
from dispatcher.simulator.server import SimulatorClient
from dispatcher.taskbus import EVENTS_QUEUE
from tests.journey.bodies import NAME, campaign, names, uazapi_account
from tests.journey.installation import Installation
from tests.overload import web, work
from tests.overload.memory import watched
from tests.plain import NO_TLS
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

CLIENTS, LARGE, EVENTS, HUGE = 150, 10, 400, 1_000
BODIES_MIB = LARGE * 30  # what the crowd sends at once in large bodies; without limits the web holds all, twice
WARM_UP, JOBS = 200, 400


def test_a_crowd_is_answered_or_told_to_come_later_and_memory_is_bounded(
    place: Installation, simulator: SimulatorClient
) -> None:
    place.accounts(web.accounts(simulator.url))
    url = place.start_web()
    assert place.web is not None
    followed = place.submit(web.QUIET, campaign(range(1), account=web.QUIET, scheduled_for="2099-01-01T00:00:00Z"))
    crowd = web.Crowd(url, place.admin, followed)
    with watched(place.web.pid) as memory:
        crowd.come(CLIENTS, times=1, large=LARGE)
    seen = crowd.seen
    assert seen.wrong == []
    assert seen.answers["quiet", 429] + seen.answers["quiet", 503] <= seen.taken("quiet"), "the quiet account is served"
    assert seen.taken("small") > 0
    assert memory.most_mib - memory.samples[0] < BODIES_MIB
    stored = len(place.campaigns()) if seen.taken("small", "big", "quiet") < 99 else None
    assert stored in (None, seen.taken("small", "big", "quiet") + 1), "what was answered is stored, once"


def test_a_storm_of_webhooks_is_stored_and_holds_up_no_other_account(
    place: Installation, simulator: SimulatorClient, redis_url: str
) -> None:
    place.accounts(web.accounts(simulator.url))
    url = place.start_web()
    seen = web.storm(url, web.LOUD, EVENTS, clients=50)
    assert seen.wrong == []
    assert seen.taken("webhook") == EVENTS
    with redis.Redis.from_url(redis_url) as broker:
        assert broker.llen(EVENTS_QUEUE) < QUEUED + 50, "the clients of one moment may all find room"
    asyncio.run(one_reply(url, web.QUIET))
    place.start_workers("a")
    wait_until(lambda: work.events_left(place) == 0, 240)
    order = work.order_of_processing(place)
    assert len(order) == EVENTS + 1
    assert order.index(web.QUIET) < EVENTS - QUEUED // 2, "it came last, and went in its account's turn"


async def one_reply(url: str, account: str) -> None:
    async with httpx.AsyncClient(base_url=url, trust_env=False, verify=NO_TLS) as http:
        assert (await web.post_reply(http, account, 999_999)).status_code == 200


def test_small_campaigns_do_not_wait_for_a_huge_one(place: Installation, simulator: SimulatorClient) -> None:
    place.accounts(work.accounts(simulator.url, lanes=50))
    huge, small = work.huge_and_small(place, HUGE)
    place.start_workers("a", concurrency=8)
    for number in small:
        assert place.wait_done(number, 240) == {"sent": work.EACH}
    assert place.counts(huge)["pending"] > HUGE // 2


def test_a_workers_memory_stays_flat(place: Installation, simulator: SimulatorClient) -> None:
    place.accounts(uazapi_account(simulator.url, names(50)))
    number = place.submit(NAME, campaign(range(WARM_UP + JOBS)))
    place.start_workers("a")
    held = work.growth_mib(place, "a", number, WARM_UP, JOBS, 240)
    assert held[-1] - held[0] < 30, "MiB; a kilobyte that is kept of each job's row and logs would be more over a day"
