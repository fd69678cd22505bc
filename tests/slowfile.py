"""A leads file whose last row comes only when it is let: the request that reads it stands in the middle of its work."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event

from tests.serving import Quiet, serving

OPENING = b"phone,nome\n" + b"5511900000001,Ana\n" * 40_000  # more than a reader takes before it stores the first


@dataclass
class SlowFile:
    url: str = ""
    asked: Event = field(default_factory=Event)
    let: Event = field(default_factory=Event)


@contextmanager
def slow_file() -> Iterator[SlowFile]:
    file = SlowFile()

    class Leads(Quiet):
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

    with serving(Leads) as url:
        file.url = f"{url}/leads.csv"
        try:
            yield file
        finally:
            file.let.set()
