"""uazapi's direct sends and look-ups (PROVIDERS.md 1.5)."""

from typing import Any

import httpx
import pytest

from dispatcher.simulator.server import SimulatorClient
from tests.simulator.messages import NUMBER

CARD = {"text": "Produto", "image": "https://x/1.jpg", "buttons": [{"id": "a", "text": "Ver", "type": "REPLY"}]}
SENDS: list[tuple[str, dict[str, Any]]] = [
    ("/send/text", {"text": "oi"}),
    ("/send/menu", {"type": "button", "text": "oi", "choices": ["Sim|sim", "Não"]}),
    ("/send/menu", {"type": "list", "text": "oi", "listButton": "Ver", "choices": ["[A]", "x|y|z"]}),
    ("/send/menu", {"type": "poll", "text": "oi", "choices": ["a", "b"]}),
    ("/send/menu", {"type": "carousel", "text": "oi", "choices": ["[Card]", "{https://x/1.jpg}", "Ver|id"]}),
    ("/send/media", {"type": "image", "file": "https://x/1.jpg", "text": "oi"}),
    ("/send/contact", {"fullName": "Ana", "phoneNumber": "+551100000000"}),
    ("/send/location", {"latitude": -23.5, "longitude": -46.6, "name": "SP"}),
    ("/send/carousel", {"text": "oi", "carousel": [CARD]}),
]


@pytest.mark.parametrize(("path", "body"), SENDS)
def test_a_direct_send_arrives_and_can_be_found(
    simulator: SimulatorClient, http: httpx.Client, path: str, body: dict[str, Any]
) -> None:
    answer = http.post(path, json={"number": NUMBER, **body, "track_source": "dispatcher", "track_id": "c-5.1"})
    assert (answer.status_code, answer.json()["response"]["status"]) == (200, "success")
    (delivery,) = simulator.deliveries()
    assert (delivery["marker"], delivery["job"]) == ("c-5.1", "c-5")
    found = http.post("/message/find", json={"track_id": "c-5.1", "track_source": "dispatcher"}).json()
    assert (found["returnedMessages"], found["hasMore"]) == (1, False)
    assert found["messages"][0]["messageid"] == answer.json()["messageid"]
    by_id = http.post("/message/find", json={"id": answer.json()["id"]}).json()
    assert by_id["messages"] == found["messages"]


@pytest.mark.parametrize(("path", "body"), SENDS)
def test_a_direct_send_without_what_it_needs_is_refused(
    simulator: SimulatorClient, http: httpx.Client, path: str, body: dict[str, Any]
) -> None:
    for name in body:
        if name == "text" and path == "/send/media":
            continue  # a caption
        less = {k: v for k, v in body.items() if k != name}
        expected = 200 if (path, name) in {("/send/location", "name"), ("/send/carousel", "text")} else 400
        if body.get("type") == "carousel" and name == "text":
            expected = 200
        assert http.post(path, json={"number": NUMBER, **less}).status_code == expected, name
    assert http.post(path, json=body).status_code == 400


def test_a_track_id_sends_again_and_that_is_noticed(simulator: SimulatorClient, http: httpx.Client) -> None:
    for attempt in (1, 2):
        http.post("/send/text", json={"number": NUMBER, "text": "oi", "track_id": f"c-5.{attempt}"})
    assert simulator.summary()["duplicate_count"] == 1
    assert http.post("/message/find", json={"track_id": "c-5.9"}).json()["messages"] == []


def test_another_instances_messages_are_not_found(simulator: SimulatorClient, http: httpx.Client) -> None:
    http.post("/send/text", json={"number": NUMBER, "text": "oi", "track_id": "c-5.1"})
    found = http.post("/message/find", json={"track_id": "c-5.1"}, headers={"token": "line-2"})
    assert found.json()["returnedMessages"] == 0


def test_messages_of_a_folder_are_found_by_chat(simulator: SimulatorClient, http: httpx.Client) -> None:
    body = {"messages": [{"number": NUMBER, "type": "text", "text": "oi"}], "info": "c-1.1"}
    name = http.post("/sender/advanced", json=body).json()["folder_id"]
    found = http.post("/message/find", json={"chatid": f"{NUMBER}@s.whatsapp.net"}).json()
    assert [m["send_folder_id"] for m in found["messages"]] == [name]


def test_a_number_without_whatsapp_fails_at_once_or_later(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set(not_on_whatsapp=[NUMBER])
    error = f"the number {NUMBER}@s.whatsapp.net is not on WhatsApp"
    answer = http.post("/send/text", json={"number": NUMBER, "text": "oi"})
    assert (answer.status_code, answer.json()) == (500, {"error": error})
    queued = http.post("/send/text", json={"number": NUMBER, "text": "oi", "async": True, "track_id": "c-6.1"})
    assert (queued.status_code, queued.json()["status"]) == (200, "Queued")
    (found,) = http.post("/message/find", json={"track_id": "c-6.1"}).json()["messages"]
    assert (found["status"], found["error"]) == ("Failed", error)
