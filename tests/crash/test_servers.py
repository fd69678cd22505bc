"""A server is away, or older than it was, at the one moment where it matters."""

import secrets
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from threading import Event
from typing import Any

import pytest
import redis

from dispatcher.embedded import EmbeddedPostgres
from dispatcher.ledger.engine import make_engine
from dispatcher.ledger.schema import upgrade
from tests.crash.conftest import Play
from tests.crash.world import Site, World, built
from tests.journey.receiver import SECRET, receiving
from tests.spawner import Spawner

pytestmark = pytest.mark.slow

SLOW = {"kind": "latency", "ms": 2_000, "late": True, "sends": True}


@pytest.fixture
def away(service_dir: Path) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL that may be killed."""
    with EmbeddedPostgres(service_dir / f"killed-{secrets.token_hex(3)}") as server:
        engine = make_engine(server.url, pool_size=1)
        upgrade(engine)
        engine.dispose()
        yield server
        server.kill()


@pytest.fixture
def world(away: EmbeddedPostgres, spawner: Spawner, sites: "SimpleQueue[Site]") -> Iterator[World]:
    site = sites.get()
    with built(site, spawner, away.url) as world:
        yield world
    sites.put(site)


def back(away: EmbeddedPostgres, world: World) -> None:
    away.start()
    world.wiring.engine.dispose()  # our own connections died with the server


def test_promise_1_an_outcome_waits_for_the_ledger(world: World, away: EmbeddedPostgres) -> None:
    world.account()
    world.simulator.set_faults(SLOW)
    number = world.send(1)
    process = world.worker()
    world.waits(lambda: len(world.simulator.deliveries()) == 1)
    away.kill()
    world.waits(lambda: world.simulator.calls()[-1]["ended"] is not None)
    world.waits(lambda: "server.trouble" in process.log.read_text())
    back(away, world)
    world.ends(number, {"sent": 1})
    world.judge()


def test_a_callback_that_was_taken_while_the_ledger_was_away_comes_again_under_its_id(
    world: World, away: EmbeddedPostgres
) -> None:
    is_away = Event()

    def answer(_: dict[str, Any]) -> tuple[int, dict[str, str]]:
        return (200 if is_away.wait(60) else 500), {}

    with receiving(answer) as app:
        world.account(callback_url=app.url, callback_secret=SECRET)
        number = world.send(1)
        world.worker()
        world.waits(lambda: {"campaign.running", "message.sent"} <= {one["type"] for one in app.seen})
        world.waits(lambda: world.state(number) == "done")
        away.kill()
        is_away.set()
        world.waits(lambda: len(app.taken) >= 2)
        first = {one["id"] for one in app.taken}
        back(away, world)

        def all_told() -> bool:
            world.hurry()
            return world.wiring.callbacks.counts()["waiting"] == 0

        world.waits(all_told)
        again = Counter(one["id"] for one in app.taken)
        assert min(again[one] for one in first) >= 2
        assert {one["type"] for one in app.taken} == {"campaign.running", "message.sent", "campaign.done"}


def redis_falls_back(world: World, _: str) -> None:
    """It knows of a campaign that nothing was sent of yet, and holds nobody; the ledger does both."""
    world.account()
    number = world.send()
    with redis.Redis.from_url(world.env["DISPATCHER_REDIS_URL"]) as memory:
        older = {key: memory.dump(key) for key in memory.scan_iter("d:*")}
        world.works(lambda: world.state(number) == "done")
        memory.delete(*memory.scan_iter("d:*"))
        for key, kept in older.items():
            memory.restore(key, 0, kept)
    assert world.wiring.builder.is_ours(), "nobody has noticed"
    world.worker()
    other = world.send(2, text="outra")
    world.ends(other, {"blocked": 2})
    assert world.counts(number) == {"sent": 2}
    assert world.simulator.summary()["deliveries"] == 2
    world.waits(lambda: world.flights == 0)


def test_promises_1_and_5_hold_when_redis_is_a_second_older_than_the_ledger(play: Play) -> None:
    play({"": redis_falls_back})
