"""A leads file whose last row comes only when it is let: the request that reads it stands in the middle of its work."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

OPENING = b"phone,nome\n" + b"5511900000001,Ana\n" * 40_000  # more than a reader takes before it stores the first


@dataclass
class SlowFile:
    url: str = ""
    asked: Event = field(default_factory=Event)
    let: Event = field(default_factory=Event)


@contextmanager
def slow_file() -> Iterator[SlowFile]:
    file = SlowFile()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(OPENING)
            self.wfile.flush()
            file.asked.set()
            file.let.wait(60)
            self.wfile.write(b"5511900000002,Bia\n")

        def handle(self) -> None:
            with suppress(ConnectionError):  # who asked was killed
                super().handle()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    file.url = f"http://127.0.0.1:{server.server_port}/leads.csv"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield file
    finally:
        file.let.set()
        server.shutdown()
        server.server_close()
        thread.join()
