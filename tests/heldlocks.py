"""A look at the CPC locks in Redis, which nothing is decided by."""

from collections.abc import Sequence

import redis

from dispatcher.coordination import keys
from dispatcher.coordination.locks import DIGITS, PURPOSE
from dispatcher.secrecy import Secrecy
from dispatcher.wiring import Wiring


def held(client: redis.Redis, secrecy: Secrecy, scope: str, clients: Sequence[str], now_ms: int) -> dict[str, int]:
    """Of these clients, those with an open contact, and the ms it lasts."""
    kept = {one: client.get(keys.lock(scope, secrecy.digest(PURPOSE, one, DIGITS))) for one in clients}
    left = {one: int(str(value).rpartition("|")[2]) - now_ms for one, value in kept.items() if value}
    return {one: left_ms for one, left_ms in left.items() if left_ms > 0}


def is_held(wiring: Wiring, scope: str, client: str) -> bool:
    return bool(held(wiring.redis, wiring.secrecy, scope, [client], wiring.shared_clock.now_ms()))
