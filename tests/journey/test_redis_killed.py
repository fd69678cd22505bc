"""Redis dies under workers that are in the middle of their calls, and comes back with what it had written down."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import redis

from dispatcher.embedded import EmbeddedValkey
from dispatcher.simulator.server import SimulatorClient
from tests.journey.auditing import audited
from tests.journey.bodies import campaign, names, phone, uazapi_account
from tests.journey.installation import Installation, installation
from tests.overload.work import events_left
from tests.plain import NO_TLS
from tests.spawner import Starter
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

TOTAL = 120
REPLY = {
    "EventType": "messages",
    "message": {"fromMe": False, "chatid": f"{phone(0)}@s.whatsapp.net", "messageid": "m1", "text": "oi"}
    | {"messageTimestamp": 1_700_000_000_000},
}


@pytest.fixture
def own_valkey(service_dir: Path, tmp_path: Path) -> Iterator[EmbeddedValkey]:
    """One that may be killed, unlike the session's."""
    with EmbeddedValkey(service_dir / f"killed-{tmp_path.name}") as server:
        yield server


def test_promises_1_and_2_hold_and_the_worker_lives_on_when_redis_is_killed(
    starter: Starter, own_valkey: EmbeddedValkey, ledger_url: str, simulator: SimulatorClient, tmp_path: Path
) -> None:
    simulator.set_faults({"kind": "latency", "provider": "uazapi", "ms": [400, 800], "sends": True})
    with installation(starter, own_valkey.url, ledger_url, tmp_path) as place:
        place.accounts(uazapi_account(simulator.url, names(12)))
        place.start_workers("a")
        with audited(place):
            number = place.submit("loja", campaign(range(TOTAL)))
            for seen in (20, 60):
                _wait_for_deliveries(simulator, seen)
                own_valkey.kill()
                own_valkey.start()

            assert place.wait_done(number, 120) == {"sent": TOTAL}
        assert place.workers["a"].process.poll() is None
        assert "Unrecoverable error" not in place.workers["a"].log.read_text()
        assert simulator.summary()["repeat_count"] == 0


def test_promise_2_what_comes_in_while_redis_is_away_is_taken_and_sent_when_it_is_back(
    starter: Starter, own_valkey: EmbeddedValkey, ledger_url: str, simulator: SimulatorClient, tmp_path: Path
) -> None:
    with installation(starter, own_valkey.url, ledger_url, tmp_path) as place:
        place.accounts(uazapi_account(simulator.url, names(2)))
        url = place.start_web()
        place.start_workers("a")
        assert place.submit_and_wait("loja", campaign(range(2))) == {"sent": 2}
        own_valkey.kill()
        body = {"delayMin": 0, "delayMax": 0, "messages": [{"number": phone(7), "type": "text", "text": "oi"}]}
        with httpx.Client(base_url=url, timeout=60, trust_env=False, verify=NO_TLS) as http:
            taken = http.post("/sender/advanced", json=body, headers={"token": "ingress-loja"})
            assert taken.status_code == 200, taken.text
            told = http.post("/webhooks/loja/hook-loja", json=REPLY)
            assert (told.status_code, told.json()) == (200, {"events": 1, "new": 1})
        own_valkey.start()
        assert place.wait_done(taken.headers["x-campaign-id"], 120) == {"sent": 1}
        wait_until(lambda: events_left(place) == 0, 60)
        assert simulator.summary()["repeat_count"] == 0


def test_promise_7_jobs_in_work_are_kept_nowhere_in_the_broker(
    place: Installation, simulator: SimulatorClient, redis_url: str
) -> None:
    simulator.set_faults({"kind": "latency", "provider": "uazapi", "ms": [200, 200], "sends": True})
    place.accounts(uazapi_account(simulator.url, names(4)))
    place.start_workers("a")
    number = place.submit("loja", campaign(range(12)))
    _wait_for_deliveries(simulator, 4)
    with redis.Redis.from_url(redis_url) as client:
        assert client.exists("unacked", "unacked_index") == 0
    assert place.wait_done(number) == {"sent": 12}


def _wait_for_deliveries(simulator: SimulatorClient, number: int) -> None:
    wait_until(lambda: len(simulator.deliveries()) >= number, 60)
