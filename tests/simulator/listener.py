"""A small HTTP server of the tests' own: it hears webhooks, and publishes files of leads."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.serving import Quiet, serving


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
    url: str = ""

    def publish(self, path: str, text: str) -> str:
        self.files[path] = text.encode()
        return self.url + path

    def bodies(self) -> list[Any]:
        return [one.body for one in self.heard]


@contextmanager
def listening() -> Iterator[Listener]:
    listener = Listener()

    class Ears(Quiet):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            listener.heard.append(Heard(self.path, json.loads(self.body()), headers))
            self.answer(listener.status, b"{}")

        def do_GET(self) -> None:
            found = listener.files.get(self.path)
            self.answer(200 if found is not None else 404, found or b"")

    with serving(Ears) as url:
        listener.url = url
        yield listener
