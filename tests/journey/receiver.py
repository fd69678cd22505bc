"""An upstream app's receiver of callbacks: it verifies each with the library, and can fail, be slow, or hold on."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from socket import create_server
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Self

from standardwebhooks import Webhook

from tests.serving import Quiet, serving

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

    answer: Callable[[dict[str, Any]], tuple[int, dict[str, str]]]
    url: str = ""
    seen: list[dict[str, Any]] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def types(self, message: str | None) -> list[str]:
        """What was taken about a message, or about the campaign (None), in order."""
        return [one["type"] for one in self.taken if one["data"].get("message_id") == message]

    def hear(self, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str]]:
        event = Webhook(SECRET).verify(body, headers)
        assert event["id"] == headers["webhook-id"]
        with self.lock:
            self.seen.append(json.loads(body))
        answer = self.answer(event)
        with self.lock:
            if answer[0] < 300:
                self.taken.append(event)
        return answer


@contextmanager
def receiving(
    answer: Callable[[dict[str, Any]], tuple[int, dict[str, str]]] = lambda event: (204, {}),
) -> Iterator[Receiver]:
    receiver = Receiver(answer)

    class Hook(Quiet):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            status, headers = receiver.hear(self.body(), dict(self.headers))
            self.answer(status, headers=headers)

    with serving(Hook) as url:
        receiver.url = f"{url}/hook"
        yield receiver
