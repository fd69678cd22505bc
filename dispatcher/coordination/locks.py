"""The CPC lock in Redis: `ports.contacts.ContactLocks` through one script a verb.

A lock's key is named by its scope and the keyed digest of the client's canonical number. Rules:
domain/contactlock.py. Without the epoch everything raises ClockLost, so that guarded sends wait until the
locks were rebuilt from the ledger.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

import redis

from dispatcher.coordination import keys
from dispatcher.coordination.scripts import EPOCH_VERBS, LOCK_VERBS, Asked, Scripts
from dispatcher.domain.contactlock import FREE, ContactLock, Stands, Wish
from dispatcher.domain.followups import holder_of
from dispatcher.domain.ids import MessageId
from dispatcher.secrecy import Secrecy

PURPOSE = "contact lock"
DIGITS = 32  # 128 bits: no two clients share a digest
AT_ONCE = 2000  # in one call: a few milliseconds, and each call waits its turn on a busy machine


class ContactLocks:
    """One open contact per client and scope. `now_ms` is for tests; 0 is the server's time."""

    def __init__(self, client: redis.Redis, secrecy: Secrecy, now_ms: Callable[[], int] | int = 0) -> None:
        self._run = Scripts(client, LOCK_VERBS)
        self._secrecy = secrecy
        self._now_ms = now_ms

    def take(self, scope: str, key: str, holder: MessageId, until_ms: int, leaves_in_ms: int = 0) -> int:
        """0 when the lock now is the holder's (also when it was before); else the ms it still is another's.

        A reply lifts it that came after the message has left, `leaves_in_ms` from now.
        """
        return int(self._call("lock_take", scope, key, str(holder), until_ms, leaves_in_ms))

    def take_all(self, wishes: Sequence[Wish]) -> list[int]:
        """The same for several messages, in one round trip; each for the holder that it follows up."""
        takes = (
            self._asked("lock_take", one.scope, one.key, str(holder_of(one.message)), one.until_ms, one.leaves_in_ms)
            for one in wishes
        )
        return list(map(int, self._run.all(list(takes))))

    def give_back(self, scope: str, key: str, holder: MessageId, stands: Stands = FREE) -> bool:
        """Free the lock if `holder` holds it, or let it stand as it did: the provider certainly did not send."""
        return bool(self._call("lock_give_back", scope, key, str(holder), *stands))

    def lift(self, scope: str, key: str, at_ms: int) -> bool:
        """Free the client's lock if it was taken before a reply of `at_ms`."""
        return bool(self._call("lock_lift", scope, key, at_ms))

    def extend(self, scope: str, key: str, holder: MessageId, until_ms: int) -> None:
        """The provider says the client is in contact: hold it until then, whoever held it; longer, if another did."""
        self._call("lock_extend", scope, key, str(holder), until_ms)

    def _call(self, verb: str, scope: str, number: str, *args: str | int) -> Any:
        return self._run(*self._asked(verb, scope, number, *args))

    def _asked(self, verb: str, scope: str, number: str, *args: str | int) -> Asked:
        now = self._now_ms() if callable(self._now_ms) else self._now_ms
        return verb, [keys.EPOCH, _name(self._secrecy, scope, number)], [now, *args]


def restore(client: redis.Redis, secrecy: Secrecy, locks: Iterable[ContactLock]) -> int:
    """Write locks down as the ledger has them, while Redis is being rebuilt; how many."""
    run, count, rest = Scripts(client, EPOCH_VERBS), 0, iter(locks)
    while some := list(islice(rest, AT_ONCE)):
        names = [_name(secrecy, lock.scope, lock.key) for lock in some]
        run("locks_put", names, [f"{lock.holder}|{lock.taken_ms}|{lock.until_ms}" for lock in some])
        count += len(some)
    return count


def _name(secrecy: Secrecy, scope: str, number: str) -> str:
    return keys.lock(scope, secrecy.digest(PURPOSE, number, DIGITS))
