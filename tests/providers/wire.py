"""A server on a real socket that answers as it is told, and remembers what it was sent."""

import json
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

RESET = b"\0reset"
HANG = b"\0hang"
DRIPS, DRIP_S = 500, 0.01


class Dripping(bytes):
    """The beginning of an answer; what follows comes a byte at a time for 5 s."""


class Last(bytes):
    """The connection is closed behind it."""


class Twice(bytes):
    """Sent once more as soon as the test lets it be `repeated`."""


@dataclass(frozen=True)
class Seen:
    """One request: its first line, headers in lower case, body."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    """`answers` are given one by one, the last one again and again: bytes for the wire, RESET, or HANG."""

    answers: list[bytes]
    seen: list[Seen] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    url: str = ""
    connections: int = 0
    closed: int = 0
    repeats: threading.Event = field(default_factory=threading.Event)
    repeated: threading.Event = field(default_factory=threading.Event)

    def next(self) -> bytes:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def http(status: int, body: Any = b"", **headers: str) -> bytes:
    """An answer for the wire; a body that is not bytes is sent as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"Content-Length": str(len(raw)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode() + raw


@contextmanager
def serving(*answers: bytes, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(list(answers), tls=tls)
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server.url = f"{'https' if tls else 'http'}://127.0.0.1:{listening.getsockname()[1]}"
        thread = threading.Thread(target=_accept, args=(listening, server, stopped), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            stopped.set()
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def _accept(listening: socket.socket, server: Server, stopped: threading.Event) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        server.connections += 1
        threading.Thread(target=_talk, args=(connection, server, stopped), daemon=True).start()


def _talk(connection: socket.socket, server: Server, stopped: threading.Event) -> None:
    with server.tls.wrap_socket(connection, server_side=True) if server.tls else connection as talking:
        _answer(talking, server, stopped)
    server.closed += 1


def _answer(connection: socket.socket, server: Server, stopped: threading.Event) -> None:
    with connection.makefile("rb") as stream:
        while (seen := _read(stream)) is not None:
            server.seen.append(seen)
            answer = server.next()
            if answer == RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            if answer == HANG:
                stopped.wait(30)
                return
            connection.sendall(answer)
            if isinstance(answer, Dripping):
                drip(connection, stopped)
            if isinstance(answer, Dripping | Last):
                return
            if isinstance(answer, Twice) and server.repeats.wait(30):
                connection.sendall(answer)
                server.repeated.set()


def drip(connection: socket.socket, stopped: threading.Event) -> None:
    """A byte now and then, until the client hangs up."""
    with suppress(OSError):
        for _ in range(DRIPS):
            if stopped.wait(DRIP_S):
                return
            connection.sendall(b"a")


def _read(stream: Any) -> Seen | None:
    try:
        line = stream.readline().decode().strip()
    except ConnectionResetError:  # the client hung up
        return None
    if not line:
        return None
    headers: dict[str, str] = {}
    while header := stream.readline().decode().strip():
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    return Seen(line, headers, stream.read(int(headers.get("content-length", 0))))


def refusing() -> str:
    """A base URL where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        return f"http://127.0.0.1:{closed.getsockname()[1]}"
