"""The one door to Redis: a client with every parameter spelled out, and redis-py's exceptions put into our words.

Nothing is retried here: a command that timed out may have run. All that matters is safe to lose or to do
again by the caller: a release whose answer was lost comes back through its leases, finish and skip are
fenced by their token, the other verbs say what is to be, not what is to change.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty, Queue
from typing import Any, cast

import redis
import redis.exceptions
from redis.backoff import NoBackoff
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from dispatcher.domain.trouble import ClockLost, DispatcherTrouble, Unavailable

SOCKET_TIMEOUT_S = 5.0  # a script takes milliseconds; longer means that the server or the way to it is gone
HEALTH_CHECK_S = 5  # an idle connection is tried before it is used: half-open ones are found in seconds
WAIT_FOR_CONNECTION_S = 5.0  # longer than any script: who waits longer has too few connections
TCP_OPTIONS = {  # where the system has them: an idle peer is given up after 25 s, one that acknowledges nothing in 15
    "TCP_KEEPIDLE": 10,
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 15_000,
}

FOREIGN: tuple[type[Exception], ...] = (
    redis.exceptions.RedisError,
    redis.exceptions.RedisClusterException,  # these three stand beside RedisError, not under it
    redis.exceptions.ChildDeadlockedError,
    redis.exceptions.IncorrectPolicyType,
    OSError,
)


class Pool(redis.BlockingConnectionPool):
    """When a connection breaks in use, those that nobody uses now are left behind: where one hangs half-open the others
    are likely to, and each would cost its time-out."""

    def release(self, connection: Any) -> None:
        broke = not connection.is_connected
        super().release(connection)  # type: ignore[no-untyped-call]
        if broke:
            self.leave_idle()

    def leave_idle(self) -> None:
        """Close the connections that nobody uses. They are taken out of the pool first, which its own `disconnect` does
        not do: who took one in that moment would have it closed under its hands.
        """
        self._checkpid()  # a forked child's pool is made anew: the old one's lock may have been held at the fork
        pool, idle = self.pool, list[Any]()
        try:
            _take_all(pool, idle)
            for connection in filter(None, idle):
                connection.disconnect()
        finally:
            for connection in reversed(idle):
                pool.put_nowait(connection)


def _take_all(pool: Queue[Any], idle: list[Any]) -> None:
    """None among them: room for one that has not been made yet."""
    with suppress(Empty):
        while True:
            idle.append(pool.get_nowait())


def connect(url: str, max_connections: int, client_name: str = "dispatcher") -> redis.Redis:
    """A client that answers text; threads that find all `max_connections` busy wait for one. Connects at first use."""
    pool = Pool.from_url(
        url,
        max_connections=max_connections,
        timeout=WAIT_FOR_CONNECTION_S,
        client_name=client_name,
        decode_responses=True,
        encoding="utf-8",
        protocol=2,  # scripts answer integers, texts and lists: nothing that RESP3 would add
        socket_timeout=SOCKET_TIMEOUT_S,
        socket_connect_timeout=SOCKET_TIMEOUT_S,
        socket_keepalive=True,
        socket_keepalive_options={
            getattr(socket, name): value for name, value in TCP_OPTIONS.items() if hasattr(socket, name)
        },
        health_check_interval=HEALTH_CHECK_S,
        retry=Retry(NoBackoff(), 0),
        retry_on_timeout=False,
        retry_on_error=[],
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )
    return redis.Redis.from_pool(pool)


def renew(client: redis.Redis) -> None:
    """Leave the connections behind that nobody uses now: where one hangs half-open the others are likely to."""
    with our_words():
        cast(Pool, client.connection_pool).leave_idle()


def trouble_of(error: Exception) -> DispatcherTrouble:
    """What an exception of redis-py means to us; names the kind of error, never what was being said."""
    if isinstance(error, redis.exceptions.ResponseError) and str(error).startswith("CLOCKLOST"):
        return ClockLost("Redis does not hold the lane clock: it must be rebuilt from the ledger")
    return Unavailable(f"Redis: {type(error).__name__}")


@contextmanager
def our_words() -> Iterator[None]:
    """Whatever redis-py raises inside leaves as Unavailable or ClockLost."""
    try:
        yield
    except FOREIGN as error:
        raise trouble_of(error) from error
