"""uazapi's mass sends, folders and checks (PROVIDERS.md 1)."""

import time
from typing import Any

import httpx
import pytest

from dispatcher.simulator.server import SimulatorClient
from tests.simulator.messages import NUMBER, OTHER, folder, text_job, texts
from tests.simulator.seeds import UAZAPI
from tests.waiting import wait_until


def test_the_seeds_five_messages_arrive_as_they_were_sent(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set(honour_schedule=False)
    answer = http.post("/sender/advanced", json=UAZAPI)
    assert (answer.status_code, answer.json()["count"], answer.json()["status"]) == (200, 5, "queued")
    deliveries = simulator.deliveries()
    assert [d["content"] for d in deliveries] == UAZAPI["messages"]
    one = deliveries[0]
    assert (one["provider"], one["sender"], one["marker"]) == ("uazapi", "line-1", "teste avançado")
    assert (one["number"], one["digits"], one["status"]) == (NUMBER, NUMBER, 200)
    assert one["started"] <= one["delivered"] <= one["ended"] <= time.time() * 1000
    assert one["folder"] == answer.json()["folder_id"]


def test_a_message_for_later_waits(simulator: SimulatorClient, http: httpx.Client) -> None:
    assert http.post("/sender/advanced", json=UAZAPI).json()["status"] == "scheduled"
    soon = {**text_job("c-2.1"), "scheduled_for": int(time.time() * 1000) + 300}
    assert http.post("/sender/advanced", json=soon).json()["status"] == "scheduled"
    wait_until(lambda: [d["marker"] for d in simulator.deliveries()] == ["c-2.1"])
    assert [f["status"] for f in http.get("/sender/listfolders").json()] == ["scheduled", "done"]


def test_a_message_without_type_is_accepted_as_none(simulator: SimulatorClient, http: httpx.Client) -> None:
    body = folder("c-1.1", {"number": NUMBER, "text": "oi"}, *texts(OTHER))
    assert http.post("/sender/advanced", json=body).json()["count"] == 1
    assert [d["number"] for d in simulator.deliveries()] == [OTHER]


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"number": "+55 (11) 99999-9999", "type": "text", "text": "x"}, "Formato de número inválido"),
        ({"number": 5511999999999, "type": "text", "text": "x"}, "Formato de número inválido"),
        ({"type": "text", "text": "x"}, "Formato de número inválido"),
        ({"number": NUMBER, "type": "letter", "text": "x"}, "invalid type: letter"),
        ({"number": NUMBER, "type": "text"}, "text is required for type text"),
        ({"number": NUMBER, "type": "text", "text": 7}, "text must be a string"),
        ({"number": NUMBER, "type": "document"}, "file is required for type document"),
        ({"number": NUMBER, "type": "list", "text": "x", "choices": ["a|b"]}, "listButton is required for type list"),
        ({"number": NUMBER, "type": "button", "text": "x", "choices": []}, "text and choices are required"),
        ({"number": NUMBER, "type": "poll", "text": "x", "choices": ["a"], "selectableCount": 2}, "selectableCount"),
        ({"number": NUMBER, "type": "carousel", "text": "x", "choices": ["a|b"]}, "a carousel starts with a card"),
        ({"number": NUMBER, "type": "location", "latitude": "1", "longitude": 2}, "latitude must be a number"),
        ({"number": NUMBER, "type": "contact", "fullName": "Ana"}, "phoneNumber is required for type contact"),
    ],
)
def test_a_message_that_lacks_what_its_type_needs_is_refused(
    simulator: SimulatorClient, http: httpx.Client, message: dict[str, Any], error: str
) -> None:
    answer = http.post("/sender/advanced", json=folder("c-1.1", message))
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(error)
    assert simulator.deliveries() == []


@pytest.mark.parametrize(
    "change",
    [
        {"messages": []},
        {"messages": None},
        {"delayMin": 6, "delayMax": 3},
        {"delayMin": "3"},
        {"delayMax": 100_000},
        {"scheduled_for": 5_000_000},
        {"scheduled_for": -1},
    ],
)
def test_a_bad_envelope_is_refused(http: httpx.Client, change: dict[str, Any]) -> None:
    assert http.post("/sender/advanced", json={**text_job(), **change}).status_code == 400


def test_a_body_that_is_no_json_is_refused(http: httpx.Client) -> None:
    for body in (b"{", b"[]", b"\xff", b"[" * 100_000):
        assert http.post("/sender/advanced", content=body).status_code == 400


def test_only_the_token_header_lets_in(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set(uazapi_tokens=["line-1"])
    assert http.post("/sender/advanced", json=text_job()).status_code == 200
    refused = [
        http.post("/sender/advanced", json=text_job(), headers={"token": "line-2"}),
        http.post("/sender/advanced?token=line-1", json=text_job(), headers={"token": ""}),
    ]
    assert [r.status_code for r in refused] == [401, 401]
    assert refused[0].json() == {"error": "Token inválido ou ausente"}
    assert [c["status"] for c in simulator.calls()] == [200, 401, 401]


def test_a_list_of_folders_tells_delays_in_milliseconds_and_in_their_spelling(
    simulator: SimulatorClient, http: httpx.Client
) -> None:
    simulator.set(not_on_whatsapp=[OTHER])
    http.post("/sender/advanced", json=folder("c-9.1", *texts(NUMBER, OTHER)))
    (shown,) = http.get("/sender/listfolders").json()
    assert (shown["info"], shown["delayMin"], shown["delayMax"]) == ("c-9.1", 3000, 6000)
    assert (shown["log_total"], shown["log_sucess"], shown["log_failed"]) == (2, 1, 1)
    assert http.get("/sender/listfolders", headers={"token": "line-2"}).json() == []


def test_a_folders_messages_can_be_listed_in_pages(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set(not_on_whatsapp=[OTHER])
    body = folder("c-9.1", *texts(NUMBER, OTHER, "5541988887777"))
    name = http.post("/sender/advanced", json=body).json()["folder_id"]
    shown = http.post("/sender/listmessages", json={"folder_id": name}).json()
    assert [m["status"] for m in shown["messages"]] == ["Sent", "Sent", "Failed"]
    assert shown["messages"][1]["chatid"] == "554188887777@s.whatsapp.net"
    assert shown["messages"][2]["error"] == f"the number {OTHER}@s.whatsapp.net is not on WhatsApp"
    assert shown["pagination"] == {"total": 3, "page": 1, "pageSize": 1000, "lastPage": 1}
    page = http.post("/sender/listmessages", json={"folder_id": name, "page": 2, "pageSize": 2}).json()
    assert (len(page["messages"]), page["pagination"]["lastPage"]) == (1, 2)
    assert http.post("/sender/listmessages", json={"id": name}).json() == {"error": "folder_id is required"}


def test_a_paced_folder_can_be_stopped_continued_and_deleted(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set(pace=True)
    body = folder("c-1.1", *texts(NUMBER, OTHER, "5511977776666"), delay_min=0, delay_max=0)
    slow = folder("c-2.1", *texts(NUMBER, OTHER), delay_min=600, delay_max=600)
    http.post("/sender/advanced", json=body)
    wait_until(lambda: len(simulator.deliveries()) == 3)
    name = http.post("/sender/advanced", json=slow).json()["folder_id"]

    def edit(action: str) -> Any:
        return http.post("/sender/edit", json={"folder_id": name, "action": action}).json()

    assert edit("stop") == {"status": "paused"}
    assert http.get("/sender/listfolders").json()[1]["status"] == "paused"
    assert edit("continue") == {"status": "scheduled", "message": "Folder resumed successfully"}
    assert edit("delete")["status"] == "deleting"
    assert len(http.get("/sender/listfolders").json()) == 1
    assert len(simulator.deliveries()) == 4


def test_the_simple_send_needs_all_its_fields(simulator: SimulatorClient, http: httpx.Client) -> None:
    assert http.post("/sender/simple", json={"numbers": [NUMBER], "message": "oi", "name": "x"}).status_code == 400
    body = {"numbers": [NUMBER, OTHER], "type": "text", "text": "oi", "delayMin": 1, "delayMax": 2, "scheduled_for": 0}
    assert http.post("/sender/simple", json={**body, "info": "c-3.1"}).json()["count"] == 2
    assert [d["number"] for d in simulator.deliveries()] == [NUMBER, OTHER]


def test_cleaning_works_without_a_body(http: httpx.Client) -> None:
    http.post("/sender/advanced", json=text_job())
    assert http.post("/sender/cleardone", headers={"content-type": "application/json"}).json() == {
        "status": "cleanup started"
    }
    http.post("/sender/advanced", json=text_job())
    assert http.delete("/sender/clearall").json() == {
        "status": "processed",
        "messages_deleted": 1,
        "folders_deleted": 1,
    }
    assert http.get("/sender/listfolders").json() == []


def test_a_check_tells_the_id_that_whatsapp_knows(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set(not_on_whatsapp=[OTHER])
    found = http.post("/chat/check", json={"numbers": ["5541988887777", OTHER]}).json()
    assert [(f["jid"], f["isInWhatsapp"]) for f in found] == [("554188887777@s.whatsapp.net", True), ("", False)]
    assert http.post("/chat/check", json={}).json() == {"error": "Missing numbers in payload"}


def test_a_line_that_is_down_refuses_and_says_so(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.connection("line-1", "disconnected")
    assert http.get("/instance/status").json()["instance"]["status"] == "disconnected"
    answer = http.post("/sender/advanced", json=text_job())
    assert (answer.status_code, answer.json()["error"]) == (503, True)
    assert http.post("/sender/advanced", json=text_job(), headers={"token": "line-2"}).status_code == 200
    simulator.connection("line-1", "connected")
    assert http.get("/instance/status").json()["status"]["connected"] is True
    assert http.post("/sender/advanced", json=text_job()).status_code == 200
