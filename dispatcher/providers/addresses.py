"""Where a URL that somebody gave us leads: nobody reaches our own network with one.

A host name is resolved once, every address it has must be a public one, and the connection goes to the
address that was checked: a name that changes its mind in between gains nothing.
"""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import BoundedSemaphore, Thread
from time import monotonic

import httpx

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


UNKNOWN_HOST = "unknown_host"
MOST_PORT = 65_535  # the resolver takes others, and then calls another one
RESOLVE_S = 10.0  # two tries of a resolver with its usual 5 s
AT_ONCE = 32  # names asked for in a process: those whose resolver is stuck keep their threads
_places = BoundedSemaphore(AT_ONCE)

Resolve = Callable[[str, int], Sequence[str]]
"""All addresses of a host, for a port. Raises OSError, UnicodeError or OverflowError."""


class BadAddress(ValueError):
    """A URL that is not followed; the text is a rule for people. `word` is one for tables."""

    def __init__(self, rule: str, word: str) -> None:
        super().__init__(rule)
        self.word = word


def readable(url: str) -> httpx.URL:
    """Raises BadAddress."""
    try:
        target = httpx.URL(url)
        host = target.host
    except (httpx.InvalidURL, ValueError):  # the latter for names that IDNA does not allow
        raise BadAddress("is not a URL", "bad_url") from None
    if target.scheme not in ("http", "https") or not host:
        raise BadAddress("must be an http or https URL", "bad_url")
    if not 0 < (target.port or 80) <= MOST_PORT:
        raise BadAddress("names a port that there is not", "bad_url")
    return target


def checked_address(target: httpx.URL, allow_private: bool) -> str:
    """The first address of the URL's host; raises BadAddress when it has none, or one of them is not public."""
    port = target.port or (443 if target.scheme == "https" else 80)
    try:
        addresses = in_time(addresses_of, target.raw_host.decode("ascii").strip("[]"), port)
    except (OSError, UnicodeError, OverflowError):
        raise BadAddress("its host is not known", UNKNOWN_HOST) from None
    if not allow_private and not all(map(is_public, addresses)):
        raise BadAddress("points at a private address", "private_address")
    return addresses[0]


def addressed(request: httpx.Request, address: str) -> httpx.Request:
    """The request on its way to a checked address; it names the host where a server and its certificate look for it."""
    target = request.url
    request.url = target.copy_with(host=address)
    request.extensions["sni_hostname"] = target.raw_host.decode("ascii")
    return request


def in_time(resolve: Resolve, host: str, port: int, within_s: float = RESOLVE_S) -> Sequence[str]:
    """Raises TimeoutError besides. The resolver knows no time-out: whoever it keeps waiting leaves a thread behind."""
    ends = monotonic() + within_s
    if not _places.acquire(timeout=within_s):
        raise TimeoutError
    answer: Future[Sequence[str]] = Future()
    Thread(target=_ask, args=(resolve, host, port, answer), name="resolver", daemon=True).start()
    return answer.result(timeout=max(0.0, ends - monotonic()))


def _ask(resolve: Resolve, host: str, port: int, answer: Future[Sequence[str]]) -> None:
    try:
        answer.set_result(resolve(host, port))
    except Exception as error:
        answer.set_exception(error)
    finally:
        _places.release()


def addresses_of(host: str, port: int) -> Sequence[str]:
    """What the system's resolver says, in its own time."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def is_public(text: str) -> bool:
    """Can an address be reached by everybody? An IPv6 one that leads to an IPv4 one counts as that."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and (inner := _inside(address)) is not None:
        address = inner
    return address.is_global and not address.is_multicast


def _inside(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one leads to."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
