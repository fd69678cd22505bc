"""Replies, receipts and connection events, in all their shapes (PROVIDERS.md 1.8, 4.5, 5)."""

import time
from typing import Any

import httpx
import pytest

from dispatcher.simulator.server import SimulatorClient
from tests.simulator.listener import Listener
from tests.simulator.messages import CPC_PATH, NUMBER, OTHER, cpc_body, text_job
from tests.waiting import wait_until

JID = f"{NUMBER}@s.whatsapp.net"


@pytest.fixture
def hooked(simulator: SimulatorClient, listener: Listener) -> SimulatorClient:
    """All four providers post to the listener."""
    simulator.set_webhooks(
        *({"provider": p, "url": f"{listener.url}/{p}"} for p in ("uazapi", "kinbox", "builder", "cpc"))
    )
    return simulator


def reply(hooked: SimulatorClient, listener: Listener, provider: str = "uazapi", **options: Any) -> Any:
    (answer,) = hooked.reply(provider, NUMBER, "oi", identity="line-1", **options)
    assert answer["status"] == 200
    return listener.heard[-1].body


def receipt(hooked: SimulatorClient, listener: Listener, provider: str = "uazapi", **options: Any) -> Any:
    hooked.receipt(provider, NUMBER, identity="line-1", **options)
    return listener.heard[-1].body


# ---------------------------------------------------------------------- replies


def test_a_uazapi_reply_has_the_fields_of_a_live_one(hooked: SimulatorClient, listener: Listener) -> None:
    body = reply(hooked, listener)
    assert (body["EventType"], body["token"], body["instanceName"]) == ("messages", "line-1", "line-1")
    message = body["message"]
    assert (message["chatid"], message["sender"], message["sender_pn"]) == (JID, JID, JID)
    assert (message["fromMe"], message["isGroup"], message["wasSentByApi"]) == (False, False, False)
    assert (message["text"], message["content"]) == ("oi", "oi")
    assert abs(message["messageTimestamp"] - time.time() * 1000) < 60_000
    assert body["chat"] == {"phone": "+55 11 99999-9999", "wa_chatid": JID, "wa_chatlid": message["sender_lid"]}


def test_a_reply_from_a_lid_keeps_the_number_elsewhere_or_nowhere(hooked: SimulatorClient, listener: Listener) -> None:
    message = reply(hooked, listener, lid=True)["message"]
    assert message["sender"].endswith("@lid")
    assert (message["sender_pn"], message["chatid"]) == (JID, JID)
    hidden = reply(hooked, listener, lid_only=True)
    assert NUMBER not in str(hidden)
    assert hidden["message"]["chatid"].endswith("@lid")


def test_groups_and_echoes(hooked: SimulatorClient, listener: Listener) -> None:
    group = reply(hooked, listener, group=True)["message"]
    assert (group["isGroup"], group["chatid"].endswith("@g.us"), group["sender_pn"]) == (True, True, JID)
    echo = reply(hooked, listener, from_me=True, by_api=True)["message"]
    assert (echo["fromMe"], echo["wasSentByApi"], echo["chatid"]) == (True, True, JID)
    assert echo["sender_pn"] != JID


def test_odd_spellings_units_and_kinds(hooked: SimulatorClient, listener: Listener) -> None:
    short = hooked.reply("uazapi", OTHER, spelling="12")
    assert short[0]["status"] == 200
    assert listener.heard[-1].body["message"]["chatid"] == "551188876204@s.whatsapp.net"
    message = reply(hooked, listener, unit="s", age_s=7200.0, strings=True)["message"]
    assert (message["fromMe"], message["isGroup"]) == ("false", "false")
    assert 7100 < time.time() - int(message["messageTimestamp"]) < 7300
    tapped = reply(hooked, listener, button="vendedor")["message"]
    assert (tapped["buttonOrListid"], tapped["messageType"]) == ("vendedor", "ButtonsResponseMessage")


def test_the_same_event_can_come_twice(hooked: SimulatorClient, listener: Listener) -> None:
    assert len(hooked.reply("uazapi", NUMBER, times=2)) == 2
    first, second = listener.bodies()
    assert first == second
    hooked.reply("uazapi", NUMBER, message_id=first["message"]["messageid"])
    assert listener.heard[-1].body["message"]["messageid"] == first["message"]["messageid"]


def test_an_evolution_reply(hooked: SimulatorClient, listener: Listener) -> None:
    body = reply(hooked, listener, "cpc")
    assert (body["event"], body["data"]["key"]["remoteJid"]) == ("messages.upsert", JID)
    assert body["data"]["messageTimestamp"] < 10**11
    alternative = reply(hooked, listener, "cpc", lid=True)["data"]["key"]
    assert alternative["remoteJid"].endswith("@lid")
    assert alternative["remoteJidAlt"] == JID
    assert NUMBER not in str(reply(hooked, listener, "cpc", lid_only=True))
    group = reply(hooked, listener, "uazapi", shape="evolution", group=True)["data"]["key"]
    assert (group["remoteJid"].endswith("@g.us"), group["participant"]) == (True, JID)


def test_any_body_can_be_posted_as_it_stands(hooked: SimulatorClient, listener: Listener) -> None:
    assert reply(hooked, listener, "kinbox", raw={"odd": [1]}) == {"odd": [1]}
    assert reply(hooked, listener, "kinbox")["data"]["contact"]["phone"] == NUMBER


# ---------------------------------------------------------------------- receipts and connections


def test_a_receipt_names_the_last_delivery_to_the_number(
    hooked: SimulatorClient, http: httpx.Client, listener: Listener
) -> None:
    http.post("/sender/advanced", json=text_job())
    delivered = hooked.deliveries()[0]["message_id"]
    body = receipt(hooked, listener, state="Read")
    assert (body["EventType"], body["state"], body["event"]["Type"]) == ("messages_update", "Read", "Read")
    assert (body["event"]["MessageIDs"], body["event"]["Chat"]) == ([delivered], JID)
    assert body["event"]["Timestamp"] < 10**11
    (folder,) = http.get("/sender/listfolders").json()
    assert (folder["log_read"], folder["log_delivered"]) == (1, 0)


def test_the_variants_of_a_receipt(hooked: SimulatorClient, listener: Listener) -> None:
    odd = receipt(hooked, listener, message_ids=["A", "B"], strings=True, unit="ms")
    assert (odd["event"]["IsFromMe"], odd["event"]["MessageIDs"]) == ("False", ["A", "B"])
    assert len(odd["event"]["Timestamp"]) == 13
    assert receipt(hooked, listener, message_ids=["A"], single=True)["event"]["MessageIDs"] == "A"
    flat = receipt(hooked, listener, message_ids=["A"], shape="flat")
    assert (flat["messageid"], flat["status"], flat["chatid"]) == ("A", "Delivered", JID)
    assert receipt(hooked, listener, shape="text")["event"] == "ReadReceipt"
    evolution = receipt(hooked, listener, "cpc", message_ids=["A"], state="Error")
    assert (evolution["event"], evolution["data"]["status"]) == ("messages.update", "ERROR")


def test_connection_events(hooked: SimulatorClient, listener: Listener) -> None:
    hooked.connection("line-1", "disconnected")
    body = listener.heard[-1].body
    assert (body["EventType"], body["type"], body["instance"]["status"]) == ("connection", "LoggedOut", "disconnected")
    assert body["instance"]["lastDisconnectReason"].startswith("401")
    hooked.connection("line-1", "disconnected", provider="cpc")
    assert listener.heard[-1].body["event"] == "connection.update"
    hooked.connection("line-1", "connected")
    assert listener.heard[-1].body["type"] == "Connected"


# ---------------------------------------------------------------------- where they go


def test_an_instance_sets_its_own_webhook(simulator: SimulatorClient, http: httpx.Client, listener: Listener) -> None:
    given = {
        "url": f"{listener.url}/hook",
        "events": ["messages"],
        "excludeMessages": ["wasSentByApi", "isGroupYes"],
        "addUrlEvents": True,
        "addUrlTypesMessages": True,
    }
    assert http.post("/webhook", json=given).json()[0]["url"] == given["url"]
    assert simulator.reply("uazapi", NUMBER, identity="line-2") == []
    assert simulator.reply("uazapi", NUMBER, identity="line-1", group=True) == []
    assert simulator.receipt("uazapi", NUMBER, identity="line-1") == []
    (answer,) = simulator.reply("uazapi", NUMBER, identity="line-1")
    assert answer["url"] == f"{listener.url}/hook/messages/text"
    assert [heard.path for heard in listener.heard] == ["/hook/messages/text"]
    assert http.post("/webhook", json={**given, "url": "http://example.com"}).status_code == 400
    assert http.post("/webhook", json={**given, "events": ["all"]}).status_code == 400
    assert http.post("/webhook", json={"action": "delete"}).json() == []
    assert http.get("/webhook").json() == []


def test_a_hook_may_carry_headers_and_its_answer_is_told(simulator: SimulatorClient, listener: Listener) -> None:
    simulator.set_webhooks({"provider": "uazapi", "url": listener.url, "headers": {"x-key": "k"}})
    listener.status = 404
    (answer,) = simulator.reply("uazapi", NUMBER)
    assert (answer["status"], listener.heard[0].headers["x-key"]) == (404, "k")
    assert simulator.summary()["webhooks"]["errors"][0]["status"] == 404


def test_the_simulator_posts_to_this_machine_only(simulator: SimulatorClient) -> None:
    for url in ("http://example.com/hook", "ftp://127.0.0.1/", "http://127.0.0.1.example.com/", "http://[::", 5):
        with pytest.raises(httpx.HTTPStatusError):
            simulator.set_webhooks({"provider": "uazapi", "url": url})
    simulator.set(allow_hosts=["web"])
    simulator.set_webhooks({"provider": "uazapi", "url": "http://web:8000/hook"})


def test_an_unreachable_hook_is_an_error_not_a_crash(simulator: SimulatorClient) -> None:
    simulator.set_webhooks({"provider": "uazapi", "url": "http://127.0.0.1:1/"})
    (answer,) = simulator.reply("uazapi", NUMBER)
    assert (answer["status"], answer["body"]) == (None, "ConnectError")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"provider": "x"}, "provider: one of"),
        ({"provider": "uazapi", "odd": 1}, "odd: not known"),
        ({"provider": "uazapi", "lid": "yes"}, "lid: must be bool"),
        ({"provider": "uazapi", "shape": "x"}, "shape: not known"),
    ],
)
def test_a_wrong_reply_is_refused_in_words(simulator: SimulatorClient, given: dict[str, Any], words: str) -> None:
    answer = httpx.post(f"{simulator.url}/_sim/reply", json=given)
    assert (answer.status_code, answer.json()["error"].startswith(words)) == (400, True)


# ---------------------------------------------------------------------- by itself


def test_receipts_and_replies_can_come_by_themselves(
    hooked: SimulatorClient, http: httpx.Client, listener: Listener
) -> None:
    hooked.set(auto_receipts=["Delivered", "Read"], auto_delay_s=0.01)
    hooked.set(auto_reply_probability=1.0, auto_reply_text="sim")
    http.post("/sender/advanced", json=text_job())
    http.post(CPC_PATH, json=cpc_body(OTHER))
    wait_until(lambda: len(listener.heard) == 6)
    uazapi = [heard.body for heard in listener.heard if heard.path == "/uazapi"]
    assert [b.get("state") for b in uazapi if b["EventType"] == "messages_update"] == ["Delivered", "Read"]
    assert [b["message"]["text"] for b in uazapi if b["EventType"] == "messages"] == ["sim"]
    wait_until(lambda: hooked.summary()["webhooks"]["waiting"] == 0)
    assert http.post(CPC_PATH, json=cpc_body(OTHER)).status_code == 201
    assert hooked.summary()["cpc_breaches"] == 0


def test_a_hook_that_fails_is_tried_three_times(
    hooked: SimulatorClient, http: httpx.Client, listener: Listener
) -> None:
    listener.status = 500
    hooked.set(auto_receipts=["Delivered"], auto_delay_s=0.0)
    http.post("/sender/advanced", json=text_job())
    wait_until(lambda: len(listener.heard) == 3)
