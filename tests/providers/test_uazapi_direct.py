"""Mode `direct`: a job in, exactly this call out; a canned answer in, exactly these outcomes out."""

from typing import Any

import pytest

from dispatcher.domain.outcomes import Fate, Halt, Scope
from dispatcher.providers.contract import Misconfigured, Unsendable
from dispatcher.providers.registry import provider
from tests.providers.jobs import CAMPAIGN, PHONES, account, answer, job, parcel, parcels, sender

UAZAPI = provider("uazapi")
JOB = f"{CAMPAIGN}-12.1"
TRACK = {"track_source": "dispatcher", "track_id": JOB}
DIRECT = account("uazapi", mode="direct", batch=50)


def direct(*sent: Any) -> Any:
    return job("uazapi", *sent, account=DIRECT, sender=sender(token="own"))


BUTTONS = {"type": "button", "text": "Oi", "choices": ["Sim|1"], "footerText": "f"}
LIST = {"type": "list", "text": "Escolha", "listButton": "Ver", "choices": ["[A]", "Um|1"]}
POLL = {"type": "poll", "text": "Qual?", "choices": ["A", "B"], "selectableCount": 1}
CAROUSEL = {"type": "carousel", "text": "Veja", "choices": ["[Um]", "{https://x.example/1.png}", "Ver|1"]}
CONTACT = {"fullName": "Ana", "phoneNumber": "5511900000077"}
PLACE = {"latitude": -23.5, "longitude": -46.6, "name": "Loja"}

CALLS: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    ({"type": "text", "text": "oi", "linkPreview": True}, "/send/text", {"text": "oi", "linkPreview": True}),
    (BUTTONS, "/send/menu", BUTTONS),
    (LIST, "/send/menu", LIST),
    (POLL, "/send/menu", POLL),
    (CAROUSEL, "/send/menu", CAROUSEL),
    *(
        (media, "/send/media", media)
        for media in (
            {"type": kind, "file": "https://x.example/f", "text": "legenda"}
            for kind in ("image", "document", "audio", "ptt", "myaudio", "sticker", "video")
        )
    ),
    ({"type": "contact", **CONTACT}, "/send/contact", CONTACT),
    ({"type": "location", **PLACE}, "/send/location", PLACE),
]


@pytest.mark.parametrize(("content", "path", "said"), CALLS, ids=lambda value: value if type(value) is str else "")
def test_every_type_has_its_call(content: dict[str, Any], path: str, said: dict[str, Any]) -> None:
    request = UAZAPI.build(direct(parcel(content=content)))
    assert (request.method, request.path, request.headers) == ("POST", path, {"token": "own"})
    assert request.json == {**said, "number": PHONES[0], **TRACK}


def test_a_content_changes_neither_recipient_nor_mark_nor_makes_the_answer_mean_less() -> None:
    content = {"type": "text", "text": "oi", "number": PHONES[2], "track_id": "x", "track_source": "y", "async": True}
    assert UAZAPI.build(direct(parcel(content=content))).json == {"text": "oi", "number": PHONES[0], **TRACK}


def test_one_message_for_each_call() -> None:
    assert UAZAPI.batch_for(DIRECT, 1_000) == 1
    assert UAZAPI.batch_for(account("uazapi", batch=50), 1_000) == 50
    with pytest.raises(Unsendable, match="one_message_at_a_time"):
        UAZAPI.build(direct(*parcels(PHONES)))
    with pytest.raises(Unsendable, match="unknown_type"):
        UAZAPI.build(direct(parcel(content={"type": "hologram"})))


def test_a_mode_that_is_not_there_is_refused() -> None:
    with pytest.raises(Misconfigured, match="unknown_mode"):
        UAZAPI.build(job("uazapi", account=account("uazapi", mode="bulk")))


def test_the_mode_sender_can_be_named() -> None:
    assert UAZAPI.build(job("uazapi", account=account("uazapi", mode="sender"))).path == "/sender/advanced"


MESSAGE = {"id": "5511900000009:3EB0A1", "messageid": "3EB0A1", "status": "Sent", "track_id": JOB}
ABSENT = "the number 5511900000001@s.whatsapp.net is not on WhatsApp"
FAILED = {"chatid": "x", "status": "Failed", "error": ABSENT, "track_id": JOB}
TIMELOCK = {"provider_code": 463, "details": {"reachout_timelock": {"until": "2025-11-24T18:00:00Z"}}}
TIMELOCKED = Halt(Scope.SENDER, "reachout_timelock", 1_764_007_200_999)
DOWN = {"error": True, "message": "WhatsApp disconnected: session is not reconnectable"}

ANSWERS = [
    # status  body                                              fate            reason                ref       halt
    (200, {**MESSAGE, "response": {"status": "success"}}, Fate.SENT, "", "3EB0A1", None),
    (201, MESSAGE, Fate.SENT, "", "3EB0A1", None),
    (200, {"id": "5511900000009:3EB0A2"}, Fate.SENT, "", "3EB0A2", None),
    (200, {"message": MESSAGE, "response": {}}, Fate.SENT, "", "3EB0A1", None),
    (200, {**MESSAGE, "status": "Queued"}, Fate.IN_DOUBT, "queued_at_provider", "3EB0A1", None),
    (200, {**MESSAGE, "status": "Pending"}, Fate.IN_DOUBT, "queued_at_provider", "3EB0A1", None),
    (200, FAILED, Fate.FAILED, "not_on_whatsapp", None, None),
    (200, {"status": "Sent"}, Fate.IN_DOUBT, "unreadable_answer", None, None),
    (200, {"response": {"status": "success"}}, Fate.IN_DOUBT, "unreadable_answer", None, None),
    (200, [MESSAGE], Fate.IN_DOUBT, "unreadable_answer", None, None),
    (200, b"<html>", Fate.IN_DOUBT, "unreadable_answer", None, None),
    (400, {"error": "Missing number or text"}, Fate.FAILED, "refused_by_provider", None, None),
    (401, {"error": "Invalid token"}, Fate.DEFERRED, "unauthorised", None, Halt(Scope.SENDER, "unauthorised")),
    (404, b"", Fate.DEFERRED, "endpoint_not_found", None, Halt(Scope.SENDER, "endpoint_not_found")),
    (413, {"error": "File too large"}, Fate.FAILED, "too_large", None, None),
    (415, {"error": "Unsupported media"}, Fate.FAILED, "refused_by_provider", None, None),
    (429, {"error": "Rate limit exceeded"}, Fate.RETRY, "rate_limited", None, None),
    (500, {"error": "Failed to send message"}, Fate.IN_DOUBT, "server_error", None, None),
    (500, {"error": ABSENT}, Fate.FAILED, "not_on_whatsapp", None, None),
    (500, TIMELOCK, Fate.DEFERRED, "reachout_timelock", None, TIMELOCKED),
    (503, DOWN, Fate.DEFERRED, "disconnected", None, Halt(Scope.SENDER, "disconnected")),
]


@pytest.mark.parametrize(("status", "body", "fate", "reason", "reference", "halt"), ANSWERS)
def test_the_answer_to_a_message(
    status: int, body: Any, fate: Fate, reason: str, reference: str | None, halt: Halt | None
) -> None:
    reading = UAZAPI.read(direct(), answer(status, body))
    assert [(one.fate, one.reason, one.provider_ref) for one in reading.outcomes] == [(fate, reason, reference)]
    assert reading.halt == halt


def test_no_number_gets_into_a_detail() -> None:
    (outcome,) = UAZAPI.read(direct(), answer(200, FAILED)).outcomes
    assert "not on WhatsApp" in outcome.detail
    assert "90000" not in outcome.detail


def test_a_doubt_is_asked_for_under_the_jobs_id() -> None:
    assert UAZAPI.lookup is not None
    request = UAZAPI.lookup(direct())
    assert (request.method, request.path, request.headers) == ("POST", "/message/find", {"token": "own"})
    assert request.json == TRACK


def found(*messages: Any) -> dict[str, Any]:
    return {"returnedMessages": len(messages), "messages": [*messages], "hasMore": False}


OTHER = {**MESSAGE, "track_id": "another"}
SENT = (Fate.SENT, "found_at_provider", "3EB0A1")
LOOKUPS = [
    (200, found(MESSAGE), SENT),
    (200, found({**MESSAGE, "status": "Read"}), SENT),
    (200, found(OTHER, MESSAGE), SENT),
    (200, found(FAILED, MESSAGE), SENT),
    (200, found(FAILED), (Fate.FAILED, "not_on_whatsapp", None)),
    (200, found({**MESSAGE, "status": "Queued"}), None),
    (200, found(FAILED, {**MESSAGE, "status": "Pending"}), None),
    (200, found(), (Fate.RETRY, "not_at_provider", None)),
    (404, {"error": "Chat not found"}, (Fate.RETRY, "not_at_provider", None)),
    (404, b"404 page not found", None),
    (404, {"error": "Not found"}, None),
    (200, found(OTHER), None),  # a server that does not filter
    (200, {"messages": "x"}, None),
    (200, b"<html>", None),
    (401, {"error": "Invalid token"}, None),
    (500, found(), None),
]


@pytest.mark.parametrize(("status", "body", "expected"), LOOKUPS)
def test_a_look_up_tells_only_what_is_certain(status: int, body: Any, expected: Any) -> None:
    assert UAZAPI.read_lookup is not None
    outcomes = UAZAPI.read_lookup(direct(), answer(status, body))
    assert (outcomes and [(one.fate, one.reason, one.provider_ref) for one in outcomes]) == (expected and [expected])
