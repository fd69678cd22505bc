"""Evolution's webhooks, which every account takes."""

from typing import Any

import pytest

from dispatcher.domain.inbound import InboundEvent, InboundKind, ReceiptState
from dispatcher.providers.evolution import read_inbound

CLIENT = "5511900000001"
JID = f"{CLIENT}@s.whatsapp.net"
KEY = {"remoteJid": JID, "fromMe": False, "id": "A1"}
ENVELOPE = {"instance": "line_5511900000000", "date_time": "2025-11-24T16:00:00.000Z", "apikey": "secret"}
AT_MS = 1_764_000_000_999


def upsert(key: Any = KEY, message: Any = None, **other: Any) -> dict[str, Any]:
    given = {"key": key, "message": message or {"conversation": "oi"}, "messageTimestamp": 1_764_000_000, **other}
    return {**ENVELOPE, "event": "messages.upsert", "data": given}


def test_a_clients_message_is_a_reply() -> None:
    assert read_inbound(upsert(messageType="conversation")) == (
        InboundEvent(InboundKind.REPLY, "reply:A1", AT_MS, key=CLIENT, text="oi", sender_name="line_5511900000000"),
    )


@pytest.mark.parametrize(
    "body",
    [
        {**upsert(), "event": "MESSAGES_UPSERT"},
        {**upsert(), "event": "messages-upsert"},
        {**upsert(), "data": [upsert()["data"]]},
        upsert({"remoteJid": "123@lid", "remoteJidAlt": JID, "fromMe": False, "id": "A1"}),
        upsert({"remoteJid": "123@lid", "senderPn": JID, "fromMe": "false", "id": "A1"}),
        upsert({**KEY, "remoteJid": "5511900000001:12@s.whatsapp.net"}),
        upsert({**KEY, "remoteJid": CLIENT}),
        upsert(message={"extendedTextMessage": {"text": "oi"}, "messageContextInfo": {}}),
        upsert(message={"buttonsResponseMessage": {"selectedDisplayText": "oi"}}),
        upsert(message={"listResponseMessage": {"title": "oi"}}),
        upsert(message={"imageMessage": {"caption": "oi"}}),
        upsert(messageTimestamp="1764000000"),
    ],
)
def test_a_reply_is_known_in_every_spelling(body: dict[str, Any]) -> None:
    (event,) = read_inbound(body)
    assert (event.event_id, event.key, event.text, event.at_ms) == ("reply:A1", CLIENT, "oi", AT_MS)


@pytest.mark.parametrize(
    "body",
    [
        upsert({**KEY, "fromMe": True}),
        upsert({**KEY, "fromMe": "true"}),
        upsert({"remoteJid": JID, "id": "A1"}),
        upsert({**KEY, "remoteJid": "120363000000000001@g.us", "senderPn": JID}),
        upsert({**KEY, "remoteJid": "120363000000000001@newsletter"}),
        upsert({**KEY, "remoteJid": "status@broadcast", "senderPn": JID}),
        upsert({**KEY, "remoteJid": "123@lid"}),
        upsert(message={"reactionMessage": {"text": "👍"}}),
        upsert(message={"protocolMessage": {}}),
        upsert(messageType="editedMessage"),
        upsert("x"),
        {**ENVELOPE, "event": "messages.upsert"},
        {**ENVELOPE, "event": "presence.update", "data": {}},
        {"event": 5},
        [],
        None,
    ],
)
def test_what_is_no_clients_own_message_to_us_gives_nothing(body: Any) -> None:
    assert read_inbound(body) == ()


OURS = {**KEY, "fromMe": True}


@pytest.mark.parametrize(
    ("data", "state"),
    [
        ({"key": OURS, "update": {"status": 3}}, ReceiptState.DELIVERED),
        ({"keyId": "A1", "remoteJid": JID, "fromMe": True, "status": "READ"}, ReceiptState.READ),
        ({"keyId": "A1", "remoteJid": JID, "fromMe": "true", "status": "PLAYED"}, ReceiptState.READ),
        ({"key": OURS, "status": "SERVER_ACK"}, ReceiptState.SENT),
        ({"key": OURS, "status": "ERROR"}, ReceiptState.FAILED),
    ],
)
def test_updates_are_receipts(data: dict[str, Any], state: ReceiptState) -> None:
    (event,) = read_inbound({**ENVELOPE, "event": "messages.update", "data": data})
    assert (event.kind, event.provider_ref, event.receipt, event.key) == (InboundKind.RECEIPT, "A1", state, CLIENT)


@pytest.mark.parametrize(
    "data",
    [
        {"key": KEY, "status": "READ"},
        {"key": OURS, "status": "PENDING"},
        {"key": OURS},
        {"fromMe": True, "status": "READ"},
    ],
)
def test_updates_that_say_nothing_about_our_messages_give_nothing(data: dict[str, Any]) -> None:
    assert read_inbound({**ENVELOPE, "event": "messages.update", "data": data}) == ()


@pytest.mark.parametrize(("state", "connected"), [("open", True), ("close", False)])
def test_a_line_goes_up_and_down(state: str, connected: bool) -> None:
    body = {**ENVELOPE, "event": "connection.update", "data": {"state": state, "statusReason": 401}}
    (event,) = read_inbound(body)
    assert (event.connected, event.reason) == (connected, "" if connected else "401: logged out")


@pytest.mark.parametrize("name", ["logout.instance", "remove.instance", "qrcode.updated", "QRCODE_UPDATED"])
@pytest.mark.parametrize("more", [{}, {"data": {"qrcode": {"code": "2@x"}}}])
def test_a_line_that_somebody_must_log_in_is_down(name: str, more: dict[str, Any]) -> None:
    (event,) = read_inbound({**ENVELOPE, "event": name, **more})
    assert (event.kind, event.connected, event.reason) == (InboundKind.CONNECTION, False, "logged out")


def test_one_qr_code_after_the_other_is_one_piece_of_news() -> None:
    codes = [read_inbound({**ENVELOPE, "event": "qrcode.updated", "data": {"qrcode": n}}) for n in range(2)]
    assert codes[0] == codes[1]


def test_a_line_on_its_way_up_says_nothing() -> None:
    assert read_inbound({**ENVELOPE, "event": "connection.update", "data": {"state": "connecting"}}) == ()
