"""Connections to providers, each lent to one call at a time; the one that came back last goes first.

An httpx client's pool looks at all of its connections at each call, which took more CPU than the call itself. So each
connection is an httpx transport of its own here, and who wants one takes the last that came back to its base URL: that
is the one least likely to have been closed at the other end.
"""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from ssl import SSLContext
from threading import Lock
from time import monotonic

import httpx
from httpcore import SOCKET_OPTION

from dispatcher.providers.sockets import Wire

KEEPALIVE_S = 3.0  # below the 5 s after which Node and uvicorn hang up: a request must not meet a closing connection
MOST_IDLE = 200  # base URLs; as many are older. A process may have no more than 1,024 files open, sockets among them
SOCKET_OPTIONS: list[SOCKET_OPTION] = [
    (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)),  # what is given up is taken back: closing resets
]
if hasattr(socket, "TCP_USER_TIMEOUT"):  # nor does a process that stands still leave its request on the way
    SOCKET_OPTIONS.append((socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, struct.pack("i", 15_000)))
"""Without them the system goes on sending what a server has not acknowledged, for a quarter of an hour, and for minutes
after the socket was closed. Once the network is whole again it arrives, long after others found that it had not."""
USER_AGENT = "whatsapp-dispatcher"

Idle = dict[str, list[httpx.HTTPTransport]]


@cache
def trusted() -> SSLContext:
    """Whose certificates are believed: the common authorities. Reading them takes 20 ms: once."""
    return httpx.create_ssl_context(trust_env=False)


class Connections:
    """Connections by base URL. One that nobody wanted for `keepalive_s` is not used again, and closed by the calls
    that come later; earlier, where connections to more than `most_idle` base URLs came back meanwhile."""

    def __init__(self, keepalive_s: float = KEEPALIVE_S, most_idle: int = MOST_IDLE) -> None:
        trusted()  # before many threads want it at the same moment
        self._keepalive_s = keepalive_s
        self._most_idle = most_idle
        self._limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=keepalive_s)
        self._idle: Idle = {}
        self._older: Idle = {}
        self._turns_at = monotonic() + self._keepalive_s
        self._lock = Lock()

    @contextmanager
    def lent(self, base_url: str, afresh: bool = False) -> Iterator[httpx.HTTPTransport]:
        """A transport that nobody else uses meanwhile; `afresh`: none that was used before."""
        connection = None if afresh else self._take(base_url)
        connection = connection or Wire(trusted(), self._limits, SOCKET_OPTIONS)
        try:
            yield connection
        finally:
            self._give_back(base_url, connection)

    def close(self) -> None:
        """Those that nobody uses now."""
        for _ in range(2):
            self._turn()

    def _take(self, base_url: str) -> httpx.HTTPTransport | None:
        with self._lock:
            for idle in (self._idle, self._older):
                if connections := idle.get(base_url):
                    return connections.pop()
        return None

    def _give_back(self, base_url: str, connection: httpx.HTTPTransport) -> None:
        with self._lock:
            self._idle.setdefault(base_url, []).append(connection)
            turns = monotonic() >= self._turns_at or len(self._idle) > self._most_idle
        if turns:
            self._turn()

    def _turn(self) -> None:
        """What has waited for a whole turn is closed, what waits now has one more turn."""
        with self._lock:
            over, self._older, self._idle = self._older, self._idle, {}
            self._turns_at = monotonic() + self._keepalive_s
        for connections in over.values():
            for connection in connections:
                connection.close()
