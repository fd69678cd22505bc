"""The one place that sends, over httpx's transport (`connections`); redirects are not followed, nothing is logged,
no cookie is kept.

What can go wrong comes back as a `CallFailure`; httpx's exceptions in our words:

    kind             httpx                                                        the request
    NOT_SENT         ConnectError, ConnectTimeout, PoolTimeout, ProxyError        certainly did not leave
    MAYBE_SENT       Read…, Write…, CloseError, RemoteProtocolError, the rest     may have been taken
    MISCONFIGURED    InvalidURL, UnsupportedProtocol, LocalProtocolError          cannot be made at all

Of several base URLs the next is tried only after NOT_SENT. One that could not be reached goes to the end of
the line for a while.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache, partial
from json import dumps
from time import monotonic

import httpx

from dispatcher.providers.connections import USER_AGENT, Connections
from dispatcher.providers.contract import Request, Response
from dispatcher.providers.sockets import went_stale

CONNECT_S = 5.0  # a server that is up answers a connection within a second; the rest is for a lost packet or two
MAX_ANSWER_BYTES = 64 * 1024 * 1024  # uazapi lists every mass send of an instance in one answer
FIRST_BYTE = "http11.send_request_headers.started"  # the connection stands by then, after its TLS handshake
SAID = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate", "User-Agent": USER_AGENT}
DOWN_S = 30.0  # a link that could not be reached is worth a try again; in between the other one is faster

for _name in ("httpx", "httpcore"):  # they log URLs, which hold keys, and headers, which hold tokens
    logging.getLogger(_name).setLevel(logging.WARNING)


class Failed(StrEnum):
    NOT_SENT = "not_sent"
    MAYBE_SENT = "maybe_sent"
    MISCONFIGURED = "misconfigured"


@dataclass(frozen=True, slots=True)
class CallFailure:
    """`reason` is a word of ours; nothing of the request or of the exception's text is kept."""

    kind: Failed
    reason: str


class _Held(Exception):
    """The request may not leave now."""


HELD = CallFailure(Failed.NOT_SENT, "held_up")
NO_ROOM = CallFailure(Failed.NOT_SENT, "no_free_connection")

FAILURES: dict[type[Exception], CallFailure] = {
    httpx.ConnectTimeout: CallFailure(Failed.NOT_SENT, "connect_timeout"),
    httpx.ConnectError: CallFailure(Failed.NOT_SENT, "connection_refused"),
    httpx.PoolTimeout: NO_ROOM,
    httpx.ProxyError: CallFailure(Failed.NOT_SENT, "proxy_refused"),
    httpx.ReadTimeout: CallFailure(Failed.MAYBE_SENT, "read_timeout"),
    httpx.WriteTimeout: CallFailure(Failed.MAYBE_SENT, "write_timeout"),
    httpx.TimeoutException: CallFailure(Failed.MAYBE_SENT, "timeout"),
    httpx.NetworkError: CallFailure(Failed.MAYBE_SENT, "connection_lost"),
    httpx.RemoteProtocolError: CallFailure(Failed.MAYBE_SENT, "connection_lost"),
    httpx.DecodingError: CallFailure(Failed.MAYBE_SENT, "unreadable_answer"),
    httpx.TooManyRedirects: CallFailure(Failed.MAYBE_SENT, "redirected"),
    httpx.LocalProtocolError: CallFailure(Failed.MISCONFIGURED, "invalid_request"),
    httpx.UnsupportedProtocol: CallFailure(Failed.MISCONFIGURED, "invalid_base_url"),
    httpx.InvalidURL: CallFailure(Failed.MISCONFIGURED, "invalid_base_url"),
    httpx.HTTPError: CallFailure(Failed.MAYBE_SENT, "transport_error"),
    httpx.StreamError: CallFailure(Failed.MAYBE_SENT, "transport_error"),
    httpx.CookieConflict: CallFailure(Failed.MAYBE_SENT, "transport_error"),
}
NO_BASE_URL = CallFailure(Failed.MISCONFIGURED, "no_base_url")
BAD_HEADERS = CallFailure(Failed.MISCONFIGURED, "invalid_request")
BAD_BODY = CallFailure(Failed.NOT_SENT, "unwritable_body")
TOO_LONG = CallFailure(Failed.MAYBE_SENT, "answer_too_long")


def failure_of(error: Exception) -> CallFailure:
    """What an exception means, by the nearest of its kinds; unknown ones may have been sent."""
    known = (FAILURES[kind] for kind in type(error).__mro__ if kind in FAILURES)
    return next(known, CallFailure(Failed.MAYBE_SENT, "transport_error"))


def _body(request: Request) -> bytes | None:
    return None if request.json is None else dumps(request.json, ensure_ascii=False, allow_nan=False).encode()


def _ask_first(may_leave: Callable[[], bool], step: str, _: object) -> None:
    """httpcore calls this at each step of a request; raises _Held at the first byte that may not leave."""
    if step == FIRST_BYTE and not may_leave():
        raise _Held


@lru_cache(maxsize=1024)
def _url(base_url: str, path: str) -> httpx.URL:
    """Taking an address apart costs a tenth of a call. Raises InvalidURL."""
    return httpx.URL(base_url.rstrip("/") + path)


def _written(base_url: str, request: Request, body: bytes | None, timeout_s: float) -> httpx.Request:
    """Raises InvalidURL, TypeError or ValueError for what cannot be put on the wire."""
    kind = {} if body is None else {"Content-Type": "application/json"}
    return httpx.Request(
        request.method,
        _url(base_url, request.path),
        params=dict(request.params) or None,
        headers={**SAID, **request.headers, **kind},
        content=body,
        extensions={"timeout": httpx.Timeout(timeout_s, connect=CONNECT_S, pool=CONNECT_S).as_dict()},
    )


class Transport:
    """Sends requests; many threads share one. Not to be taken across a fork."""

    def __init__(self, max_answer_bytes: int = MAX_ANSWER_BYTES) -> None:
        self._connections = Connections()
        self._max_answer_bytes = max_answer_bytes
        self._down: dict[str, float] = {}

    def close(self) -> None:
        self._connections.close()

    def send(
        self,
        base_urls: Sequence[str],
        request: Request,
        timeout_s: float,
        may_leave: Callable[[], bool] | None = None,
    ) -> Response | CallFailure:
        """The answer of the first base URL that takes the request, or why there is none.

        `timeout_s` counts from the request's first byte to the answer's last; connecting takes `CONNECT_S` a base URL
        at most, TLS included.
        `may_leave` is asked then, before the first byte; HELD if it says no.
        """
        try:
            body = _body(request)
        except (TypeError, ValueError):
            return BAD_BODY
        found: Response | CallFailure = NO_BASE_URL
        for base_url in self._in_order(base_urls):
            found = self._send(base_url, request, body, timeout_s, may_leave)
            if isinstance(found, Response) or found.kind is not Failed.NOT_SENT or found is HELD:
                return found
            if found is not NO_ROOM:
                self.mark_down(base_url)
        return found

    def mark_down(self, base_url: str) -> None:
        """Try this base URL last for a while."""
        self._down[base_url] = monotonic() + DOWN_S

    def _in_order(self, base_urls: Sequence[str]) -> list[str]:
        now = monotonic()
        return sorted(base_urls, key=lambda base_url: self._down.get(base_url, 0.0) > now)

    def _send(
        self,
        base_url: str,
        request: Request,
        body: bytes | None,
        timeout_s: float,
        may_leave: Callable[[], bool] | None,
    ) -> Response | CallFailure:
        try:
            outgoing = _written(base_url, request, body, timeout_s)
        except httpx.InvalidURL as error:
            return failure_of(error)
        except (TypeError, ValueError):
            return BAD_HEADERS
        if may_leave:
            outgoing.extensions["trace"] = partial(_ask_first, may_leave)
        try:
            return self._exchange_afresh(base_url, outgoing)
        except _Held:
            return HELD
        except Exception as error:
            return failure_of(error)

    def _exchange_afresh(self, base_url: str, outgoing: httpx.Request) -> Response | CallFailure:
        """Once more where a connection from before cannot be used: on a new one."""
        try:
            return self._exchange(base_url, outgoing)
        except httpx.ConnectError as error:
            if not went_stale(error):
                raise
        return self._exchange(base_url, outgoing, afresh=True)

    def _exchange(self, base_url: str, outgoing: httpx.Request, afresh: bool = False) -> Response | CallFailure:
        lent = self._connections.lent(base_url, afresh)
        with lent as connection, closing(connection.handle_request(outgoing)) as answer:
            body = bytearray()
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > self._max_answer_bytes:
                    return TOO_LONG
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status_code, headers, bytes(body), base_url)
