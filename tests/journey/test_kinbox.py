"""A client of Kinbox' API lives its day with us: create, list, watch, pause, patch, resume, read, hear, delete."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import phone
from tests.journey.installation import Installation
from tests.plain import NO_TLS
from tests.serving import Quiet, serving
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

PEOPLE = 8
ALL = "/v3/campaigns"
ACCOUNT = """
[[account]]
name = "caixa"
provider = "kinbox"
base_urls = ["{url}"]
ingress_token = "ingress-caixa"
webhook_secret = "hook"
credentials = {{ token = "x" }}
[[account.sender]]
name = "canal-1"
"""


class Leads(Quiet):
    def do_GET(self) -> None:
        rows = [f"{phone(number)};Cliente {number}" for number in range(PEOPLE)]
        self.answer(200, "\n".join(["telefone;nome", *rows]).encode("latin-1"))


@pytest.fixture
def leads() -> Iterator[str]:
    """The URL of the client's own file."""
    with serving(Leads) as url:
        yield f"{url}/leads.csv"


@pytest.fixture
def client(place: Installation, simulator: SimulatorClient) -> Iterator[httpx.Client]:
    place.accounts(ACCOUNT.format(url=simulator.url))
    url = place.start_web()
    place.env["DISPATCHER_PUBLIC_URL"] = url
    place.start_workers("a")
    simulator.set_webhooks({"provider": "kinbox", "url": f"{url}/webhooks/caixa/hook"})
    token = {"Authorization": "Bearer ingress-caixa"}
    with httpx.Client(base_url=url, headers=token, trust_env=False, verify=NO_TLS, timeout=30) as client:
        yield client


def test_the_day_of_a_client(client: httpx.Client, simulator: SimulatorClient, leads: str) -> None:
    pace = {"chunkSize": 1, "secondsBetweenMessages": 1, "secondsBetweenChunks": 1}
    body = {"name": "Oferta", "leadType": "file", "leadsAssetUrl": leads, "message": "Olá {{nome}}", **pace}
    created = client.post(ALL, json=body)
    assert created.status_code == 201
    campaign = created.json()["id"]
    assert [one["id"] for one in client.get(ALL, params={"limit": 20, "offset": 0, "name": "fert"}).json()["data"]] == [
        campaign
    ]

    def seen() -> dict[str, Any]:
        found: dict[str, Any] = client.get(f"{ALL}/{campaign}").json()
        return found

    wait_until(lambda: seen()["messagesProcessed"] >= 2, 30)
    assert client.post(f"{ALL}/{campaign}/pause").status_code == 201
    wait_until(lambda: not any(one["state"] == "sending" for one in client.get(f"{ALL}/{campaign}/chunk-leads").json()))
    halted = seen()
    assert (halted["status"], halted["messagesProcessed"] < PEOPLE) == ("paused", True)

    faster = client.patch(f"{ALL}/{campaign}", json={"secondsBetweenMessages": 0, "secondsBetweenChunks": 0})
    assert (faster.status_code, faster.json()["secondsBetweenMessages"]) == (200, 0)
    assert seen()["messagesProcessed"] == halted["messagesProcessed"]
    assert client.post(f"{ALL}/{campaign}/resume").status_code == 201
    wait_until(lambda: seen()["status"] == "done", 30)

    shown = seen()
    assert (shown["progress"], shown["resultCounts"]["sent"], shown["resultCounts"]["chunksExecuted"]) == (100, 8, 8)
    assert [one["status"] for one in client.get(f"{ALL}/{campaign}/chunk-leads").json()] == ["sent"] * PEOPLE
    wait_until(lambda: simulator.summary()["deliveries"] == PEOPLE, 20)
    assert {one["number"] for one in simulator.deliveries()} == {phone(number) for number in range(PEOPLE)}

    simulator.reply("kinbox", phone(2), "quero")
    wait_until(lambda: seen()["resultCounts"]["answered"] == 1, 20)
    answered = [one["phone"] for one in client.get(f"{ALL}/{campaign}/chunk-leads").json() if one["answeredAt"]]
    assert answered == [phone(2)]

    later = client.post(ALL, json={**body, "name": "Depois", "scheduledTo": "2099-01-01T00:00:00Z"}).json()
    assert later["status"] == "scheduled"
    assert client.delete(f"{ALL}/{later['id']}").json()["status"] == "canceled"
    assert client.get(f"{ALL}/{later['id']}").status_code == 404
    assert client.get(ALL).json()["totalCount"] == 1
