"""CPC locks: each has an owner, stands in Redis as in the ledger, and ends.

A lock is named by its scope and its client's digest. All times are UTC epoch milliseconds.
"""

from collections.abc import Iterator
from typing import NamedTuple

from dispatcher.domain.audit.checks import Check, Suspect
from dispatcher.domain.guards import LOCK_MS
from dispatcher.domain.ids import MessageId
from dispatcher.domain.lifecycle import MessageState

OWNER_GRACE_MS = 900_000  # a worker that died between Redis and the ledger: until its message was looked into
IN_REDIS_GRACE_MS = 120_000  # giving back is tried for a minute while Redis is away
FAILED_GRACE_S = 300.0  # a client is given back within a minute after the word, by the sweeper if need be
END_SLACK_MS = 300_000  # what expires that soon is not worth a word; clocks differ
LENGTH_SLACK_MS = 3_600_000  # a pace that was changed after the lock was taken


class Held(NamedTuple):
    """`lasts_ms`: how long the key is kept in Redis from now on (None: for ever); the ledger's have none."""

    holder: MessageId
    taken_ms: int
    until_ms: int
    lasts_ms: int | None = 0


class Owner(NamedTuple):
    """The message that holds it. `settled_s`: for how long its state stands; `reached`: it may have arrived."""

    state: MessageState
    settled_s: float
    reached: bool


class InLedger(NamedTuple):
    """What the ledger says of a lock that is said to be `holder`'s. `key`: the client (None: no such message); `held`:
    who holds them there. `busy_ms`: what a batch of the holder's may take."""

    scope: str
    holder: MessageId
    key: str | None
    held: Held | None
    owner: Owner | None
    busy_ms: int


class Standing(NamedTuple):
    """A lock of the ledger's that stands; `key` is its client."""

    scope: str
    key: str
    holder: MessageId


class LockSeen(NamedTuple):
    """A lock as both know it. `ledger`: none that was lifted. `busy_ms`: what a batch of its holder's may take."""

    name: str
    holder: MessageId
    redis: Held | None
    ledger: Held | None
    owner: Owner | None
    busy_ms: int = 0


def lock_suspects(lock: LockSeen, now_ms: int) -> Iterator[Suspect]:
    """What is wrong with one lock, as both know it."""
    redis, ledger = _standing(lock.redis, now_ms), _standing(lock.ledger, now_ms)
    agree = redis is not None and ledger is not None and redis.holder == ledger.holder
    if redis is not None and not agree:
        yield from _without_owner(lock, redis, now_ms)
    if ledger is not None and not agree:
        yield from _not_in_redis(lock, ledger, now_ms)
    if redis is not None or ledger is not None:
        yield from _too_long(lock, redis, ledger)
        yield from _of_failed(lock)


def _without_owner(lock: LockSeen, redis: Held, now_ms: int) -> Iterator[Suspect]:
    if lock.owner is None:
        yield _suspect(lock, Check.LOCK_OWNER, "Redis holds the client for a message that does not exist")
    elif now_ms - redis.taken_ms > OWNER_GRACE_MS:
        yield _suspect(lock, Check.LOCK_OWNER, "Redis holds the client for a message, and the ledger does not")


def _not_in_redis(lock: LockSeen, ledger: Held, now_ms: int) -> Iterator[Suspect]:
    if now_ms - ledger.taken_ms > IN_REDIS_GRACE_MS and ledger.until_ms - now_ms > END_SLACK_MS:
        yield _suspect(lock, Check.LOCK_GONE, "the ledger holds the client for a message, and Redis does not")


def _too_long(lock: LockSeen, redis: Held | None, ledger: Held | None) -> Iterator[Suspect]:
    longest_ms = LOCK_MS + lock.busy_ms + LENGTH_SLACK_MS
    ends = {"Redis": redis, "the ledger": ledger}
    for where, held in ends.items():
        if held is not None and held.until_ms - max(held.taken_ms, 0) > longest_ms:
            hours = (held.until_ms - held.taken_ms) // 3_600_000
            yield _suspect(lock, Check.LOCK_LONG, f"{where} holds the client for {hours} hours", where)
    if redis is not None and (redis.lasts_ms is None or redis.lasts_ms > longest_ms):
        yield _suspect(lock, Check.LOCK_LONG, "its key in Redis has no end", "key")


def _of_failed(lock: LockSeen) -> Iterator[Suspect]:
    owner = lock.owner
    failed = owner is not None and owner.state is MessageState.FAILED and not owner.reached
    if owner is not None and failed and owner.settled_s > FAILED_GRACE_S:
        yield _suspect(lock, Check.LOCK_FAILED, "the client is held by a message that certainly was not sent")


def _standing(held: Held | None, now_ms: int) -> Held | None:
    return held if held is not None and held.until_ms > now_ms else None


def _suspect(lock: LockSeen, check: Check, note: str, item: str = "") -> Suspect:
    return Suspect(check, lock.name, note, f"{lock.holder} {item}", *lock.holder)
