"""Far ends that take their time byte by byte, or say more than they were asked."""

import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Event

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from dispatcher.providers.connections import trusted
from dispatcher.providers.contract import Request, Response
from dispatcher.providers.sockets import Wire
from dispatcher.providers.transport import CallFailure, Failed, Transport
from tests.providers.wire import Dripping, Last, Twice, drip, http, serving
from tests.waiting import wait_until

SEND = Request("POST", "/send", {}, {"text": "olá"})
LONG = b"HTTP/1.1 200 X\r\nContent-Length: 100000\r\n\r\n"


def number(found: Response | CallFailure) -> int:
    assert isinstance(found, Response)
    return int(found.json())


@pytest.mark.parametrize("begins", [b"HTTP/1.1 200 X\r\nX-Long: ", LONG, b"H"], ids=["head", "body", "first line"])
def test_a_call_ends_within_its_time_out_though_its_answer_goes_on_byte_by_byte(
    transport: Transport, begins: bytes
) -> None:
    with serving(Dripping(begins)) as server:
        found = transport.send([server.url], SEND, 0.3)
        assert found == CallFailure(Failed.MAYBE_SENT, "read_timeout"), "given up, before the other end did"


def test_a_tls_handshake_that_goes_on_byte_by_byte_ends_within_the_time_for_connecting() -> None:
    wire, over = Wire(trusted(), httpx.Limits()), Event()
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:
        pool.submit(begin_tls, listening, over)
        request = httpx.Request("GET", f"https://127.0.0.1:{listening.getsockname()[1]}")
        request.extensions["timeout"] = httpx.Timeout(0.3).as_dict()
        with pytest.raises(httpx.ConnectTimeout):
            wire.handle_request(request)
        over.set()


def begin_tls(listening: socket.socket, over: Event) -> None:
    with listening.accept()[0] as connection:
        connection.sendall(b"\x16\x03\x03\x3e\x80")  # a record of 16,000 bytes
        drip(connection, over)


CHUNKED = b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n\r\n"
EARLY = b"HTTP/1.1 103 X\r\n\r\n"


@pytest.mark.parametrize("answer", [http(200, 1), CHUNKED, EARLY + http(200, 1)], ids=["counted", "chunked", "early"])
def test_a_second_answer_to_one_request_is_not_taken_for_the_next_ones(transport: Transport, answer: bytes) -> None:
    with serving(answer + http(200, 666), http(200, 2)) as server:
        assert [number(transport.send([server.url], SEND, 5)) for _ in range(2)] == [1, 2]
        assert server.connections == 2


BEHIND = http(200, 666)


def counted(head: bytes, body: bytes) -> bytes:
    return b"%b\r\nContent-Length: %d\r\n\r\n%b" % (head, len(body), body)


@pytest.mark.parametrize(
    "answer",
    [
        counted(b"HTTP/1.1 204 X", BEHIND),
        counted(b"HTTP/1.1 304 X", BEHIND),
        counted(b"HTTP/1.1 103 X", http(200, 1) + BEHIND),
        counted(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked", b"1\r\n1\r\n0\r\n\r\n" + BEHIND),
        b"HTTP/1.1 200 X\nContent-Length: 1\n\n1" + BEHIND,
    ],
    ids=["without a body", "not modified", "early", "chunked", "line feeds"],
)
def test_nor_is_one_that_a_length_covers_which_says_nothing_of_the_answer(transport: Transport, answer: bytes) -> None:
    with serving(answer, http(200, 2)) as server:
        transport.send([server.url], SEND, 5)
        assert number(transport.send([server.url], SEND, 5)) == 2
        assert server.connections == 2


@pytest.mark.parametrize("answer", [http(200, 1), CHUNKED, EARLY + http(200, 1)], ids=["counted", "chunked", "early"])
def test_a_connection_is_used_again_after_one_answer(transport: Transport, answer: bytes) -> None:
    with serving(answer) as server:
        assert [number(transport.send([server.url], SEND, 5)) for _ in range(2)] == [1, 1]
        assert server.connections == 1


def test_nor_is_one_that_comes_later(transport: Transport) -> None:
    with serving(Twice(http(200, 1)), http(200, 2)) as server:
        assert number(transport.send([server.url], SEND, 5)) == 1
        server.repeats.set()
        assert server.repeated.wait(30)
        assert number(transport.send([server.url], SEND, 5)) == 2
        assert server.connections == 2


def test_nor_is_one_that_comes_while_it_is_asked_whether_the_next_may_leave(transport: Transport) -> None:
    with serving(Twice(http(200, 1)), http(200, 2)) as server:

        def may_leave() -> bool:
            server.repeats.set()
            return server.repeated.wait(30)

        assert number(transport.send([server.url], SEND, 5)) == 1
        assert number(transport.send([server.url], SEND, 5, may_leave)) == 2
        assert len(server.seen) == 2, "nothing was called twice"


def test_a_connection_that_was_closed_meanwhile_is_not_used(transport: Transport) -> None:
    with serving(Last(http(200, 1)), http(200, 2)) as server:
        assert number(transport.send([server.url], SEND, 5)) == 1
        wait_until(lambda: server.closed == 1)
        assert number(transport.send([server.url], SEND, 5)) == 2


def test_a_host_with_several_addresses_is_reached_at_the_one_that_listens(transport: Transport) -> None:
    with serving(http(200, 1)) as server:
        assert number(transport.send([server.url.replace("127.0.0.1", "localhost")], SEND, 5)) == 1


def test_a_name_that_no_host_can_have_took_nothing(transport: Transport) -> None:
    found = transport.send([f"http://{'a' * 64}.example"], SEND, 5)
    assert isinstance(found, CallFailure)
    assert found.kind is Failed.NOT_SENT


def test_over_tls_a_connection_is_kept_unless_its_far_end_says_more_than_it_was_asked(certificate: Path) -> None:
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificate)
    wire = Wire(ssl.create_default_context(cafile=str(certificate)), httpx.Limits(max_connections=1))
    answers = []
    with serving(http(200, 1), http(200, 2) + http(200, 666), http(200, 3), tls=server_side) as server:
        for _ in range(3):
            answer = wire.handle_request(httpx.Request("GET", server.url))
            answers.append(int(answer.read()))
            answer.close()
    wire.close()
    assert (answers, server.connections) == ([1, 2, 3], 2)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of 127.0.0.1, with its key."""
    key, nobody, now = ec.generate_private_key(ec.SECP256R1()), x509.Name([]), datetime.now(UTC)
    day, us = timedelta(days=1), x509.IPAddress(ip_address("127.0.0.1"))
    number = x509.random_serial_number()
    made = (
        x509.CertificateBuilder(nobody, nobody, key.public_key(), number, now - day, now + day)
        .add_extension(x509.SubjectAlternativeName([us]), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path / "both.pem"
    path.write_bytes(key.private_bytes(*plain) + made.public_bytes(serialization.Encoding.PEM))
    return path
