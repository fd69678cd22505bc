"""The sockets under httpx: a time-out is the whole exchange's, and who says more than it was asked is not asked again.

httpcore's own begin to count anew at each byte that arrives, and keep what came behind an answer: it would be taken for
the answer to the next request.

    connecting   `timeout` counts for all addresses of the host and the TLS handshake; only the resolver has its own
    an exchange  `write` counts from the first byte of the request to the last of the answer, `read` for each silence

What arrives only when the next request has left cannot be told from its answer: in HTTP/1.1 neither has a name.
"""

import re
import select
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from ssl import SSLContext, SSLSocket, SSLWantReadError, SSLWantWriteError
from time import monotonic
from typing import Any

import httpcore
import httpx

LONGEST_S = 600.0  # where a caller names none: the longest that an account may name
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d{1,9})(?=\r\n|$)", re.IGNORECASE)
_WITH_BODY = re.compile(rb"HTTP/1\.[01] (?!204|304)[2-5]\d\d\b")
READABLE = "is_readable"  # httpcore asks for it before it uses a connection again
QUIET_S = 0.05  # httpcore asks twice about a connection: so soon after an answer nothing new is to be seen
IN_ONE_PIECE = 64 * 1024  # bytes: nearly every request; what is longer leaves as it comes
WANTS = (BlockingIOError, SSLWantReadError, SSLWantWriteError)
WANTED: dict[type[Exception], int] = {SSLWantReadError: select.POLLIN, SSLWantWriteError: select.POLLOUT}
"""What TLS waits for, whatever it was asked for."""


class Stale(httpcore.ConnectError):
    """Before the first byte of a request its connection was found closed, or with something to say."""


def went_stale(error: httpx.ConnectError) -> bool:
    return isinstance(error.__cause__, Stale)


class Wire(httpx.HTTPTransport):
    """An httpx transport over these sockets. httpx passes no backend on: the pool is the one that it would make."""

    def __init__(
        self, context: SSLContext, limits: httpx.Limits, options: Iterable[httpcore.SOCKET_OPTION] = ()
    ) -> None:
        super().__init__(verify=context, limits=limits)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            socket_options=options,
            network_backend=_Sockets(),
        )


class _Sockets(httpcore.NetworkBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        ends = _end(timeout)
        with _in_words(httpcore.ConnectTimeout, httpcore.ConnectError):
            return _Stream(_connected(host, port, ends, list(socket_options or ())), ends)


def _connected(host: str, port: int, ends: float, options: list[httpcore.SOCKET_OPTION]) -> socket.socket:
    """To the first address of the host that takes it; each has its share of the time, one that refuses needs none."""
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    trouble = OSError("the host has no address")
    for place, (family, _, _, _, address) in enumerate(addresses):
        try:
            one = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:  # IPv6, where there is none
            trouble = error
            continue
        try:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for option in options:
                one.setsockopt(*option)
            one.settimeout(_left(ends) / (len(addresses) - place))
            one.connect(address)
            return one
        except OSError as error:
            one.close()
            trouble = error
    raise trouble


class _Stream(httpcore.NetworkStream):
    """A connection. A request leaves in one piece, when its answer is asked for: httpcore writes its head and its body.
    The last byte of what arrived is handed on only when more is asked for: what nobody asks for was not part of the
    answer.

    The socket itself never blocks: one that may is asked of the system three times for each piece, and the interpreter
    changes hands each time.
    """

    def __init__(self, connection: socket.socket, ends: float) -> None:
        connection.settimeout(0)
        self._socket = connection
        self._ends = ends
        self._asks = self._leaves = False  # a request is being written; its first byte has not left yet
        self._was_used = False
        self._read_at = -QUIET_S
        self._outgoing = bytearray()
        self._kept = b""

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            with _in_words(httpcore.ConnectTimeout, httpcore.ConnectError):
                self._socket.settimeout(_left(self._ends))
                return _Stream(ssl_context.wrap_socket(self._socket, server_hostname=server_hostname), self._ends)
        except BaseException:
            self.close()
            raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not self._asks:
            self._ends, self._asks, self._leaves = _end(timeout), True, True
        self._outgoing += buffer
        if len(self._outgoing) > IN_ONE_PIECE:
            self._send()

    def _send(self) -> None:
        """Whether the connection is worth it is asked now, not when httpcore took it: it may have been asked since
        whether the request may leave, which takes time."""
        if self._leaves and self._was_used and self._has_more():
            raise Stale
        self._leaves, self._was_used = False, True
        rest, self._outgoing = memoryview(self._outgoing), bytearray()
        with _in_words(httpcore.WriteTimeout, httpcore.WriteError):
            while rest:
                try:
                    rest = rest[self._socket.send(rest) :]
                except WANTS as wants:
                    self._wait(wants, select.POLLOUT, self._ends)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        first, self._asks = self._asks, False
        if self._outgoing:
            with suppress(httpcore.WriteError):  # as httpcore has it: an early answer says why
                self._send()
        if self._kept:
            kept, self._kept = self._kept, b""
            return kept
        with _in_words(httpcore.ReadTimeout, httpcore.ReadError):
            arrived = self._received(max_bytes, min(self._ends, _end(timeout)))
        if len(arrived) > 1 and not (first and _is_whole(arrived)):
            arrived, self._kept = arrived[:-1], arrived[-1:]
        self._read_at = monotonic()
        return arrived

    def _received(self, max_bytes: int, ends: float) -> bytes:
        wants: Exception = BlockingIOError()  # what was just asked is not answered yet
        while True:
            if not self._has_deciphered():
                self._wait(wants, select.POLLIN, ends)
            try:
                return self._socket.recv(max_bytes)
            except WANTS as error:
                wants = error

    def _wait(self, wants: Exception, usually: int, ends: float) -> None:
        """Until the socket may be asked again; raises TimeoutError when that takes too long."""
        event = WANTED.get(type(wants), usually)
        if not self._polled(event, _left(ends)):
            raise TimeoutError

    def _polled(self, event: int, wait_s: float) -> bool:
        waiting = select.poll()
        waiting.register(self._socket, event)
        return bool(waiting.poll(wait_s * 1000))

    def close(self) -> None:
        self._socket.close()

    def get_extra_info(self, info: str) -> Any:
        return self._seems_to_have_more() if info == READABLE else None

    def _seems_to_have_more(self) -> bool:
        """httpcore asks when an answer is over, and before the next request; behind that it is looked at anyway."""
        return bool(self._kept) or (monotonic() - self._read_at > QUIET_S and self._has_more())

    def _has_more(self) -> bool:
        """Is there anything that was not read, or was the connection closed?"""
        return bool(self._kept) or self._has_deciphered() or self._polled(select.POLLIN, 0)

    def _has_deciphered(self) -> bool:
        return isinstance(self._socket, SSLSocket) and bool(self._socket.pending())


def _is_whole(arrived: bytes) -> bool:
    """Is what arrives first one answer and nothing else? Most are, and handing them on in two pieces costs 50 us. False
    where it does not show at once, as where the length is not what says how long the answer is.
    """
    head, _, body = arrived.partition(b"\r\n\r\n")
    said = _LENGTH.findall(head)
    return (
        len(said) == 1
        and int(said[0]) == len(body)
        and _WITH_BODY.match(head) is not None
        and head.count(b"\n") == head.count(b"\r\n")
        and b"transfer-encoding" not in head.lower()
    )


def _end(timeout: float | None) -> float:
    return monotonic() + (LONGEST_S if timeout is None else timeout)


def _left(ends: float) -> float:
    """Seconds; raises TimeoutError when there are none."""
    left = ends - monotonic()
    if left <= 0:
        raise TimeoutError
    return left


@contextmanager
def _in_words(too_slow: type[Exception], broken: type[Exception]) -> Iterator[None]:
    """httpcore's words for what a socket says; ValueError: a name that cannot be asked for."""
    try:
        yield
    except TimeoutError as error:
        raise too_slow(str(error)) from error
    except (OSError, ValueError) as error:
        raise broken(str(error)) from error
