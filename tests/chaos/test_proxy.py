"""The proxy does to connections what it says: who relies on it for a verdict must be able to."""

import socket
import socketserver
from collections.abc import Iterator
from contextlib import suppress
from threading import Thread

import pytest

from tests.chaos.proxy import Network, Proxy
from tests.waiting import wait_until


class Echo(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        with suppress(ConnectionError):  # that is what it is here for
            for line in self.rfile:
                self.wfile.write(b"heard " + line)


class EchoServer(socketserver.ThreadingTCPServer):
    daemon_threads = True


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with EchoServer(("127.0.0.1", 0), Echo) as server, Network() as network:
        Thread(target=server.serve_forever, daemon=True).start()
        yield network.proxy(server.server_address[1])
        server.shutdown()


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=10)


def ask(line: socket.socket, words: bytes) -> bytes:
    line.sendall(words + b"\n")
    return line.recv(100)


def test_it_carries_words_there_and_back(proxy: Proxy) -> None:
    with connect(proxy) as line:
        assert ask(line, b"one") == b"heard one\n"
        assert ask(line, b"two") == b"heard two\n"


def test_a_cut_connection_is_reset_and_a_new_one_works(proxy: Proxy) -> None:
    with connect(proxy) as line:
        ask(line, b"one")
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            line.recv(100)
    with connect(proxy) as line:
        assert ask(line, b"two") == b"heard two\n"


def test_a_half_open_connection_takes_everything_and_says_nothing(proxy: Proxy) -> None:
    with connect(proxy) as hanging, connect(proxy) as other:
        ask(hanging, b"one")
        ask(other, b"one")
        proxy.swallow()
        with connect(proxy) as fresh:
            assert ask(fresh, b"two") == b"heard two\n"
        for line in (hanging, other):
            line.settimeout(0.3)
            with pytest.raises(TimeoutError):
                ask(line, b"three")


def test_an_answer_with_certain_words_is_held_back_once(proxy: Proxy) -> None:
    caught = proxy.trap(b"gold")
    with connect(proxy) as line:
        assert ask(line, b"lead") == b"heard lead\n"
        line.settimeout(0.3)
        with pytest.raises(TimeoutError):
            ask(line, b"gold")
        assert caught.wait(10)
    with connect(proxy) as line:
        assert ask(line, b"gold") == b"heard gold\n"


def test_who_asks_is_hung_up_on_when_the_server_is_gone_and_both_ends_are_let_go(proxy: Proxy) -> None:
    proxy.lead_to(1)  # nobody listens there
    with pytest.raises(ConnectionResetError), connect(proxy) as line:
        line.recv(100)
    wait_until(lambda: proxy.connections == 0)
