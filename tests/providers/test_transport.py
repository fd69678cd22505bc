"""Calls over real sockets: what comes back, and what may have been sent when nothing does."""

import gzip
import logging
import math
import socket
from typing import Any

import httpx
import pytest

from dispatcher.providers.contract import Request, Response
from dispatcher.providers.transport import FAILURES, HELD, CallFailure, Failed, Transport, failure_of
from tests.providers.wire import HANG, RESET, http, refusing, serving

SEND = Request("POST", "/send", {"token": "secret"}, {"text": "olá ☺"})
OK = http(200, {"ok": True}, X_Kind="Y")


def failed(found: Response | CallFailure) -> tuple[Failed, str]:
    assert isinstance(found, CallFailure)
    return found.kind, found.reason


def status(found: Response | CallFailure) -> int:
    assert isinstance(found, Response)
    return found.status


def test_a_request_arrives_as_it_was_built(transport: Transport) -> None:
    with serving(OK) as server:
        found = transport.send([f"{server.url}/"], SEND, 5)
        assert isinstance(found, Response)
        assert (found.status, found.json(), found.headers["x-kind"]) == (200, {"ok": True}, "Y")
        assert found.base_url == f"{server.url}/"
        (seen,) = server.seen
        assert seen.line == "POST /send HTTP/1.1"
        assert seen.json == {"text": "olá ☺"}
        assert (seen.headers["token"], seen.headers["content-type"]) == ("secret", "application/json")


def test_a_request_without_a_body_sends_none(transport: Transport) -> None:
    with serving(OK) as server:
        transport.send([server.url], Request("GET", "/list", params={"a": "b c"}), 5)
        assert server.seen[0].line == "GET /list?a=b+c HTTP/1.1"
        assert "content-type" not in server.seen[0].headers


def test_connections_are_kept_for_the_next_call(transport: Transport) -> None:
    with serving(OK) as server:
        assert [status(transport.send([server.url], SEND, 5)) for _ in range(3)] == [200] * 3
        assert server.connections == 1


def test_no_cookie_of_one_call_goes_with_another(transport: Transport) -> None:
    with serving(http(200, {"ok": True}, Set_Cookie="session=1")) as server:
        transport.send([server.url], SEND, 5)
        transport.send([server.url], SEND, 5)
        assert [seen.headers.get("cookie") for seen in server.seen] == [None, None]


def test_redirects_are_answers(transport: Transport) -> None:
    with serving(http(302, Location="/elsewhere")) as server:
        assert status(transport.send([server.url], SEND, 5)) == 302
        assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (RESET, (Failed.MAYBE_SENT, "connection_lost")),
        (b"", (Failed.MAYBE_SENT, "read_timeout")),
        (HANG, (Failed.MAYBE_SENT, "read_timeout")),
        (b"not http at all\r\n\r\n", (Failed.MAYBE_SENT, "connection_lost")),
        (http(200, b"not gzip at all", Content_Encoding="gzip"), (Failed.MAYBE_SENT, "unreadable_answer")),
    ],
)
def test_what_happens_after_the_request_left_may_have_been_sent(
    transport: Transport, answer: bytes, expected: tuple[Failed, str]
) -> None:
    with serving(answer) as server:
        assert failed(transport.send([server.url], SEND, 0.3)) == expected
        assert len(server.seen) == 1


def test_a_server_that_is_not_there_took_nothing(transport: Transport) -> None:
    assert failed(transport.send([refusing()], SEND, 5)) == (Failed.NOT_SENT, "connection_refused")


def test_an_answer_is_read_up_to_a_limit() -> None:
    small = Transport(max_answer_bytes=1000)
    with serving(http(200, b"x" * 1000), http(200, gzip.compress(b"x" * 1001), Content_Encoding="gzip")) as server:
        assert status(small.send([server.url], SEND, 5)) == 200
        assert failed(small.send([server.url], SEND, 5)) == (Failed.MAYBE_SENT, "answer_too_long")
    small.close()


@pytest.mark.parametrize(
    ("base_urls", "request_", "expected"),
    [
        ([], SEND, (Failed.MISCONFIGURED, "no_base_url")),
        (["ftp://x.example"], SEND, (Failed.MISCONFIGURED, "invalid_base_url")),
        (["x.example"], SEND, (Failed.MISCONFIGURED, "invalid_base_url")),
        (["http://[::1"], SEND, (Failed.MISCONFIGURED, "invalid_base_url")),
        (["http://x:port"], SEND, (Failed.MISCONFIGURED, "invalid_base_url")),
        (["http://127.0.0.1:1"], Request("GET", "/", {"token": "sécret€"}), (Failed.MISCONFIGURED, "invalid_request")),
        (["http://127.0.0.1:1"], Request("POST", "/", json=math.nan), (Failed.NOT_SENT, "unwritable_body")),
        (["http://127.0.0.1:1"], Request("POST", "/", json="\ud83d"), (Failed.NOT_SENT, "unwritable_body")),
        (["http://127.0.0.1:1"], Request("POST", "/", json={1, 2}), (Failed.NOT_SENT, "unwritable_body")),
    ],
)
def test_what_cannot_be_put_on_the_wire_is_not_sent(
    transport: Transport, base_urls: list[str], request_: Request, expected: tuple[Failed, str]
) -> None:
    assert failed(transport.send(base_urls, request_, 5)) == expected


def test_a_token_with_a_line_break_is_our_own_mistake(transport: Transport) -> None:
    with serving(OK) as server:
        found = transport.send([server.url], Request("GET", "/", {"token": "a\nb"}), 5)
        assert failed(found) == (Failed.MISCONFIGURED, "invalid_request")
        assert server.seen == []


# ---------------------------------------------------------------- several base URLs


def test_the_next_base_url_is_tried_when_the_first_took_nothing(transport: Transport) -> None:
    with serving(OK) as server:
        assert status(transport.send([refusing(), server.url], SEND, 5)) == 200


@pytest.mark.parametrize("answer", [RESET, HANG, http(500)])
def test_the_next_base_url_is_never_tried_when_the_first_may_have_taken_it(transport: Transport, answer: bytes) -> None:
    with serving(answer) as first, serving(OK) as second:
        transport.send([first.url, second.url], SEND, 0.3)
        assert (len(first.seen), len(second.seen)) == (1, 0)


def test_a_base_url_that_is_down_goes_to_the_end_of_the_line(transport: Transport) -> None:
    with serving(OK) as first, serving(OK) as second:
        transport.mark_down(first.url)
        transport.send([first.url, second.url], SEND, 5)
        assert (len(first.seen), len(second.seen)) == (0, 1)
        transport.mark_down(second.url)
        transport.send([first.url, second.url], SEND, 5)
        assert (len(first.seen), len(second.seen)) == (1, 1)


def test_when_all_are_down_the_last_reason_stands(transport: Transport) -> None:
    assert failed(transport.send([refusing(), refusing()], SEND, 5)) == (Failed.NOT_SENT, "connection_refused")


# ---------------------------------------------------------------- httpx's exceptions in our words

REQUEST = httpx.Request("GET", "http://x.example")
EXCEPTIONS = [
    found
    for found in vars(httpx).values()
    if isinstance(found, type) and issubclass(found, Exception) and not issubclass(found, Warning)
]
NEVER_LEFT = {httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError}
OUR_MISTAKE = {httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError}


def test_httpx_has_the_exceptions_that_we_know() -> None:
    assert len(EXCEPTIONS) > 25
    assert FAILURES.keys() <= set(EXCEPTIONS)


@pytest.mark.parametrize("kind", EXCEPTIONS, ids=lambda kind: kind.__name__)
def test_every_exception_of_httpx_is_mapped(kind: type[Exception]) -> None:
    assert any(base in FAILURES for base in kind.__mro__)
    found = failure_of(kind.__new__(kind))
    if kind in OUR_MISTAKE:
        assert found.kind is Failed.MISCONFIGURED
    else:
        assert (found.kind is Failed.NOT_SENT) == (kind in NEVER_LEFT)


def test_an_exception_that_nobody_knows_may_have_been_sent() -> None:
    assert failure_of(OSError("x")).kind is Failed.MAYBE_SENT


# ---------------------------------------------------------------- nothing is told


def test_neither_urls_nor_bodies_nor_tokens_are_logged(transport: Transport, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(http(200, {"answer": "told"})) as server:
        transport.send([server.url], Request("POST", "/send", {"token": "secret"}, {"a": "b"}, {"apikey": "key"}), 5)
        transport.send([refusing()], SEND, 5)
    assert [word for word in ("secret", "key", "told", "127.0.0.1", "/send") if word in caplog.text] == []


def test_requests_and_answers_do_not_show_what_they_hold() -> None:
    shown = repr(Request("POST", "/s", {"token": "secret"}, {"a": "text"}, {"apikey": "key"})) + repr(
        Response(200, {}, b"body", "http://base")
    )
    assert [word for word in ("secret", "text", "key", "body=", "base") if word in shown] == []


def test_a_request_that_may_not_leave_sends_no_byte_and_is_not_tried_elsewhere(transport: Transport) -> None:
    with serving(OK) as first, serving(OK) as second:
        found = transport.send([first.url, second.url], SEND, 5, lambda: False)
        assert found is HELD
        assert (first.seen, second.connections) == ([], 0)
        assert status(transport.send([first.url, second.url], SEND, 5, lambda: True)) == 200
        assert (len(first.seen), second.seen) == (1, []), "a link that was not called is not down"


def test_whether_a_request_may_leave_is_asked_when_its_connection_stands_and_not_before(transport: Transport) -> None:
    answers = iter([True])
    with serving(OK) as server:
        found = transport.send([refusing(), server.url], SEND, 5, lambda: next(answers))
        assert status(found) == 200, "nothing could have left to who refused the connection: it was not asked"


def test_a_request_that_is_given_up_does_not_arrive_later(transport: Transport) -> None:
    """What the other end has not taken by then would be sent by the system, also minutes after we let go."""
    long = Request("POST", "/send", {}, {"text": "x" * 200_000})
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)  # most of it stays on our side
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        found = transport.send([f"http://127.0.0.1:{listening.getsockname()[1]}"], long, 0.3)
        assert failed(found) == (Failed.MAYBE_SENT, "read_timeout")
        with listening.accept()[0] as late:
            late.settimeout(30)
            with pytest.raises(ConnectionResetError):
                read_all(late)


def read_all(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass
