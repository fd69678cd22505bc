import builtins
import inspect
import os
import socket
from queue import LifoQueue
from signal import SIG_DFL, SIGALRM, alarm, signal
from typing import Any, cast

import pytest
import redis
import redis.exceptions

from dispatcher.coordination.connection import FOREIGN, Pool, connect, our_words, renew, trouble_of
from dispatcher.coordination.scripts import EPOCH_VERBS, LANE_VERBS, LOCK_VERBS, source
from dispatcher.domain.trouble import ClockLost, Unavailable

FOREIGN_ERRORS = [
    error
    for error in vars(redis.exceptions).values()
    if inspect.isclass(error) and issubclass(error, Exception) and error.__module__ != builtins.__name__
]


@pytest.mark.parametrize("error", FOREIGN_ERRORS, ids=lambda error: error.__name__)
def test_every_exception_of_redis_is_put_into_our_words(error: type[Exception]) -> None:
    raised = error.__new__(error)
    Exception.__init__(raised, "args: 5511900000001")
    with pytest.raises(Unavailable) as caught, our_words():
        raise raised
    assert "5511900000001" not in str(caught.value)


def test_the_list_of_exceptions_is_not_empty() -> None:
    assert redis.exceptions.TimeoutError in FOREIGN_ERRORS
    assert len(FOREIGN_ERRORS) > 20
    assert all(issubclass(error, FOREIGN) for error in FOREIGN_ERRORS)


def test_a_lost_clock_is_told_from_an_unavailable_server() -> None:
    assert isinstance(trouble_of(redis.exceptions.ResponseError("CLOCKLOST the lane clock …")), ClockLost)
    assert isinstance(trouble_of(redis.exceptions.ResponseError("WRONGTYPE …")), Unavailable)


def test_our_own_mistakes_are_not_taken_for_trouble() -> None:
    with pytest.raises(KeyError), our_words():
        raise KeyError("ours")


def test_nobody_listening_is_unavailable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{taken.getsockname()[1]}/0"
        with connect(url, max_connections=1) as client, pytest.raises(Unavailable), our_words():
            client.ping()


def test_nothing_is_retried_behind_our_back(client: redis.Redis) -> None:
    """A script that timed out may have run."""
    settings = client.connection_pool.connection_kwargs
    assert settings["retry"].get_retries() == 0
    assert not settings["retry_on_timeout"]
    assert settings["retry_on_error"] == []


def test_no_connection_waits_for_ever(client: redis.Redis) -> None:
    settings = client.connection_pool.connection_kwargs
    assert (settings["socket_timeout"], settings["socket_connect_timeout"]) == (5.0, 5.0)
    assert settings["health_check_interval"] == 5
    sock: Any = client.connection_pool.get_connection()._sock
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 15_000


def test_a_connection_that_the_server_closed_is_replaced_before_it_is_used(client: redis.Redis) -> None:
    client.ping()
    with redis.Redis.from_url(_url(client)) as other:
        assert other.client_kill_filter(_type="normal", skipme=True)
    assert client.ping()


def test_scripts_are_loaded_again_when_the_server_forgot_them(client: redis.Redis) -> None:
    script = client.register_script("return 1")
    assert script() == 1
    client.script_flush()
    assert script() == 1


@pytest.mark.parametrize("verb", LANE_VERBS + LOCK_VERBS + EPOCH_VERBS)
def test_scripts_touch_no_key_that_they_were_not_given(verb: str) -> None:
    """Every key is a KEYS[n], a parameter that was one, or, in the prelude's functions, `key`."""
    for line in source(verb).splitlines():
        if "redis.call(" in line and not any(word in line for word in ("'TIME'", "'INFO'")):
            assert "KEYS[" in line or ", key" in line, line


def test_a_process_forked_while_another_thread_had_the_pool_in_hand_leaves_idle_connections_behind(
    client: redis.Redis,
) -> None:
    """The thread that would let go of the pool's lock is not in it."""
    client.ping()
    with cast(Pool, client.connection_pool).pool.mutex:
        child = os.fork()
        if not child:
            signal(SIGALRM, SIG_DFL)
            alarm(60)  # ends it, should it wait for ever
            renew(client)
            os._exit(0 if client.ping() else 1)
    _, status = os.waitpid(child, 0)
    assert status == 0
    assert client.ping()


class StopsHalfWay(LifoQueue[Any]):
    def get_nowait(self) -> Any:
        if self.qsize() == self.maxsize // 2:
            raise KeyboardInterrupt
        return super().get_nowait()


def test_leaving_idle_connections_behind_loses_none_where_it_is_interrupted(redis_url: str) -> None:
    pool = Pool.from_url(redis_url, max_connections=8, queue_class=StopsHalfWay)
    with redis.Redis.from_pool(pool) as client:
        client.ping()
        with pytest.raises(KeyboardInterrupt):
            renew(client)
        assert pool.pool.full()


def _url(client: redis.Redis) -> str:
    settings = client.connection_pool.connection_kwargs
    return f"redis://{settings['host']}:{settings['port']}/{settings['db']}"
