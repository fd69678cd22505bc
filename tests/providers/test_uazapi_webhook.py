"""Webhook bodies as they were seen, events out."""

from typing import Any

import pytest

from dispatcher.domain.inbound import InboundEvent, InboundKind, ReceiptState
from dispatcher.providers.uazapi.webhook import read_inbound
from tests.providers.jobs import account

AT_MS = 1_764_000_000_000
CLIENT = "5511900000001"
LINE = "5511900000000"
ENVELOPE = {"BaseUrl": "https://x.example", "token": "secret", "owner": LINE, "instanceName": "a"}
CHAT = {"phone": "+55 11 90000-0001", "wa_chatid": f"{CLIENT}@s.whatsapp.net", "wa_chatlid": "123@lid"}
MESSAGE = {
    "id": f"{LINE}:3EB0",
    "messageid": "3EB0",
    "chatid": f"{CLIENT}@s.whatsapp.net",
    "chatlid": "123@lid",
    "sender": "123@lid",
    "sender_pn": f"{CLIENT}@s.whatsapp.net",
    "fromMe": False,
    "isGroup": False,
    "messageType": "Conversation",
    "content": "oi",
    "text": "oi",
    "messageTimestamp": AT_MS,
    "wasSentByApi": False,
    "buttonOrListid": "",
    "status": "",
}


def events(body: Any) -> tuple[InboundEvent, ...]:
    return read_inbound(account("uazapi"), body)


def message(**changed: Any) -> dict[str, Any]:
    chat = changed.pop("chat", CHAT)
    given = {name: value for name, value in {**MESSAGE, **changed}.items() if value is not ...}
    return {**ENVELOPE, "EventType": "messages", "chat": chat, "message": given}


REPLY = InboundEvent(InboundKind.REPLY, "reply:3EB0", AT_MS, key=CLIENT, text="oi", sender_name=LINE)


def test_a_clients_message_is_a_reply() -> None:
    assert events(message()) == (REPLY,)


@pytest.mark.parametrize(
    "changed",
    [
        {"fromMe": "false", "isGroup": "False", "wasSentByApi": "false"},
        {"chatid": "123@lid"},
        {"chatid": "123@lid", "sender_pn": ""},
        {"chatid": "123@lid", "sender_pn": ..., "chat": {"wa_chatid": f"{CLIENT}@s.whatsapp.net"}},
        {"chatid": "5511900000001:3@s.whatsapp.net"},
        {"messageTimestamp": str(AT_MS)},
        {"text": "", "content": {"text": "oi"}},
        {"text": "", "content": {}, "vote": "oi", "buttonOrListid": "row_1"},
        {"text": "", "content": {}, "buttonOrListid": "oi"},
        {"messageid": ...},
    ],
)
def test_a_reply_is_known_in_every_spelling(changed: dict[str, Any]) -> None:
    (event,) = events(message(**changed))
    assert (event.event_id, event.key, event.text, event.at_ms) == ("reply:3EB0", CLIENT, "oi", AT_MS)


def test_a_stamp_in_whole_seconds_means_the_end_of_its_second() -> None:
    (event,) = events(message(messageTimestamp=AT_MS // 1000))
    assert event.at_ms == AT_MS + 999


@pytest.mark.parametrize(
    "changed",
    [
        {"fromMe": True},
        {"fromMe": "True"},
        {"fromMe": ...},
        {"fromMe": "perhaps"},
        {"wasSentByApi": True},
        {"isGroup": True},
        {"isGroup": "true"},
        {"chatid": "120363000000000001@g.us"},
        {"chatid": "120363000000000001@newsletter"},
        {"chatid": "status@broadcast"},
        {"messageType": "ReactionMessage"},
        {"messageType": "ProtocolMessage"},
        {"chatid": "123@lid", "sender_pn": "", "chat": {}},
        {"chatid": 5, "sender_pn": 6, "chat": "x"},
        {"chatid": "123@lid", "chat": {"wa_chatid": "120363000000000001@g.us"}},
        {"chatid": "123@lid", "chat": {**CHAT, "wa_isGroup": True}},
    ],
)
def test_what_is_no_clients_own_message_to_us_gives_nothing(changed: dict[str, Any]) -> None:
    assert events(message(**changed)) == ()


def test_our_own_number_is_never_taken_for_the_client() -> None:
    assert events(message(fromMe=True, chatid="123@lid", sender_pn=f"{LINE}@s.whatsapp.net")) == ()


OURS = {"fromMe": True, "wasSentByApi": True, "send_folder_id": "r77", "sender_pn": f"{LINE}@s.whatsapp.net"}


@pytest.mark.parametrize("changed", [{}, {"fromMe": "true"}, {"chatid": "123@lid"}, {"messageid": ...}])
def test_the_echo_of_a_mass_send_names_its_message(changed: dict[str, Any]) -> None:
    assert events(message(**OURS | changed)) == (
        InboundEvent(
            InboundKind.ECHO, "echo:3EB0", AT_MS, CLIENT, provider_ref="3EB0", job_ref="r77", sender_name=LINE
        ),
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"send_folder_id": ""},
        {"fromMe": False, "isGroup": True},
        {"chatid": "120363000000000001@g.us", "chat": {"wa_isGroup": True}},
        {"chatid": "123@lid", "chat": {}},
        {"messageid": "", "id": ""},
    ],
)
def test_what_is_no_such_echo_names_nothing(changed: dict[str, Any]) -> None:
    assert events(message(**OURS | changed)) == ()


def test_the_same_reply_twice_has_the_same_id() -> None:
    assert events(message(messageid=..., id=...)) == events(message(messageid=..., id=...))
    assert (
        events(message(messageid=..., id=...))[0].event_id
        != events(message(messageid=..., id=..., text="x"))[0].event_id
    )


def test_the_documented_form_is_read_as_well() -> None:
    (event,) = events({"event": "messages", "instance": "a", "data": MESSAGE})
    assert (event.key, event.event_id) == (CLIENT, "reply:3EB0")


# ---------------------------------------------------------------- receipts

RECEIPT = {
    "Chat": f"{CLIENT}@s.whatsapp.net",
    "Sender": "x",
    "IsFromMe": False,
    "IsGroup": False,
    "MessageIDs": ["3EB0", "3EB1"],
    "Timestamp": 1_764_000_000,
    "Type": "Delivered",
}


def receipt(state: str | None = "Delivered", **changed: Any) -> dict[str, Any]:
    given = {name: value for name, value in {**RECEIPT, **changed}.items() if value is not ...}
    return {**ENVELOPE, "EventType": "messages_update", "type": "ReadReceipt", "state": state, "event": given}


def test_a_failure_says_why_without_the_number() -> None:
    (event,) = events(receipt("Failed", MessageIDs="3EB0", error="5511900000001 cannot be reached"))
    assert (event.receipt, event.reason) == (ReceiptState.FAILED, "… cannot be reached")


def test_one_event_may_acknowledge_several_messages() -> None:
    found = events(receipt())
    assert [(one.provider_ref, one.event_id) for one in found] == [
        ("3EB0", "receipt:3EB0:delivered"),
        ("3EB1", "receipt:3EB1:delivered"),
    ]
    assert {(one.kind, one.receipt, one.at_ms, one.key) for one in found} == {
        (InboundKind.RECEIPT, ReceiptState.DELIVERED, AT_MS + 999, CLIENT)
    }


@pytest.mark.parametrize(
    ("body", "state"),
    [
        (receipt("Read", MessageIDs=["3EB0"]), ReceiptState.READ),
        (receipt("Played", MessageIDs="3EB0"), ReceiptState.READ),
        (receipt(None, MessageIDs=["3EB0"]), ReceiptState.DELIVERED),
        (receipt("Sent", MessageIDs=["3EB0"], IsFromMe="False", Timestamp="1764000000"), ReceiptState.SENT),
        (receipt("Read", Chat=..., chatid=f"{CLIENT}@s.whatsapp.net", MessageIDs=["3EB0"]), ReceiptState.READ),
        (
            {
                **ENVELOPE,
                "EventType": "messages_update",
                "event": "messages_update",
                "id": f"{LINE}:3EB0",
                "chatid": f"{CLIENT}@s.whatsapp.net",
                "status": "Read",
            },
            ReceiptState.READ,
        ),
    ],
)
def test_receipts_come_in_many_shapes(body: dict[str, Any], state: ReceiptState) -> None:
    (event,) = events(body)
    assert (event.provider_ref, event.receipt, event.key) == ("3EB0", state, CLIENT)


@pytest.mark.parametrize(
    "body",
    [
        receipt("Typing", Type="x"),
        receipt(IsFromMe="True"),
        receipt(IsGroup=True),
        receipt(MessageIDs=[]),
        receipt(MessageIDs=None),
        {**ENVELOPE, "EventType": "messages_update", "event": "x"},
    ],
)
def test_receipts_that_are_not_ours_give_nothing(body: dict[str, Any]) -> None:
    assert events(body) == ()


# ---------------------------------------------------------------- connection


def connection(status: str, **other: Any) -> dict[str, Any]:
    return {**ENVELOPE, "EventType": "connection", "instance": {"name": "a", "status": status, **other}}


@pytest.mark.parametrize(
    ("status", "connected"),
    [
        *(("connected", True), ("open", True), ("disconnected", False), ("hibernated", False)),
        *(("banned", False), ("logged_out", False), ("Logged Out", False), ("qrcode", False)),
    ],
)
def test_a_line_goes_up_and_down(status: str, connected: bool) -> None:
    (event,) = events(connection(status))
    assert (event.kind, event.connected, event.sender_name) == (InboundKind.CONNECTION, connected, LINE)


def test_a_lost_line_says_why_and_when() -> None:
    why = "401: logged out from another device"
    (event,) = events(connection("disconnected", lastDisconnect="2025-11-24T16:00:00Z", lastDisconnectReason=why))
    assert (event.reason, event.at_ms) == (why, AT_MS + 999)


def test_logged_out_is_down_whatever_the_status_says() -> None:
    (event,) = events({**connection("connecting"), "type": "LoggedOut"})
    assert event.connected is False


def test_a_line_on_its_way_up_says_nothing() -> None:
    assert events(connection("connecting")) == ()


@pytest.mark.parametrize(
    "body",
    [None, 5, "x", [], {}, {"EventType": 5}, {"EventType": "presence"}, {"EventType": "messages", "message": 5}],
)
def test_what_is_not_understood_is_no_error(body: Any) -> None:
    assert events(body) == ()


def test_evolutions_shape_is_accepted_too() -> None:
    key = {"remoteJid": f"{CLIENT}@s.whatsapp.net", "fromMe": False, "id": "A1"}
    body = {"event": "messages.upsert", "instance": "x", "data": {"key": key, "message": {"conversation": "oi"}}}
    assert [one.key for one in events(body)] == [CLIENT]
