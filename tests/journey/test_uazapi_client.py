"""An app that speaks uazapi's API, pointed at us without a change: what it does in a day."""

from typing import Any

import httpx
import pytest

from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import phone, uazapi_account
from tests.journey.installation import Installation
from tests.plain import NO_TLS
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

COUNT = 12


class Client:
    """The calls of such an app; its token stands in the header, its requests carry what real ones carry."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(
            base_url=url, headers={"token": "ingress-loja"}, trust_env=False, verify=NO_TLS, timeout=30
        )

    def post(self, path: str, body: Any = None) -> Any:
        headers = {"Content-Type": "application/json"}
        answer = self._http.post(path, json=body) if body is not None else self._http.post(path, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def folder(self, name: str) -> dict[str, Any]:
        [found] = [one for one in self.folders() if one["id"] == name]
        return found

    def folders(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._http.get("/sender/listfolders").json()
        return found

    def messages(self, name: str, **asked: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.post("/sender/listmessages", {"folder_id": name, **asked})["messages"]
        return found

    def answered(self, name: str, admin: dict[str, str]) -> list[str]:
        """Who replied; uazapi's lists have no word for it, the native API tells."""
        lines = self._http.get(f"/v1/campaigns/{name}/messages", headers=admin).json()["items"]
        return [one["phone"] for one in lines if one["answered_at"]]

    def edit(self, name: str, action: str) -> str:
        status: str = self.post("/sender/edit", {"folder_id": name, "action": action})["status"]
        return status

    def clear_all(self) -> Any:
        return self._http.delete("/sender/clearall", headers={"Content-Type": "application/json"}).json()


@pytest.mark.parametrize("mode", ["sender", "direct"])
def test_a_uazapi_client_creates_watches_stops_continues_reads_results_is_answered_and_clears(
    place: Installation, simulator: SimulatorClient, mode: str
) -> None:
    place.accounts(uazapi_account(simulator.url, ["line0"], mode=mode))
    place.start_workers("a", concurrency=4)
    url = place.start_web()
    simulator.set_webhooks({"provider": "uazapi", "url": f"{url}/webhooks/loja/hook-loja"})
    client = Client(url)

    messages = [{"number": phone(n), "type": "text", "text": f"Olá {n}"} for n in range(COUNT)]
    made = client.post("/sender/advanced", {"delayMin": 0.3, "delayMax": 0.6, "info": "dia", "messages": messages})
    assert (made["count"], made["status"]) == (COUNT, "queued")
    folder = made["folder_id"]

    wait_until(lambda: client.folder(folder)["log_sucess"] >= 2, 30)
    assert client.edit(folder, "stop") == "paused"
    wait_until(lambda: not [one for one in client.messages(folder) if one["status"] == "Pending"], 10)
    stopped = client.folder(folder)
    assert (stopped["status"], stopped["log_total"]) == ("paused", COUNT)
    assert len(simulator.deliveries()) == stopped["log_sucess"] < COUNT
    assert len(client.messages(folder, messageStatus="Scheduled")) == COUNT - stopped["log_sucess"]

    assert client.edit(folder, "continue") == "scheduled"
    wait_until(lambda: client.folder(folder)["status"] == "done", 60)
    assert len(simulator.deliveries()) == client.folder(folder)["log_sucess"] == COUNT
    sent = client.messages(folder, messageStatus="Sent", page=1, pageSize=1000)
    assert [one["text"] for one in sent] == [f"Olá {n}" for n in range(COUNT)]

    if mode == "direct":
        assert [one["messageid"] for one in sent] == [one["message_id"] for one in simulator.deliveries()]
        simulator.receipt("uazapi", phone(0), "Read", identity="line0", message_ids=[sent[0]["messageid"]])
        wait_until(lambda: client.messages(folder, pageSize=1)[0]["status"] == "Read", 20)
        assert client.folder(folder)["log_read"] == 1

    simulator.reply("uazapi", phone(1), "quero")
    wait_until(lambda: client.answered(folder, place.admin) == [phone(1)], 20)

    later = {"numbers": [phone(0)], "type": "text", "text": "x", "delayMin": 1, "delayMax": 2, "scheduled_for": 60}
    waiting = client.post("/sender/simple", later)
    assert waiting["status"] == client.folder(waiting["folder_id"])["status"] == "scheduled"
    assert client.post("/sender/cleardone") == {"status": "cleanup started"}
    assert len(client.folders()) == 2, "a week has not passed"
    client.post("/sender/cleardone", {"hours": 0})
    assert [one["id"] for one in client.folders()] == [waiting["folder_id"]]
    assert client.clear_all() == {"status": "processed", "messages_deleted": 1, "folders_deleted": 1}
    assert client.folders() == []
    assert place.counts(folder) == {"sent": COUNT}
    assert place.counts(waiting["folder_id"]) == {"cancelled": 1}
    assert len(simulator.deliveries()) == COUNT
