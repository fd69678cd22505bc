"""An app that speaks Builder's API, pointed at us without a change: its day, with tokens that end on both sides."""

from typing import Any

import httpx
import pytest

from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import phone
from tests.journey.installation import Installation
from tests.plain import NO_TLS
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

LIFETIME_S = 2
PEOPLE = 6
ACCOUNT = """
[[account]]
name = "obra"
provider = "builder"
base_urls = ["{url}"]
ingress_token = "ingress-obra"
webhook_secret = "hook-obra"
credentials = {{ user = "nos", password = "segredo", organization = "org" }}
options = {{ token_lifetime_s = {lifetime_s}, json_bot = "bot" }}
delay_min = 0.2
delay_max = 0.4
[[account.sender]]
name = "bot-1"
"""


class Client:
    """The calls of such an app: it logs in, and when its token is over it renews it and asks again."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, trust_env=False, verify=NO_TLS, timeout=30)
        self.renewals = 0
        self._keep(self._http.post("/login", json={"user": "obra", "password": "ingress-obra"}))

    def post(self, path: str, body: Any) -> httpx.Response:
        return self._asked("POST", path, body)

    def campaign(self, campaign: str) -> dict[str, Any]:
        found: dict[str, Any] = self._asked("GET", f"/org/bot-1/campaign/{campaign}").json()
        return found

    def acionamento(self, number: int) -> dict[str, Any]:
        found: dict[str, Any] = self._http.get(f"/acionamento/{number}", params={"apikey": "ingress-obra"}).json()
        return found

    def _asked(self, method: str, path: str, body: Any = None) -> httpx.Response:
        answer = self._call(method, path, body)
        if answer.status_code == 401:
            assert answer.json() == {"detail": "Could not validate credentials"}
            self._keep(self._http.post("/refresh", json={"refresh_token": self._refresh}))
            self.renewals += 1
            answer = self._call(method, path, body)
        assert answer.is_success, answer.text
        return answer

    def _call(self, method: str, path: str, body: Any) -> httpx.Response:
        return self._http.request(method, path, json=body, headers={"Authorization": f"Bearer {self._token}"})

    def _keep(self, answer: httpx.Response) -> None:
        assert answer.status_code == 200, answer.text
        self._token, self._refresh = answer.json()["token"], answer.json()["refresh_token"]


def test_a_builder_client_logs_in_creates_watches_renews_its_token_and_reads_results(
    place: Installation, simulator: SimulatorClient
) -> None:
    simulator.set(builder_users={"nos": "segredo"}, builder_token_s=1.0)
    place.accounts(ACCOUNT.format(url=simulator.url, lifetime_s=LIFETIME_S))
    place.start_workers("a", concurrency=4)
    url = place.start_web()
    simulator.set_webhooks({"provider": "builder", "url": f"{url}/webhooks/obra/hook-obra"})
    client = Client(url)

    lines = [f"{phone(n)},Cliente {n}" for n in range(PEOPLE)]
    sheet = {"campaign_name": "Oferta", "content": "Olá {{nome}}", "sheet_values": ["telefone,nome", *lines]}
    made = client.post("/org/bot-1/campaign", sheet)
    offer = made.json()["_id"]
    assert (made.status_code, made.headers["x-campaign-id"]) == (201, offer)
    assert (made.json()["sheet_values"], made.json()["status"]) == (sheet["sheet_values"], "not_started")

    wait_until(lambda: client.campaign(offer)["counts"].get("sent", 0) >= 2, 30)
    assert client.campaign(offer)["status"] == "in_progress"
    with httpx.Client(base_url=url, headers=place.admin, trust_env=False, verify=NO_TLS, timeout=30) as operator:
        operator.post(f"/v1/campaigns/{offer}/pause").raise_for_status()
        wait_until(lambda: not client.campaign(offer)["counts"].get("sending"), 10)
        halted = client.campaign(offer)
        assert (halted["state"], halted["status"]) == ("paused", "in_progress")
        assert len(simulator.deliveries()) == halted["counts"]["sent"] < PEOPLE
        operator.post(f"/v1/campaigns/{offer}/resume").raise_for_status()

    csv = f"phone;mensagem\n{phone(20)};Oi\n{phone(21)};Tchau\n123;ninguém\n"
    listed = client.post("/org/bot-1/campaign", {"campaign_name": "Lista", "content": csv}).json()["_id"]
    number = client.post("/acionamento", {"json": {"phone": phone(30), "message": "Olá", "contrato": 7}}).json()
    wait_until(lambda: client.campaign(offer)["status"] == "concluded", 30)
    wait_until(lambda: client.campaign(listed)["status"] == "concluded", 30)
    wait_until(lambda: client.acionamento(number)["status"] == "sent", 30)
    assert client.campaign(offer)["counts"]["sent"] == PEOPLE
    assert {word: count for word, count in client.campaign(listed)["counts"].items() if count} == {
        **{"total": 3, "sent": 2, "failed": 1}
    }

    later = {**sheet, "campaign_name": "Depois", "scheduled_date": "2099-01-01T09:00:00-03:00"}
    waiting = client.post("/org/bot-1/campaign", later).json()["_id"]
    assert (client.campaign(waiting)["state"], client.campaign(waiting)["status"]) == ("scheduled", "not_started")
    with httpx.Client(base_url=url, headers=place.admin, trust_env=False, verify=NO_TLS, timeout=30) as operator:
        results = operator.get(f"/v1/campaigns/{listed}/messages").json()["items"]
        assert [(one["phone"], one["state"], one["reason"]) for one in results] == [
            (phone(20), "sent", None),
            (phone(21), "sent", None),
            ("123", "failed", "invalid_number"),
        ]
        operator.post(f"/v1/campaigns/{waiting}/cancel").raise_for_status()
    assert (client.campaign(waiting)["state"], client.campaign(waiting)["status"]) == ("cancelled", "concluded")

    simulator.reply("builder", phone(30), "quero")
    wait_until(lambda: client.acionamento(number)["answered_at"] is not None, 20)

    said = {one["number"]: one["content"]["message"] for one in simulator.deliveries()}
    assert said == {
        **{phone(n): f"Olá Cliente {n}" for n in range(PEOPLE)},
        **{phone(20): "Oi", phone(21): "Tchau", phone(30): "Olá"},
    }
    assert len(simulator.deliveries()) == len(said)
    assert {one["sender"] for one in simulator.deliveries()} == {"bot-1"}
    assert client.renewals >= 1, "its own token was over meanwhile"
    asked = [one["path"] for one in simulator.calls()]
    assert (asked.count("/login"), asked.count("/refresh") >= 1) == (1, True), "the worker's was over, too"
