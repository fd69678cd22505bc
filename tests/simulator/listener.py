"""A small HTTP server of the tests' own: it hears webhooks, and publishes files of leads."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


@dataclass
class Heard:
    path: str
    body: Any
    headers: dict[str, str]


@dataclass
class Listener:
    """`status` is what webhooks are answered; `files` are published by path."""

    status: int = 200
    heard: list[Heard] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    def __enter__(self) -> "Listener":
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def publish(self, path: str, text: str) -> str:
        self.files[path] = text.encode()
        return self.url + path

    def bodies(self) -> list[Any]:
        return [one.body for one in self.heard]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                listener.heard.append(Heard(self.path, json.loads(body), headers))
                self._answer(listener.status, b"{}")

            def do_GET(self) -> None:
                found = listener.files.get(self.path)
                self._answer(200 if found is not None else 404, found or b"")

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler
