"""An upstream app's receiver of callbacks: it verifies each with the library, and can fail, be slow, or hold on."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import create_server
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Self

from standardwebhooks import Webhook

SECRET = "whsec_" + "c2VjcmV0" * 4


class Dripping:
    """A server that answers each call with header lines and no end; `left` is set when its caller is gone."""

    def __init__(self) -> None:
        self.left = Event()
        self._over = Event()

    def __enter__(self) -> Self:
        self._server = create_server(("127.0.0.1", 0))
        self._thread = Thread(target=self._drip, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.getsockname()[1]}/hook"

    def _drip(self) -> None:
        caller, _ = self._server.accept()
        with caller:
            caller.sendall(b"HTTP/1.1 200 OK\r\n")
            while not self._over.wait(0.05):
                try:
                    caller.sendall(b"x: y\r\n")
                except OSError:
                    self.left.set()
                    return


@dataclass
class Receiver:
    """`answer(event)` gives a status and headers, and may take its time; `taken` are the events that were answered 2xx,
    `seen` all of them, in the order of their arrival.
    """

    answer: Callable[[dict[str, Any]], tuple[int, dict[str, str]]] = lambda event: (204, {})
    seen: list[dict[str, Any]] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def types(self, message: str | None) -> list[str]:
        """What was taken about a message, or about the campaign (None), in order."""
        return [one["type"] for one in self.taken if one["data"].get("message_id") == message]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                event = Webhook(SECRET).verify(body, dict(self.headers))
                assert event["id"] == self.headers["webhook-id"]
                with receiver.lock:
                    receiver.seen.append(json.loads(body))
                status, headers = receiver.answer(event)
                with receiver.lock:
                    if status < 300:
                        receiver.taken.append(event)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler
