"""Promise 7: what a campaign costs does not depend on how many recipients it has."""

import httpx
import pytest
import redis

from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import names, phone, uazapi_account
from tests.journey.installation import Installation
from tests.plain import NO_TLS
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

MANY = 100_000
LANES = 10


def body(count: int) -> dict[str, object]:
    messages = [{"number": phone(number), "type": "text", "text": "Olá"} for number in range(count)]
    return {"delayMin": 1, "delayMax": 2, "messages": messages}


def post(url: str, count: int) -> str:
    """Submit `count` messages in one request of the uazapi dialect; the campaign's id."""
    response = httpx.post(
        f"{url}/sender/advanced",
        json=body(count),
        headers={"token": "ingress-loja"},
        timeout=120,
        trust_env=False,
        verify=NO_TLS,
    )
    assert response.status_code == 200, response.text
    assert response.json()["count"] == count
    return response.headers["x-campaign-id"]


def test_promise_7_a_hundred_thousand_recipients_cost_redis_what_ten_cost(
    place: Installation, simulator: SimulatorClient, redis_url: str
) -> None:
    place.accounts(uazapi_account(simulator.url, names(LANES)))
    url = place.start_web()
    place.wiring.rebuild_clock()
    server = redis.Redis.from_url(redis_url)
    post(url, 10)
    small = memory(server)
    number = post(url, MANY)
    assert memory(server) - small < 50_000, "bytes; a Celery message each would be a hundred million"
    assert place.counts(number) == {"pending": MANY}

    place.start_workers("a", "b")
    longest = 0
    seen = 0

    def watch() -> bool:
        nonlocal longest, seen
        longest = max(longest, int(server.llen("send.uazapi")))
        seen = int(simulator.summary()["deliveries"])
        return seen >= 5 * LANES

    wait_until(watch, 60)
    assert longest <= LANES, "the broker holds at most one job for each lane"
    assert place.counts(number)["pending"] >= MANY - seen - LANES


def memory(server: redis.Redis) -> int:
    """Bytes of the data that Redis holds, without its clients' buffers."""
    return int(server.info("memory")["used_memory_dataset"])
