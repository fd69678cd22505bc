"""Fetches a leads file that an upstream app names by URL, and lets nobody reach our own network with it.

A host name is resolved once, every address it has must be a public one, and the connection goes to the
address that was checked: a name that changes its mind in between gains nothing. Redirects are followed by
hand and checked the same way. The environment's proxies are not used, since behind one nothing could be
checked. What goes wrong is the caller's to know: BadRequest about `leadsAssetUrl`.

A slow server keeps a thread and a transaction waiting, so only a few files are read at once in a process, however
many are asked for: the web goes on answering. Who waits too long for a turn is told to try again (Unavailable). One
deadline is for everything from then on: names, redirects, heads and the file.
"""

import socket
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore
from time import monotonic
from types import TracebackType
from typing import Self

import httpx

from dispatcher.domain.trouble import Unavailable
from dispatcher.providers.addresses import RESOLVE_S, Resolve, addressed, addresses_of, in_time, is_public
from dispatcher.providers.connections import trusted
from dispatcher.providers.contract import BadRequest
from dispatcher.providers.sockets import Wire

FIELD = "leadsAssetUrl"
MAX_REDIRECTS = 3
AT_ONCE = 8  # a fifth of the web's 40 threads, half of a process's connections to the ledger
_turns = BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class Reach:
    """Which addresses may be fetched from, and how much of everything. Durations in seconds."""

    allows: Callable[[str], bool] = is_public
    resolve: Resolve = addresses_of
    most_bytes: int = 1024**3
    silence_s: float = 30.0
    deadline_s: float = 900.0  # a file that drips in slower than 1 GiB in 15 minutes would hold its request for hours
    turn_s: float = 10.0


PUBLIC = Reach()
ANYWHERE = Reach(allows=lambda address: True)
"""With DISPATCHER_ALLOW_PRIVATE_URLS."""


def open_leads(url: str, reach: Reach = PUBLIC) -> Generator[bytes]:
    """The file's bytes, piece by piece, whatever its size. Raises BadRequest, also in the middle of it; Unavailable."""
    with _turn(reach.turn_s), _Deadline(reach) as deadline, _translated(), _client() as client:
        taken = 0
        response = _open(client, url, reach, deadline)
        try:
            for piece in response.iter_bytes():  # as they come: gathering them would hide a server that drips
                taken += len(piece)
                if taken > reach.most_bytes:
                    raise BadRequest((FIELD, f"the file is larger than {reach.most_bytes} bytes"))
                deadline.left_s()
                yield piece
        finally:
            response.close()


class _Deadline:
    """Begins where it is made; what was not in time because of it is told so."""

    def __init__(self, reach: Reach) -> None:
        self._all_s = reach.deadline_s
        self._ends = monotonic() + reach.deadline_s

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, BadRequest):
            self.left_s()

    def left_s(self) -> float:
        """Raises BadRequest when nothing is left."""
        left_s = self._ends - monotonic()
        if left_s <= 0:
            raise BadRequest((FIELD, f"the file took longer than {self._all_s:g} s")) from None
        return left_s


def _client() -> httpx.Client:
    return httpx.Client(trust_env=False, transport=Wire(trusted(), httpx.Limits()))


def _timeout(reach: Reach, left_s: float) -> httpx.Timeout:
    """`write` is for all of an exchange there: a head that drips is no more patiently waited for than a file."""
    silence_s = min(reach.silence_s, left_s)
    return httpx.Timeout(silence_s, connect=min(10.0, silence_s), write=left_s)


def _open(client: httpx.Client, url: str, reach: Reach, deadline: _Deadline) -> httpx.Response:
    target = _readable(url)
    for _ in range(MAX_REDIRECTS + 1):
        response = client.send(_request(client, target, reach, deadline), stream=True)
        if not response.has_redirect_location:
            return _ok(response)
        response.close()
        target = _readable(str(target.join(response.headers["location"])))
    raise BadRequest((FIELD, f"redirects more than {MAX_REDIRECTS} times"))


def _ok(response: httpx.Response) -> httpx.Response:
    if response.status_code == 200:
        return response
    response.close()
    raise BadRequest((FIELD, f"its server answered {response.status_code}"))


def _readable(url: str) -> httpx.URL:
    target = httpx.URL(url)
    if target.scheme not in ("http", "https") or not target.host:
        raise BadRequest((FIELD, "must be an http or https URL"))
    return target


def _request(client: httpx.Client, target: httpx.URL, reach: Reach, deadline: _Deadline) -> httpx.Request:
    """A request to the checked address that names the host where a server and its certificate look for it."""
    address = _address(target, reach, min(RESOLVE_S, deadline.left_s()))
    request = client.build_request("GET", target, timeout=_timeout(reach, deadline.left_s()))
    return addressed(request, address)


def _address(target: httpx.URL, reach: Reach, within_s: float) -> str:
    """The first address of the URL's host; raises BadRequest when one of them is not allowed."""
    port = target.port or (443 if target.scheme == "https" else 80)
    addresses = in_time(reach.resolve, target.raw_host.decode("ascii").strip("[]"), port, within_s)
    if not all(map(reach.allows, addresses)):
        raise BadRequest((FIELD, "points at a private address"))
    return addresses[0]


@contextmanager
def _turn(patience_s: float) -> Iterator[None]:
    if not _turns.acquire(timeout=patience_s):
        raise Unavailable("too many leads files are being read")
    try:
        yield
    finally:
        _turns.release()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except httpx.InvalidURL:
        raise BadRequest((FIELD, "is not a URL")) from None
    except (socket.gaierror, UnicodeError, OverflowError):
        raise BadRequest((FIELD, "its host is not known")) from None
    except (httpx.TimeoutException, TimeoutError):
        raise BadRequest((FIELD, "its server did not answer in time")) from None
    except httpx.HTTPError as error:
        raise BadRequest((FIELD, f"cannot be fetched ({type(error).__name__})")) from None
