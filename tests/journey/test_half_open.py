"""A worker all of whose connections to a server hang half-open: nobody hangs up, and nothing is answered any more."""

from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from sqlalchemy import make_url

from dispatcher.simulator.server import SimulatorClient
from tests.chaos.proxy import Network, Proxy
from tests.journey.bodies import campaign, names, uazapi_account
from tests.journey.installation import Installation, installation
from tests.spawner import Starter
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

TOTAL = 1_000
RESUMES_WITHIN_S = 30.0  # 15 s are promised; a machine that is held up is forgiven as much again


@pytest.fixture
def ways(redis_url: str, ledger_url: str) -> Iterator[dict[str, Proxy]]:
    redis, ledger = make_url(redis_url).port, make_url(ledger_url).port
    assert redis is not None
    assert ledger is not None
    with Network() as network:
        yield {"redis": network.proxy(redis), "ledger": network.proxy(ledger)}


@pytest.fixture
def place(
    starter: Starter, redis_url: str, ledger_url: str, ways: dict[str, Proxy], tmp_path: Path
) -> Iterator[Installation]:
    with installation(starter, redis_url, ledger_url, tmp_path) as place:
        for name, variable in (("redis", "DISPATCHER_REDIS_URL"), ("ledger", "DISPATCHER_DATABASE_URL")):
            url = make_url(place.env[variable]).set(port=ways[name].port)
            place.env[variable] = url.render_as_string(hide_password=False)
        yield place


@pytest.mark.parametrize("server", ["redis", "ledger"])
def test_sending_resumes_by_itself_when_connections_hang_half_open(
    place: Installation, ways: dict[str, Proxy], simulator: SimulatorClient, server: str
) -> None:
    place.accounts(uazapi_account(simulator.url, names(20), timeout_s=3))
    place.start_workers("a")
    number = place.submit("loja", campaign(range(TOTAL), delay_min=1, delay_max=2))
    wait_until(lambda: len(simulator.deliveries()) >= 20, 60)
    ways[server].swallow()
    cut_ms = monotonic() * 1000

    def since() -> list[float]:
        """Calls that began after what was under way had time to end."""
        started = [one["started_mono"] for one in simulator.deliveries()]
        return [at for at in started if at > cut_ms + 2_500]

    wait_until(lambda: len(since()) >= 30, 90)
    assert sorted(since())[9] - cut_ms < RESUMES_WITHIN_S * 1000
    assert simulator.summary()["repeat_count"] == 0
    assert place.workers["a"].alive
    assert "Traceback" not in place.workers["a"].log.read_text()
    assert place.state(number) == "running"
