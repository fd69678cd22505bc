"""Webhooks: what providers tell is stored and answered at once; who has not the secret finds nothing there."""

from typing import Any

import pytest

from tests.ingress.asks import ANA
from tests.ingress.conftest import Web

REPLY: dict[str, Any] = {
    "EventType": "messages",
    "token": "x",
    "owner": "5511900000091",
    "message": {
        "id": "5511900000091:3EB0",
        "messageid": "3EB0",
        "chatid": f"{ANA}@s.whatsapp.net",
        "fromMe": False,
        "isGroup": False,
        "text": "oi",
        "messageTimestamp": 1_794_052_800_000,
    },
}


@pytest.mark.parametrize("appended", ["", "/", "/messages", "/messages/text"])
def test_an_event_is_taken_wherever_the_provider_appends_to_the_path(web: Web, appended: str) -> None:
    answer = web.http.post(f"/webhooks/loja/loja-hook{appended}", json=REPLY)
    assert (answer.status_code, answer.json()) == (200, {"events": 1, "new": 1})


def test_the_same_event_twice_is_new_once(web: Web) -> None:
    answers = [web.http.post("/webhooks/loja/loja-hook", json=REPLY).json() for _ in range(2)]
    assert [answer["new"] for answer in answers] == [1, 0]


@pytest.mark.parametrize("body", [{}, [], "x", {"EventType": "presence"}, {"EventType": "messages", "message": 7}])
def test_what_is_not_understood_is_answered_200(shared_web: Web, body: Any) -> None:
    answer = shared_web.http.post("/webhooks/loja/loja-hook", json=body)
    assert (answer.status_code, answer.json()) == (200, {"events": 0, "new": 0})


def test_text_that_cannot_be_stored_does_not_lose_the_event(web: Web) -> None:
    raw = rb'{"EventType": "messages", "message": {"messageid": "3EB1", "chatid": "5511900000001@s.whatsapp.net", '
    raw += rb'"fromMe": false, "text": "\ud83d\u0000!", "messageTimestamp": 1794052800000}}'
    assert web.http.post("/webhooks/loja/loja-hook", content=raw).json() == {"events": 1, "new": 1}


@pytest.mark.parametrize("stamp", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", 10**17 - 1, 1e300])
def test_a_time_that_nobody_can_keep_is_no_error(web: Web, stamp: Any) -> None:
    reply = {**REPLY, "message": {**REPLY["message"], "messageTimestamp": stamp}}
    assert web.http.post("/webhooks/loja/loja-hook", json=reply).json() == {"events": 1, "new": 1}


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(
    "path",
    [
        "/webhooks/loja%00/loja-hook",
        "/webhooks/loja/wrong",
        "/webhooks/nobody/loja-hook",
        "/webhooks/caixa/",
        "/webhooks/caixa/-",
        "/webhooks/loja",
    ],
)
def test_without_the_secret_there_is_nothing(shared_web: Web, path: str) -> None:
    assert shared_web.http.post(path, json=REPLY).status_code == 404


@pytest.mark.usefixtures("nothing_stored")
def test_what_is_no_json_is_400(shared_web: Web) -> None:
    assert shared_web.http.post("/webhooks/loja/loja-hook", content=b"event=messages").status_code == 400


def test_events_are_counted_by_kind_and_what_became_of_them(web: Web) -> None:
    for body in (REPLY, REPLY, {"EventType": "presence"}):
        web.http.post("/webhooks/loja/loja-hook", json=body)
    shown = web.http.get("/metrics").text
    for labels in (
        'kind="reply",outcome="new"',
        'kind="reply",outcome="repeated"',
        'kind="none",outcome="not_understood"',
    ):
        assert f'dispatcher_inbound_events_total{{{labels},provider="uazapi"}} 1.0' in shown
