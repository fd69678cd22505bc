"""Connections to Redis that hang half-open cost one time-out, not one each; publishing says so in our own words."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
import redis
from sqlalchemy import make_url

from dispatcher.coordination.connection import connect, our_words, renew
from dispatcher.domain.trouble import Unavailable
from dispatcher.taskbus import TaskBus, celery_app
from tests.chaos.proxy import Network, Proxy

OPEN = 8


@pytest.fixture
def way(redis_url: str) -> Iterator[Proxy]:
    port = make_url(redis_url).port
    assert port is not None
    with Network() as network:
        yield network.proxy(port)


def ping(client: redis.Redis) -> None:
    with our_words():
        client.ping()


def test_after_one_time_out_all_that_nobody_uses_are_left_behind(way: Proxy) -> None:
    client = connect(f"redis://127.0.0.1:{way.port}/0", OPEN)
    together = Barrier(OPEN)

    def use(_: int) -> None:
        with redis.Redis(
            connection_pool=client.connection_pool, single_connection_client=True
        ) as own:  # a connection each, all of them at once
            own.ping()
            together.wait(30)

    with ThreadPoolExecutor(OPEN) as pool:
        list(pool.map(use, range(OPEN)))
    way.swallow()
    with pytest.raises(Unavailable):
        ping(client)
    for _ in range(OPEN):
        ping(client)
    client.close()


def test_a_job_that_cannot_be_published_is_unavailable_and_the_next_one_takes_a_new_connection(
    way: Proxy, redis_url: str
) -> None:
    bus = TaskBus(celery_app(f"redis://127.0.0.1:{way.port}/0"))
    bus.inbound([1])
    way.swallow()
    with pytest.raises(Unavailable):
        bus.inbound([2])
    bus.inbound([3])
    way.swallow()
    bus.renew()
    bus.inbound([4])
    with redis.Redis.from_url(redis_url) as broker:
        assert broker.llen("events") == 3


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns so often that every gap between two steps is met."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("restless")
def test_leaving_idle_connections_behind_takes_none_from_who_has_just_taken_it(redis_url: str) -> None:
    client = connect(redis_url, OPEN)
    over = Event()

    def use(_: int) -> None:
        for _ in range(500):
            ping(client)

    def leave() -> None:
        while not over.wait(0.0005):
            renew(client)

    with ThreadPoolExecutor(OPEN + 1) as pool:
        leaving = pool.submit(leave)
        try:
            list(pool.map(use, range(OPEN)))
        finally:
            over.set()
        leaving.result()
    client.close()
