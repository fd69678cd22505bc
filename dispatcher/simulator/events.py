"""The bodies of webhooks, in the shapes and with the oddities of live ones (PROVIDERS.md 1.8, 2.3, 4.5, 5).

`REPLY` and `RECEIPT` list the options with their defaults; what a caller gives replaces them.
"""

import secrets
import time
from typing import Any

from dispatcher.simulator.numbers import digits_of, jid, spellings
from dispatcher.simulator.webhooks import Event

Json = dict[str, Any]
REPLY: Json = {
    "provider": "uazapi",
    "identity": "",
    "number": "",
    "text": "oi",
    "spelling": "jid",  # jid (WhatsApp's rule), given, 12, 13, plus (+55 (11) 9…)
    "shape": "",  # uazapi, evolution, kinbox; "": the provider's own
    "lid": False,  # the sender's id is a lid, its number stands in sender_pn / remoteJidAlt
    "lid_only": False,  # no number anywhere
    "group": False,  # written in a group
    "from_me": False,  # our own line wrote it
    "by_api": False,  # … through the API
    "folder": "",  # … as part of this mass send
    "button": "",  # id of the button or row that was tapped
    "unit": "ms",  # of the timestamp: ms, s
    "age_s": 0.0,  # how long ago it was written
    "strings": False,  # booleans and numbers as texts
    "message_id": "",  # to post the very same event again
    "times": 1,  # so often
    "raw": None,  # a body to post as it stands
}
RECEIPT: Json = {
    "provider": "uazapi",
    "identity": "",
    "number": "",
    "state": "Delivered",  # Sent, Delivered, Read, Played; cpc also Error
    "message_ids": [],  # empty: the last delivery to the number
    "shape": "",  # uazapi, flat, text (event as a text), evolution
    "single": False,  # MessageIDs is one text, not a list
    "strings": False,
    "unit": "s",
    "age_s": 0.0,
    "times": 1,
}
CONNECTION: Json = {
    "provider": "uazapi",
    "identity": "",
    "status": "disconnected",
    "reason": "401: logged out from another device",
    "shape": "",
}
OWN_SHAPE = {"uazapi": "uazapi", "kinbox": "kinbox", "builder": "evolution", "cpc": "evolution"}
ACKS = {"Sent": "SERVER_ACK", "Delivered": "DELIVERY_ACK", "Read": "READ", "Played": "PLAYED", "Error": "ERROR"}


def options(defaults: Json, given: Any) -> Json:
    """The defaults with what is given; ValueError for unknown names and for values of another kind."""
    if not isinstance(given, dict):
        raise ValueError("a JSON object is needed")
    for name, value in given.items():
        if name not in defaults:
            raise ValueError(f"{name}: not known; there are {', '.join(defaults)}")
        if defaults[name] is not None and not isinstance(value, _kinds(defaults[name])):
            raise ValueError(f"{name}: must be {type(defaults[name]).__name__}")
    return {**defaults, **given}


def _kinds(default: Any) -> tuple[type, ...]:
    return (int, float) if isinstance(default, float) else (type(default),)


# ---------------------------------------------------------------------- replies


def reply(wanted: Json) -> Event:
    shape = wanted["shape"] or OWN_SHAPE[wanted["provider"]]
    if wanted["raw"] is not None:
        return Event(wanted["provider"], wanted["identity"], "messages", wanted["raw"], "text")
    return _REPLIES[shape](wanted)


def spelled(number: str, spelling: str) -> str:
    """A number as some field spells it."""
    if spelling == "jid":
        return digits_of(jid(number))
    if spelling == "plus":
        digits = digits_of(number)
        return f"+{digits[:2]} {digits[2:4]} {digits[4:-4]}-{digits[-4:]}"
    if spelling in ("12", "13"):
        return next((s for s in spellings(number) if len(s) == int(spelling)), digits_of(number))
    return number


def lid_of(number: str) -> str:
    """A stable lid for a person."""
    return f"{int(digits_of(number) or 0) * 7 % 10**15}@lid"


def _uazapi_reply(wanted: Json) -> Event:
    number, own = spelled(wanted["number"], wanted["spelling"]), digits_of(wanted["identity"]) or "5511900000000"
    address = number if "@" in number else f"{digits_of(number)}@s.whatsapp.net"
    lid, is_group = lid_of(wanted["number"]), wanted["group"]
    hidden = wanted["lid_only"]
    chat = "120363025246125486@g.us" if is_group else lid if hidden else address
    bare = wanted["message_id"] or f"3A{secrets.token_hex(9).upper()}"
    from_me = wanted["from_me"]
    message = {
        "id": f"{own}:{bare}",
        "messageid": bare,
        "chatid": chat,
        "chatlid": "" if is_group else lid,
        "sender": lid if wanted["lid"] or hidden else address,
        "sender_pn": "" if hidden else f"{own}@s.whatsapp.net" if from_me else address,
        "sender_lid": lid,
        "fromMe": _flag(from_me, wanted),
        "isGroup": _flag(is_group, wanted),
        "messageType": "ButtonsResponseMessage" if wanted["button"] else "Conversation",
        "content": wanted["text"],
        "text": wanted["text"],
        "messageTimestamp": _stamp(wanted),
        "wasSentByApi": _flag(wanted["by_api"], wanted),
        "buttonOrListid": wanted["button"],
        "track_id": "",
        "track_source": "",
        "send_folder_id": wanted["folder"],
        "status": "",
    }
    phone = "" if hidden or is_group else spelled(wanted["number"], "plus")
    body = {
        "BaseUrl": "https://simulator.uazapi.com",
        "EventType": "messages",
        "token": wanted["identity"],
        "owner": own,
        "instanceName": wanted["identity"],
        "chatSource": "updated",
        "chat": {"phone": phone, "wa_chatid": "" if hidden else chat, "wa_chatlid": lid},
        "message": message,
    }
    traits = {
        "fromMeYes" if from_me else "fromMeNo",
        "isGroupYes" if is_group else "isGroupNo",
        "wasSentByApi" if wanted["by_api"] else "wasNotSentByApi",
    }
    return Event(wanted["provider"], wanted["identity"], "messages", body, "text", traits)


def _evolution_reply(wanted: Json) -> Event:
    address = f"{digits_of(spelled(wanted['number'], wanted['spelling']))}@s.whatsapp.net"
    lid, bare = lid_of(wanted["number"]), wanted["message_id"] or f"3A{secrets.token_hex(9).upper()}"
    key: Json = {"remoteJid": address, "fromMe": _flag(wanted["from_me"], wanted), "id": bare}
    if wanted["group"]:
        key |= {"remoteJid": "120363025246125486@g.us", "participant": address}
    elif wanted["lid_only"]:
        key["remoteJid"] = lid
    elif wanted["lid"]:
        key |= {"remoteJid": lid, "remoteJidAlt": address, "senderPn": address}
    data = {
        "key": key,
        "pushName": "Cliente",
        "message": {"conversation": wanted["text"]},
        "messageType": "conversation",
        "messageTimestamp": _stamp({**wanted, "unit": "s"}),
        "status": "DELIVERY_ACK",
    }
    return _evolution(wanted, "messages.upsert", data)


def _evolution(wanted: Json, name: str, data: Json) -> Event:
    """Evolution's envelope [5]; the CPC system names its instances `line_<phone>`."""
    body = {
        "event": name,
        "instance": wanted["identity"] or "line_5511900000000",
        "data": data,
        "destination": "",
        "date_time": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
        "sender": "5511900000000@s.whatsapp.net",
        "server_url": "http://simulator",
        "apikey": "simulator",
    }
    return Event(wanted["provider"], wanted["identity"], name.replace(".", "-"), body)


def _kinbox_reply(wanted: Json) -> Event:
    """Its payloads are not public; this is a guess that a lenient reader should understand [2.3]."""
    body = {
        "type": "message.created",
        "data": {
            "id": wanted["message_id"] or secrets.token_hex(12),
            "content": wanted["text"],
            "fromMe": _flag(wanted["from_me"], wanted),
            "channelId": wanted["identity"],
            "contact": {"phone": spelled(wanted["number"], wanted["spelling"]), "name": "Cliente"},
            "createdAt": _stamp(wanted),
        },
    }
    return Event(wanted["provider"], wanted["identity"], "message", body)


_REPLIES = {"uazapi": _uazapi_reply, "evolution": _evolution_reply, "kinbox": _kinbox_reply}


# ---------------------------------------------------------------------- receipts


def receipt(wanted: Json) -> Event:
    shape = wanted["shape"] or OWN_SHAPE[wanted["provider"]]
    if wanted["state"] not in ACKS:
        raise ValueError(f"state: one of {', '.join(ACKS)}")
    return _RECEIPTS[shape](wanted)


def _uazapi_receipt(wanted: Json) -> Event:
    ids, chat = wanted["message_ids"], jid(wanted["number"])
    event: Json = {
        "Chat": chat,
        "Sender": chat,
        "IsFromMe": _flag(False, {**wanted, "capital": True}),
        "IsGroup": _flag(chat.endswith("@g.us"), {**wanted, "capital": True}),
        "MessageIDs": (ids[0] if ids else "") if wanted["single"] else ids,
        "Timestamp": _stamp(wanted),
        "Type": wanted["state"],
    }
    body = {
        "EventType": "messages_update",
        "type": "ReadReceipt",
        "state": wanted["state"],
        "token": wanted["identity"],
        "owner": digits_of(wanted["identity"]) or "5511900000000",
        "event": "ReadReceipt" if wanted["shape"] == "text" else event,
    }
    return Event(wanted["provider"], wanted["identity"], "messages_update", body)


def _flat_receipt(wanted: Json) -> Event:
    """The flat variant that one document shows [1.8]; one message only."""
    bare = wanted["message_ids"][0] if wanted["message_ids"] else ""
    own = digits_of(wanted["identity"]) or "5511900000000"
    body = {
        "EventType": "messages_update",
        "token": wanted["identity"],
        "id": f"{own}:{bare}",
        "messageid": bare,
        "chatid": jid(wanted["number"]),
        "status": wanted["state"],
    }
    return Event(wanted["provider"], wanted["identity"], "messages_update", body)


def _evolution_receipt(wanted: Json) -> Event:
    bare = wanted["message_ids"][0] if wanted["message_ids"] else ""
    data = {
        "keyId": bare,
        "key": {"id": bare, "remoteJid": jid(wanted["number"]), "fromMe": True},
        "remoteJid": jid(wanted["number"]),
        "fromMe": True,
        "status": ACKS[wanted["state"]],
    }
    return _evolution(wanted, "messages.update", data)


_RECEIPTS = {
    "uazapi": _uazapi_receipt,
    "text": _uazapi_receipt,
    "flat": _flat_receipt,
    "evolution": _evolution_receipt,
    "kinbox": _evolution_receipt,
}


# ---------------------------------------------------------------------- connection


def connection(wanted: Json) -> Event:
    if (wanted["shape"] or OWN_SHAPE[wanted["provider"]]) != "uazapi":
        is_up = wanted["status"] == "connected"
        data = {"state": "open" if is_up else "close", "statusReason": 200 if is_up else 401}
        return _evolution(wanted, "connection.update", data)
    is_up = wanted["status"] == "connected"
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    instance: Json = {"name": wanted["identity"], "status": wanted["status"]}
    if not is_up:
        instance |= {"lastDisconnect": now, "lastDisconnectReason": wanted["reason"]}
    body = {
        "EventType": "connection",
        "token": wanted["identity"],
        "instance": instance,
        "type": "Connected" if is_up else "LoggedOut",
    }
    return Event("uazapi", wanted["identity"], "connection", body)


def _flag(value: bool, wanted: Json) -> bool | str:
    if not wanted["strings"]:
        return value
    return str(value) if wanted.get("capital") else str(value).lower()


def _stamp(wanted: Json) -> int | str:
    at = time.time() - wanted["age_s"]
    stamp = int(at * 1000) if wanted["unit"] == "ms" else int(at)
    return str(stamp) if wanted["strings"] else stamp
