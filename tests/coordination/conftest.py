"""A client, a hand-driven time, and a clock whose memory is complete."""

import base64
from collections.abc import Iterator

import pytest
import redis

from dispatcher.coordination.connection import connect
from dispatcher.coordination.laneclock import LaneClock
from dispatcher.coordination.rebuild import ClockBuilder
from dispatcher.secrecy import Secrecy

PROVIDER = "uazapi"
START_MS = 1_900_000_000_000  # in the future of the server's clock, so that no key expires by itself


SECRET_KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()


class Now:
    """A time that only the test moves."""

    def __init__(self) -> None:
        self.ms = START_MS

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with connect(redis_url, max_connections=20) as client:
        yield client


@pytest.fixture
def secrecy() -> Secrecy:
    return Secrecy(SECRET_KEY)


@pytest.fixture
def builder(client: redis.Redis, secrecy: Secrecy, now: Now) -> ClockBuilder:
    return ClockBuilder(client, secrecy, [PROVIDER], now_ms=now)


@pytest.fixture
def clock(client: redis.Redis, builder: ClockBuilder, now: Now) -> LaneClock:
    builder.clear()
    builder.complete()
    return LaneClock(client, now_ms=now)
