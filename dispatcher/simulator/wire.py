"""What passes between the server and the providers it plays: a call, its answer, a refusal.

Handlers are synchronous and never touch a socket: they take a `Call` and return an `Answer`, or raise
`Refused`. Waiting, resetting and hanging are `app`'s, so that every provider gets every fault.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

MISSING = object()


class Answer(NamedTuple):
    """`body` is sent as JSON, a str as it stands (then `headers` should name its type)."""

    status: int
    body: Any
    headers: tuple[tuple[str, str], ...] = ()


class Refused(Exception):
    """The provider turns the call down; nothing was delivered."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Route:
    """A provider's endpoint. `sends`: its calls are sends, so they count for overlaps and gaps."""

    provider: str
    handler: Callable[["Call"], Answer]
    sender: Callable[["Call"], str]
    numbers: Callable[["Call"], list[str]]
    sends: bool = False


@dataclass(slots=True)
class Call:
    """One HTTP call as it came in; `link` is the name of its base URL (`/p/<name>/…`), "" for the plain one."""

    method: str
    path: str
    link: str
    query_string: bytes
    headers: Iterable[tuple[bytes, bytes]]
    started: float = field(default_factory=time.monotonic)
    body: bytes = b""
    route: Route | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    sender: str = ""
    index: int = -1
    epoch: int = 0
    delivered: int = 0
    is_finished: bool = False
    refuses: Callable[[int, str], str | None] | None = None
    _json: Any = MISSING

    def header(self, name: bytes) -> str:
        for key, value in self.headers:
            if key == name:
                return value.decode("latin-1")
        return ""

    def bearer(self) -> str:
        scheme, _, token = self.header(b"authorization").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.query_string.decode("latin-1"), keep_blank_values=True))

    def json(self) -> Any:
        """The body; `MISSING` where it is no JSON."""
        if self._json is MISSING and self.body:
            try:
                self._json = json.loads(self.body)
            except (ValueError, RecursionError):
                return MISSING
        return self._json

    def object(self) -> dict[str, Any]:
        """The body when it is a JSON object, else an empty one; for those who only peek."""
        found = self.json()
        return found if isinstance(found, dict) else {}

    def release(self) -> None:
        """Lets go of what was received; the call itself may live on in a folder."""
        self.headers, self.body, self._json, self.refuses = (), b"", MISSING, None
