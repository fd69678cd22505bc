"""What comes back, by real HTTP into a running installation, in uazapi's shape and in Evolution's."""

import httpx
import pytest

from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import campaign, phone, uazapi_account
from tests.journey.installation import Installation
from tests.plain import NO_TLS
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

LINE = "line0"


def test_receipts_replies_and_connections_come_in_whatever_shape_and_survive_a_killed_worker(
    place: Installation, simulator: SimulatorClient
) -> None:
    place.accounts(uazapi_account(simulator.url, [LINE], mode="direct", cpc=True))
    place.start_workers("a")
    url = place.start_web()
    simulator.set_webhooks({"provider": "uazapi", "url": f"{url}/webhooks/loja/hook-loja", "add_event": True})
    admin = httpx.Client(base_url=url, headers=place.admin, trust_env=False, verify=NO_TLS, timeout=30)
    number = place.submit("loja", campaign(range(3)))
    assert place.wait_done(number) == {"sent": 3}

    def told(column: str) -> list[str]:
        lines = admin.get(f"/v1/campaigns/{number}/messages").json()["items"]
        return [line["phone"] for line in lines if line[column]]

    def paused() -> str | None:
        [sender] = admin.get("/v1/senders").json()["items"]
        reason: str | None = sender["reason"]
        return reason

    simulator.receipt("uazapi", phone(0), "Read", strings=True, single=True)
    simulator.receipt("uazapi", phone(1), "Delivered", shape="evolution")
    wait_until(lambda: (told("delivered_at"), told("read_at")) == ([phone(0), phone(1)], [phone(0)]), 20)

    simulator.connection(LINE, "disconnected")
    wait_until(lambda: paused() == "disconnected: 401: logged out from another device", 20)

    place.workers["a"].kill()
    simulator.reply("uazapi", phone(0), lid=True, strings=True)
    simulator.reply("uazapi", phone(1), shape="evolution", lid=True)
    simulator.reply("uazapi", phone(2), group=True)
    simulator.reply("uazapi", phone(2), from_me=True)
    assert (told("answered_at"), paused() is None) == ([], False), "nobody works"
    place.start_workers("b")
    wait_until(lambda: told("answered_at") == [phone(0), phone(1)], 30)
    assert [admin.get(f"/v1/locks/{phone(n)}").status_code for n in range(3)] == [404, 404, 200]

    simulator.connection(LINE, "connected", shape="evolution")
    wait_until(lambda: paused() is None, 20)
    admin.close()
