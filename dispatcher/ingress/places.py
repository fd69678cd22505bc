"""Places at the door: how much a web process has at work at once, and how much of that one caller may have.

    kind       what takes a place, from its head to the end of its answer     beyond all   beyond a share
    requests   a request of an upstream app or an operator                    503          429
    telling    a webhook, or a file that a provider fetches                   503          503
    following  a stream of a campaign's counts                                503
    exports    all messages of a campaign: holds a connection to the ledger   503          429
    files      a leads file being read: holds a thread and a connection                    429
    bodies     the bytes of a body that is not small                          503          429

Whoever finds none is told so at once, with Retry-After: what waits costs memory, and a caller that waits gives up in
the end and asks again. A share is half, so that one caller never has all. Who a caller is, is told from what it
presents, before anybody looks whether that is right.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from threading import Lock
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import Scope

from dispatcher.ingress.refusals import Refused
from dispatcher.settings import Settings

MIB = 1024 * 1024
EXPORTS = 6  # of a process's 16 connections to the ledger
FILES_OF_ONE = 4  # half of those that providers.leads_fetch reads at once
RETRY_AFTER_S = 2  # a place is free within milliseconds, and nobody shall come back all at once

Note = Callable[[str], None]
WATCHED = frozenset({"/healthz", "/readyz", "/metrics"})


def _nobody(what: str) -> None:
    pass


class Places:
    """So many places, and so many of them for one caller. Threads and the event loop share them; nobody waits."""

    def __init__(self, what: str, total: int, of_one: int, status_of_one: int = 429, note: Note = _nobody) -> None:
        """`note` is told what there is no place for, each time."""
        self._what, self._note = what, note
        self._total, self._of_one, self._status_of_one = total, of_one, status_of_one
        self._held: Counter[str] = Counter()
        self._taken = 0
        self._lock = Lock()

    def take(self, caller: str, size: int = 1) -> None:
        """Raises Refused (503; 429 where only the caller has too much) when there is no room for `size` more."""
        with self._lock:
            if self._taken + size > self._total:
                raise self._refused(503, f"too many {self._what} at once")
            if self._held.get(caller, 0) + size > self._of_one:
                raise self._refused(self._status_of_one, f"too many {self._what} of yours at once")
            self._held[caller] += size
            self._taken += size

    def give_back(self, caller: str, size: int = 1) -> None:
        with self._lock:
            self._taken -= size
            self._held[caller] -= size
            if not self._held[caller]:
                del self._held[caller]

    @property
    def taken(self) -> int:
        return self._taken

    @contextmanager
    def held(self, caller: str, size: int = 1) -> Iterator[None]:
        self.take(caller, size)
        try:
            yield
        finally:
            self.give_back(caller, size)

    def _refused(self, status: int, message: str) -> Refused:
        self._note(self._what)
        return Refused(status, f"{message}, try again", headers={"Retry-After": str(RETRY_AFTER_S)})


class Room:
    """The bytes of one request's body, as they come. Those of a small one are not counted."""

    SMALL = 64 * 1024  # so large are nearly all requests, and all places full of them are little

    def __init__(self, places: Places, caller: str) -> None:
        self._places, self._caller = places, caller
        self._size = 0

    def grow(self, size: int) -> None:
        """Make room for a body of `size` bytes in all; raises Refused when there is none."""
        if size > max(self.SMALL, self._size):
            self._places.take(self._caller, size - self._size)
            self._size = size

    def give_back(self) -> None:
        if self._size:
            self._places.give_back(self._caller, self._size)
            self._size = 0


class Door:
    """All places of a web process. `note` is told of each that somebody did not get."""

    def __init__(self, settings: Settings, note: Note = _nobody) -> None:
        requests, bodies = settings.web_requests, settings.web_bodies_mib * MIB
        followers = settings.web_followers
        self.requests = Places("requests", requests, requests // 2, note=note)
        self.telling = Places("webhooks", requests, requests // 2, 503, note)
        self.following = Places("streams", followers, followers, note=note)  # nearly all are the operators'
        self.exports = Places("exports", EXPORTS, EXPORTS // 2, note=note)
        self.files = Places("leads files", requests, FILES_OF_ONE, note=note)
        self.bodies = Places("bytes of bodies", bodies, bodies // 2, note=note)

    @contextmanager
    def place(self, scope: Scope, route: str) -> Iterator[None]:
        """A place for a request of this route (its template), and `scope["state"]["room"]` for its body; both are given
        back in the end. Raises Refused when there is none.
        """
        caller, places = caller_of(scope), self.of(route)
        room = Room(self.bodies, caller)
        scope.setdefault("state", {})["room"] = room
        try:
            with places.held(caller) if places else nullcontext():
                yield
        finally:
            room.give_back()

    def of(self, route: str) -> Places | None:
        """The places that requests of this route take; None: whoever watches is always let in."""
        if route in WATCHED:
            return None
        if route.startswith(("/webhooks/", "/assets/")):
            return self.telling
        if route.endswith("/events"):
            return self.following
        if route.endswith((".csv", "/chunk-leads")):
            return self.exports
        return self.requests


def caller_of(scope: Scope) -> str:
    """Who is asking, by what it presents: a token, or the account of a webhook. Only good for telling callers apart."""
    headers, query = Headers(scope=scope), parse_qs(scope["query_string"].decode("latin-1"))
    presented = headers.get("token") or headers.get("authorization") or ""
    asked = presented or "".join(query.get("token", query.get("apikey", [])))
    return asked or str(scope["path_params"].get("account", ""))
