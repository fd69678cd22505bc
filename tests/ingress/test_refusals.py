"""What every door refuses, each in the shape that its clients know; nothing is stored."""

import gzip
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from dispatcher.ingress.body import LIMIT_BYTES
from tests.ingress.asks import CREATING, Ask
from tests.ingress.conftest import Web

MIB = 1024 * 1024


def lines(dialect: str, answer: httpx.Response) -> list[str]:
    """The lines that a refusal says, whatever its shape; fails when the shape is not the dialect's."""
    said: dict[str, Any] = answer.json()
    match dialect:
        case "uazapi" | "uazapi simple":
            assert set(said) == {"error"}
            return [str(said["error"])]
        case "kinbox":
            assert set(said) == {"statusCode", "message", "error"}
            assert said["statusCode"] == answer.status_code
            return list(said["message"])
        case "cpc" if answer.status_code == 401:
            assert said == {"message": "Token de autenticação inválido", "error": "Unauthorized", "statusCode": 401}
            return [said["message"]]
        case "cpc" if answer.status_code in (404, 405):
            assert set(said) == {"message", "error", "statusCode"}
            assert said["statusCode"] == answer.status_code
            return [said["message"]]
        case "cpc":
            assert set(said) == {"status", "statusCode", "message", "errors"}
            assert (said["status"], said["statusCode"]) == ("error", answer.status_code)
            return list(said["errors"])
        case "native":
            assert answer.headers["content-type"] == "application/problem+json"
            assert {"type", "title", "status", "detail"} <= set(said) <= {"type", "title", "status", "detail", "errors"}
            assert said["status"] == answer.status_code
            return [f"{one['field']}: {one['rule']}" for one in said.get("errors", [])] or [said["detail"]]
    assert set(said) == {"detail"}
    if isinstance(said["detail"], str):
        return [said["detail"]]
    assert answer.status_code == 422
    assert all(set(one) == {"loc", "msg", "type"} and one["loc"][0] in ("body", "header") for one in said["detail"])
    return [".".join(map(str, one["loc"][1:])) + ": " + one["msg"] for one in said["detail"]]


def malformed(dialect: str) -> int:
    """The status for a body that breaks rules."""
    return 422 if dialect.startswith("builder") else 400


every_dialect = pytest.mark.parametrize(("dialect", "ask"), CREATING.items(), ids=CREATING)


pytestmark = pytest.mark.usefixtures("nothing_stored")


@every_dialect
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic eDp5"},
        {"token": "wrong"},
        {"token": "caixa-token-of-another"},
    ],
)
def test_a_stranger_is_not_let_in(shared_web: Web, dialect: str, ask: Ask, headers: dict[str, str]) -> None:
    answer = shared_web.http.post(ask.path, json=ask.body, headers=headers)
    assert answer.status_code == 401
    assert lines(dialect, answer)


@every_dialect
def test_a_token_opens_its_own_providers_door_only(shared_web: Web, dialect: str, ask: Ask) -> None:
    for token in ("loja-token", "caixa-token", "obra-token", "cobranca-token"):
        headers = {"token": token, "Authorization": f"Bearer {token}"}
        if token not in (*ask.headers.values(), ask.headers.get("Authorization", "").removeprefix("Bearer ")):
            assert shared_web.http.post(ask.path, json=ask.body, headers=headers).status_code == 401


@every_dialect
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"x"', b'{"messages": "\xff"}', rb'{"messages": [{"text": "a\u0000"}]}', b"[" * 200_000],
    ids=["empty", "cut", "a list", "a text", "not UTF-8", "NUL", "deep"],
)
def test_a_body_that_is_no_json_object_is_refused(shared_web: Web, dialect: str, ask: Ask, body: bytes) -> None:
    answer = shared_web.http.post(ask.path, content=body, headers=ask.headers)
    assert answer.status_code == malformed(dialect)
    assert lines(dialect, answer)


@every_dialect
def test_a_body_over_the_limit_is_refused(shared_web: Web, dialect: str, ask: Ask) -> None:
    answer = shared_web.http.post(ask.path, content=b" " * (LIMIT_BYTES + 1), headers=ask.headers)
    assert answer.status_code == 413
    assert lines(dialect, answer)


@every_dialect
def test_a_packed_body_is_refused_before_it_is_unpacked(shared_web: Web, dialect: str, ask: Ask) -> None:
    packed = gzip.compress(json.dumps(ask.body).encode())
    answer = shared_web.http.post(ask.path, content=packed, headers={**ask.headers, "Content-Encoding": "gzip"})
    assert answer.status_code == 415
    assert lines(dialect, answer) == ["Content-Encoding: is not understood: send the body as it is"]


@every_dialect
def test_a_body_of_unknown_length_is_counted_while_it_comes(shared_web: Web, dialect: str, ask: Ask) -> None:
    """65 MiB, one at a time and without a Content-Length."""
    answer = shared_web.http.post(ask.path, content=(b" " * MIB for _ in range(65)), headers=ask.headers)
    assert "content-length" not in answer.request.headers
    assert answer.status_code == 413
    assert lines(dialect, answer)


def test_who_waits_for_leave_to_send_is_refused_before(shared_web: Web) -> None:
    ask = CREATING["uazapi"]
    head = (
        f"POST {ask.path} HTTP/1.1\r\nHost: x\r\ntoken: loja-token\r\n"
        f"Content-Length: {LIMIT_BYTES + 1}\r\nExpect: 100-continue\r\n\r\n"
    )
    with connected(shared_web) as connection:
        connection.sendall(head.encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 413")


def test_a_stranger_is_refused_before_the_body(shared_web: Web) -> None:
    with connected(shared_web) as connection:
        connection.sendall(b"POST /sender/advanced HTTP/1.1\r\nHost: x\r\nContent-Length: 60000000\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 401")


@every_dialect
@pytest.mark.parametrize("key", ["", "k" * 256])
def test_an_idempotency_key_has_a_length(shared_web: Web, dialect: str, ask: Ask, key: str) -> None:
    answer = shared_web.http.post(ask.path, json=ask.body, headers={**ask.headers, "Idempotency-Key": key})
    assert answer.status_code == malformed(dialect)
    assert lines(dialect, answer) == ["Idempotency-Key: must have 1 to 255 characters"]


@every_dialect
def test_an_empty_object_names_what_is_missing(shared_web: Web, dialect: str, ask: Ask) -> None:
    answer = shared_web.http.post(ask.path, json={}, headers=ask.headers)
    assert answer.status_code == malformed(dialect)
    named = lines(dialect, answer)
    assert named
    assert all(": " in line for line in named)


def test_uazapi_names_the_field_of_the_message(shared_web: Web) -> None:
    ask = CREATING["uazapi"]
    good = ask.body["messages"][0]
    body = {"messages": [good, good, good, {**good, "type": "list", "choices": ["a|b"]}]}
    answer = shared_web.http.post(ask.path, json=body, headers=ask.headers)
    assert answer.json() == {"error": "messages[3].listButton: is required for a list"}


def test_an_unknown_account_is_named(shared_web: Web) -> None:
    answer = shared_web.admin.post("/v1/campaigns", json={**CREATING["native"].body, "account": "nobody"})
    assert answer.json()["errors"] == [{"field": "account", "rule": "is not known"}]


def test_an_unknown_sender_is_named(shared_web: Web) -> None:
    answer = shared_web.admin.post("/v1/campaigns", json={**CREATING["native"].body, "senders": ["nobody"]})
    assert answer.status_code == 400
    assert [one["field"] for one in answer.json()["errors"]] == ["senders"]


def test_an_unknown_tag_is_cpcs_404(shared_web: Web) -> None:
    ask = CREATING["cpc"]
    answer = shared_web.http.post(ask.path, json={**ask.body, "tag": "emp9"}, headers=ask.headers)
    assert answer.status_code == 404
    assert answer.json() == {"message": "Tag 'emp9' não encontrada", "error": "Not Found", "statusCode": 404}


def test_an_unknown_channel_is_kinboxs_400(shared_web: Web) -> None:
    ask = CREATING["kinbox"]
    answer = shared_web.http.post(ask.path, json={**ask.body, "channelId": "canal-9"}, headers=ask.headers)
    assert answer.status_code == 400
    assert answer.json()["message"] == ["channelId: there is no such channel"]


def test_an_unknown_bot_is_builders_404(shared_web: Web) -> None:
    ask = CREATING["builder campaign"]
    answer = shared_web.http.post("/org/bot-9/campaign", json=ask.body, headers=ask.headers)
    assert (answer.status_code, answer.json()) == (404, {"detail": "there is no such bot"})


WAYS_NOT_TAKEN = [
    ("native", "GET", "/nowhere", None),
    ("native", "DELETE", "/v1/campaigns", "GET, POST"),
    ("native", "DELETE", "/v1/campaigns/0f3k9x2m7q4t/messages", "GET"),
    ("native", "GET", "/v1/nowhere", None),
    ("uazapi", "GET", "/sender/advanced", "POST"),
    ("uazapi", "GET", "/sender/list", None),
    ("uazapi", "POST", "/send/text", None),
    ("kinbox", "PUT", "/v3/campaigns", "GET, POST"),
    ("kinbox", "POST", "/v3/campaigns/0f3k9x2m7q4t", "DELETE, GET, PATCH"),
    ("kinbox", "GET", "/v3/contacts", None),
    ("builder", "GET", "/login", "POST"),
    ("builder", "PUT", "/acionamento/5", "GET"),
    ("builder", "DELETE", "/org/bot/campaign", "POST"),
    ("builder", "DELETE", "/org/bot/campaign/0f3k9x2m7q4t", "GET"),
    ("builder", "POST", "/acionamento/5/more", None),
    ("cpc", "GET", "/api/messages/massivocpc", "POST"),
    ("cpc", "POST", "/api/messages", None),
]


@pytest.mark.parametrize(("dialect", "method", "path", "allowed"), WAYS_NOT_TAKEN)
def test_where_no_door_is_the_refusal_has_the_shape_of_the_paths_dialect(
    shared_web: Web, dialect: str, method: str, path: str, allowed: str | None
) -> None:
    answer = shared_web.http.request(method, path)
    assert answer.status_code == (404 if allowed is None else 405)
    assert lines(dialect, answer) == ["Not Found" if allowed is None else "Method Not Allowed"]
    assert answer.headers.get("allow") == allowed


@pytest.mark.parametrize(
    "path",
    [
        "/v1/campaigns",
        "/v1/campaigns/0f3k9x2m7q4t",
        "/v1/campaigns/0f3k9x2m7q4t/messages",
        "/v1/senders",
        "/v1/locks/5511900000001",
        "/v1/in-doubt",
    ],
)
def test_the_native_api_is_for_the_administrator(shared_web: Web, path: str) -> None:
    assert lines("native", shared_web.http.get(path)) == ["a bearer token is needed"]
    wrong = shared_web.http.get(path, headers={"Authorization": "Bearer loja-token"})
    assert (wrong.status_code, lines("native", wrong)) == (401, ["the admin token is needed"])


def test_a_refusal_never_repeats_the_value(shared_web: Web) -> None:
    ask = CREATING["uazapi"]
    body = {"messages": [{"number": "999000111222333", "type": "text", "text": ["segredo"]}]}
    answer = shared_web.http.post(ask.path, content=json.dumps(body), headers=ask.headers)
    assert "999000111222333" not in answer.text
    assert "segredo" not in answer.text


@contextmanager
def connected(web: Web) -> Iterator[socket.socket]:
    address = urlsplit(str(web.http.base_url))
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10) as connection:
        yield connection


@every_dialect
def test_slashes_around_a_path_lead_nowhere_else(shared_web: Web, dialect: str, ask: Ask) -> None:
    for path in (f"{ask.path}/", f"/{ask.path}"):
        answer = shared_web.http.post(f"{shared_web.http.base_url}{path}", json={}, headers=ask.headers)
        assert answer.status_code == malformed(dialect), path
        assert lines(dialect, answer)
