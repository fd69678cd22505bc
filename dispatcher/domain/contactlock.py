"""The contact lock, and its rules in plain Python: what the Lua scripts lock_*.lua do, word for word.

A lock stands from when it was taken until its end, given back or lifted. Times are ms of one clock.
"""

from collections.abc import Sequence
from typing import NamedTuple

from dispatcher.domain.ids import MessageId


class ContactLock(NamedTuple):
    """A client's open contact in a scope. `key` is the client's canonical number; times are UTC epoch milliseconds."""

    scope: str
    key: str
    holder: MessageId
    taken_ms: int
    until_ms: int


class Wish(NamedTuple):
    """A message that wants its client until then; a reply lifts it that comes once it has left, in `leaves_in_ms`."""

    scope: str
    key: str
    message: MessageId
    until_ms: int
    leaves_in_ms: int = 0


class Stands(NamedTuple):
    """What of a hold is left when a try of it was given back."""

    taken_ms: int
    until_ms: int


FREE = Stands(0, 0)


class Hold(NamedTuple):
    holder: MessageId
    taken: int
    until: int


class PlainLocks:
    """(scope, client) -> who holds it."""

    def __init__(self) -> None:
        self.holds: dict[tuple[str, str], Hold] = {}

    def take(self, scope: str, key: str, holder: MessageId, until_ms: int, now: int, leaves_in_ms: int = 0) -> int:
        """A holder that takes again is about to send (again): the day counts from now, a reply once it has left."""
        old = self._standing(scope, key, now)
        if old and old.holder != holder:
            return old.until - now
        self.holds[scope, key] = Hold(holder, now + leaves_in_ms, max(until_ms, old.until if old else 0))
        return 0

    def give_back(self, scope: str, key: str, holder: MessageId, now: int, stands: Stands = FREE) -> bool:
        """Frees it, or lets it stand as it did before the try that certainly did not send."""
        old = self._standing(scope, key, now)
        if not old or old.holder != holder:
            return False
        if stands.until_ms > now:
            self.holds[scope, key] = Hold(holder, stands.taken_ms, stands.until_ms)
        else:
            del self.holds[scope, key]
        return True

    def lift(self, scope: str, key: str, at_ms: int, now: int) -> bool:
        """A reply frees what was taken before it; one that is older than the send frees nothing."""
        old = self._standing(scope, key, now)
        if not old or old.taken >= at_ms:
            return False
        del self.holds[scope, key]
        return True

    def held(self, scope: str, keys: Sequence[str], now: int) -> dict[str, int]:
        standing = {key: self._standing(scope, key, now) for key in keys}
        return {key: hold.until - now for key, hold in standing.items() if hold}

    def extend(self, scope: str, key: str, holder: MessageId, until_ms: int, now: int) -> None:
        """Whoever held it, it is this holder's now: the old one's giving back must not free the client.

        The day that the holder itself had taken for its send is over: it was not sent.
        """
        old = self._standing(scope, key, now)
        others = old.until if old and old.holder != holder else 0
        self.holds[scope, key] = Hold(holder, now, max(until_ms, others))

    def _standing(self, scope: str, key: str, now: int) -> Hold | None:
        hold = self.holds.get((scope, key))
        return hold if hold and hold.until > now else None
