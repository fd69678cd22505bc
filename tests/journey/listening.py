"""Listening in on Redis: every command that any client sends it, events and jobs among them."""

import base64
import binascii
import re
from threading import Thread
from types import TracebackType
from typing import Self

import redis

from tests.waiting import wait_until


class Monitor:
    """Use as a context; `text()` is everything that went to the server meanwhile, as MONITOR tells it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = redis.Redis.from_url(url)
        self._lines: list[str] = []
        self._thread = Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        wait_until(self._hears, 10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.set("d:test:end", "the monitor may go")
        self._thread.join(10)
        self._client.close()

    def text(self) -> str:
        return readable("\n".join(self._lines))

    def _listen(self) -> None:
        silent = redis.Redis.from_url(self._url, socket_timeout=None)  # a worker that starts slowly says nothing long
        with silent.monitor() as monitor:  # type: ignore[no-untyped-call]
            for command in monitor.listen():
                self._lines.append(str(command["command"]))
                if "d:test:end" in command["command"]:
                    return

    def _hears(self) -> bool:
        self._client.echo("is somebody listening?")
        return bool(self._lines)


def readable(text: str) -> str:
    """The text with what stands in it as base64 behind it: that is how Celery's messages carry their bodies."""
    return "\n".join([text, *filter(None, map(_decoded, re.findall(r"[A-Za-z0-9+/]{16,}={0,2}", text)))])


def _decoded(found: str) -> str:
    try:
        return base64.b64decode(found, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
