"""Connections on real sockets: who gets which, and when one is closed."""

import httpx

from dispatcher.providers.connections import Connections
from tests.providers.wire import Server, http, serving
from tests.waiting import wait_until

OK = http(200, {"ok": True})


def call(connection: httpx.HTTPTransport, server: Server) -> int:
    answer = connection.handle_request(httpx.Request("GET", server.url))
    answer.read()
    answer.close()
    return answer.status_code


def test_each_call_has_a_connection_of_its_own_and_the_last_that_came_back_goes_first() -> None:
    connections = Connections()
    with serving(OK) as server:
        with connections.lent(server.url) as first:
            call(first, server)
            with connections.lent(server.url) as second:
                call(second, server)
                assert (first is not second, server.connections) == (True, 2)
        for _ in range(3):
            with connections.lent(server.url) as again:
                assert again is first
                call(again, server)
        assert server.connections == 2
    connections.close()


def test_connections_are_kept_apart_by_base_url() -> None:
    connections = Connections()
    with connections.lent("http://a.example") as one:
        pass
    with connections.lent("http://b.example") as other:
        assert other is not one
    with connections.lent("http://a.example") as again:
        assert again is one


def test_a_connection_that_nobody_wants_is_closed_by_later_calls_to_others() -> None:
    connections = Connections(keepalive_s=0.05)
    with serving(OK) as left, serving(OK) as other:
        with connections.lent(left.url) as one:
            call(one, left)

        def is_closed() -> bool:
            with connections.lent(other.url) as busy:
                call(busy, other)
            return left.closed == 1

        wait_until(is_closed)
    connections.close()


def test_calls_to_ever_new_base_urls_do_not_keep_ever_more_connections() -> None:
    connections = Connections(keepalive_s=60, most_idle=5)
    with serving(OK) as server:
        for number in range(40):
            with connections.lent(f"{server.url}/{number}") as one:
                call(one, server)
        wait_until(lambda: server.connections - server.closed <= 2 * 5 + 1)
        assert server.connections == 40
    connections.close()


def test_after_a_pause_a_call_has_a_new_connection() -> None:
    connections = Connections(keepalive_s=0.0)
    with serving(OK) as server:
        for _ in range(2):
            with connections.lent(server.url) as one:
                call(one, server)
        assert server.connections == 2
    connections.close()
