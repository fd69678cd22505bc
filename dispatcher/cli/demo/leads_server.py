"""Serves the demo's file of leads: an upstream app's own web server, in a thread of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from dispatcher.cli.demo.posts import leads_file


class _Leads(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        data = leads_file()
        self.send_response(200)
        self.send_header("Content-Type", "text/csv; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the screen is the progress display's."""


@contextmanager
def leads_server() -> Iterator[str]:
    """The file's URL, on a free port of the loopback address, as long as the context lasts."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Leads) as server:
        Thread(target=server.serve_forever, name="leads", daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/leads.csv"
        finally:
            server.shutdown()
