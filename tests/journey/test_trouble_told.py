"""What workers say about servers that are not as they should be: a line or two, and never a traceback for each job."""

from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from alembic import command

from dispatcher.ledger.engine import make_engine, transaction
from dispatcher.ledger.schema import config, upgrade
from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import campaign, names, uazapi_account
from tests.journey.installation import Installation, Worker
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

LANES = 12


@pytest.fixture
def older(create_database: Callable[[str], str]) -> str:
    """A ledger that the version before this one has left."""
    url = create_database("template1")
    engine = make_engine(url, pool_size=1)
    with transaction(engine) as connection:
        command.upgrade(config(connection), "head-1")
    engine.dispose()
    return url


def test_a_worker_waits_for_the_upgrade_of_the_ledger_and_says_so_in_one_line(
    place: Installation, older: str, tmp_path: Path
) -> None:
    env = place.env | {"DISPATCHER_DATABASE_URL": older}
    early, stopped = (Worker(place.starter, name, env, tmp_path / f"{name}.log", 2) for name in ("early", "stopped"))
    try:
        wait_until(lambda: all("db upgrade" in one.log.read_text() for one in (early, stopped)), 60)
        assert stopped.stop() == 0
        engine = make_engine(older, pool_size=1)
        upgrade(engine)
        engine.dispose()
        early.wait_ready()
    finally:
        early.kill()
    for one in (early, stopped):
        told = one.log.read_text()
        assert "run `dispatcher db upgrade`" in told
        assert "Traceback" not in told
    assert " ready." not in stopped.log.read_text()


def test_when_redis_forgets_everything_each_worker_says_so_once(
    place: Installation, simulator: SimulatorClient, redis_url: str
) -> None:
    simulator.set_faults({"kind": "latency", "provider": "uazapi", "ms": [1500, 2000], "sends": True})
    place.accounts(uazapi_account(simulator.url, names(LANES)))
    place.start_workers("a")
    number = place.submit("loja", campaign(range(2 * LANES)))
    wait_until(lambda: len(simulator.deliveries()) >= 2, 60)
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    assert place.wait_done(number, 120)["sent"] == 2 * LANES
    told = place.workers["a"].log.read_text()
    assert "Traceback" not in told
    assert 1 <= told.count("server.trouble") < LANES
