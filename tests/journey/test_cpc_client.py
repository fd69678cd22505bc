"""An app that speaks Disparo CPC's API, pointed at us: many posts feed a campaign, errors come back, replies free."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from dispatcher.coordination import keys
from dispatcher.embedded.ports import free_port
from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import phone
from tests.journey.installation import Installation
from tests.plain import NO_TLS
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

PATH = "/api/messages/massivocpc"
PEOPLE = [phone(number) for number in range(30)]
IN_CONTACT = phone(99)
HOURS = 10
ACCOUNT = """
[[account]]
name = "cobranca"
provider = "cpc"
base_urls = ["http://127.0.0.1:{dead}", "{url}"]
ingress_token = "ingress-cobranca"
webhook_secret = "hook"
batch = 100
credentials = {{ token = "x" }}
[[account.sender]]
name = "emp1"
"""


class App:
    """Such an app; `operator` is the person who looks after its campaigns with us."""

    def __init__(self, url: str, admin: dict[str, str]) -> None:
        bearer = {"Authorization": "Bearer ingress-cobranca"}
        self._http = httpx.Client(base_url=url, headers=bearer, trust_env=False, verify=NO_TLS, timeout=30)
        self.operator = httpx.Client(base_url=url, headers=admin, trust_env=False, verify=NO_TLS, timeout=30)
        self.campaign = ""

    def post(self, *phones: str, text: str = "Olá") -> dict[str, Any]:
        answer = self._http.post(PATH, json=body(*phones, text=text))
        assert answer.status_code == 200, answer.text
        self.campaign = answer.headers["x-campaign-id"]
        found: dict[str, Any] = answer.json()
        return found

    def shown(self) -> dict[str, Any]:
        """The campaign of the last post: its state, and how many messages are in which."""
        found = self.operator.get(f"/v1/campaigns/{self.campaign}").json()
        return {"state": found["state"], **{state: number for state, number in found["counts"].items() if number}}

    def wait_done(self) -> dict[str, Any]:
        wait_until(lambda: self.shown()["state"] == "done", 30, 0.1)
        return self.shown()

    def answered(self, campaign: str) -> list[str]:
        messages = self.operator.get(f"/v1/campaigns/{campaign}/messages", params={"limit": 1000}).json()["items"]
        return [one["phone"] for one in messages if one["answered_at"]]

    def order(self, word: str) -> str:
        state: str = self.operator.post(f"/v1/campaigns/{self.campaign}/{word}").json()["state"]
        return state

    def close(self) -> None:
        self._http.close()
        self.operator.close()


def body(*phones: str, text: str = "Olá") -> dict[str, Any]:
    common = {"idMessage": 1, "clientId": "", "contract": "1", "closeTicket": True, "specialistCode": "admin"}
    messages = [{"phone": one, **common, "mainTemplate": text} for one in phones]
    return {"campaign": "Acordo", "idAccount": "1234", "tag": "emp1", "messages": messages}


def hours(number: float) -> str:
    return f"Cliente já recebeu mensagem há menos de 24h. Próximo envio permitido em {number:.1f} horas"


@pytest.fixture
def app(place: Installation, simulator: SimulatorClient) -> Iterator[App]:
    """The first link is down, and the provider has somebody in contact of whom we do not know."""
    place.accounts(ACCOUNT.format(dead=free_port(), url=simulator.url))
    place.start_workers("a", concurrency=4)
    url = place.start_web()
    simulator.set(cpc_rule=True, cpc_rule_hours=HOURS)
    simulator.set_webhooks({"provider": "cpc", "url": f"{url}/webhooks/cobranca/hook"})
    theirs = httpx.post(simulator.url + PATH, json=body(IN_CONTACT), headers={"Authorization": "Bearer x"})
    assert theirs.json()["status"] == "success"
    made = App(url, place.admin)
    yield made
    made.close()


def test_the_day_of_a_client(app: App, place: Installation, simulator: SimulatorClient) -> None:
    parts = [[*PEOPLE[at : at + 5], "5514123"] for at in range(0, 30, 5)]
    parts[0].append(IN_CONTACT)
    with ThreadPoolExecutor(len(parts)) as pool:
        answers = list(pool.map(lambda part: app.post(*part), parts))
    invalid = [{"phone": "5514123", "reason": "Número inválido"}]
    assert [(one["status"], one["errors"]) for one in answers] == [("partial", invalid)] * 6
    assert sum(one["processed"] for one in answers) == 31
    assert app.wait_done() == {"state": "done", "sent": 30, "failed": 6, "blocked": 1}
    first = app.campaign

    listed = app.operator.get("/v1/campaigns", params={"account": "cobranca", "state": "done"}).json()["items"]
    assert [(one["id"], one["name"], one["senders"]) for one in listed] == [(first, "Acordo", ["emp1"])]

    reached = [one["number"] for one in simulator.deliveries()]
    assert sorted(reached) == sorted([IN_CONTACT, *PEOPLE])
    assert len(simulator.calls()) < 1 + len(PEOPLE), "several in a call"
    results = app.operator.get(f"/v1/campaigns/{first}/messages", params={"state": "blocked"}).json()["items"]
    assert [(one["phone"], one["reason"]) for one in results] == [(IN_CONTACT, "contact_open")]

    place.wiring.redis.flushall()
    again = app.post(IN_CONTACT, PEOPLE[0])
    assert again["status"] == "error"
    assert again["errors"] == [
        {"phone": IN_CONTACT, "reason": hours(HOURS)},
        {"phone": PEOPLE[0], "reason": hours(24)},
    ]

    wait_until(lambda: place.wiring.redis.exists(keys.EPOCH), 20)
    simulator.reply("cpc", PEOPLE[0], "quero negociar", spelling="plus")
    wait_until(lambda: app.answered(first) == [PEOPLE[0]], 20)
    assert app.operator.get(f"/v1/locks/{PEOPLE[0]}").status_code == 404
    assert app.post(PEOPLE[0], PEOPLE[1], text="Proposta")["errors"] == [{"phone": PEOPLE[1], "reason": hours(24)}]
    assert app.campaign == first, "the same day, the same campaign, which was done"
    assert app.wait_done()["sent"] == 31
    assert [one["content"]["mainTemplate"] for one in simulator.deliveries(PEOPLE[0])] == ["Olá", "Proposta"]

    many = [phone(number) for number in range(100, 130)]
    app.operator.post("/v1/senders/cobranca/emp1/pause")
    assert app.post(*many[:20])["processed"] == 20
    assert app.order("pause") == "paused"
    app.operator.post("/v1/senders/cobranca/emp1/resume")
    assert app.post(*many[20:])["processed"] == 10
    assert app.post(*many)["errors"] == [{"phone": one, "reason": "Bloqueado por regra CPC"} for one in many]
    assert (app.campaign, app.shown()["state"], app.shown()["pending"]) == (first, "paused", 30)
    assert app.order("resume") == "running"
    assert app.wait_done()["sent"] == 61

    app.operator.post("/v1/senders/cobranca/emp1/pause")
    app.post(*PEOPLE, phone(200))
    assert app.order("cancel") == "cancelled"
    assert app.post(phone(200), phone(201))["processed"] == 2
    assert app.campaign != first
    app.operator.post("/v1/senders/cobranca/emp1/resume")
    assert app.wait_done() == {"state": "done", "sent": 2}
    summary = simulator.summary()
    assert (summary["cpc_breaches"], summary["deliveries"]) == (0, 1 + 61 + 2)
