"""Leads files by URL, against a real server on this machine; its addresses are private, which is the point."""

import gzip
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from threading import Event
from typing import ClassVar

import pytest

from dispatcher.domain.trouble import Unavailable
from dispatcher.providers import addresses
from dispatcher.providers.addresses import is_public
from dispatcher.providers.contract import BadRequest
from dispatcher.providers.leads_fetch import ANYWHERE, AT_ONCE, PUBLIC, Reach, open_leads
from tests.serving import Quiet, serving

REDIRECTS = {
    "elsewhere": "http://169.254.169.254/latest",
    "mapped": "http://[::ffff:10.0.0.1]/",
    "decimal": "http://2852039166/",
    "otherwise": "file:///etc/passwd",
}
FILE = b"phone,name\n5511900000001,Ana\n"


class Files(Quiet):
    """/file is a file; /hop/N redirects N times and ends there; /status/N answers N; others do as they are called."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        _, what, *number = self.path.split("/")
        if what in REDIRECTS:
            self._go_to(REDIRECTS[what])
        elif what == "hop":
            left = int(number[0])
            self._go_to(f"/hop/{left - 1}" if left > 1 else "/file")
        elif what == "late":
            Event().wait(0.2)
            left = int(number[0])
            self._go_to(f"/late/{left - 1}" if left > 1 else "/file")
        elif what == "status":
            self.answer(int(number[0]))
        else:
            getattr(self, f"_{what}")()

    def _go_to(self, location: str) -> None:
        self.answer(302, headers={"Location": location})

    def _file(self) -> None:
        self.answer(200, FILE)

    def _host(self) -> None:
        self.answer(200, self.headers["Host"].encode())

    def _packed(self) -> None:
        self.answer(200, gzip.compress(FILE * 10_000), {"Content-Encoding": "gzip"})

    def _cut(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(FILE)

    def _silent(self) -> None:
        self._begin()
        Event().wait(0.5)

    def _begin(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"phone")
        self.wfile.flush()

    def _drip(self) -> None:
        self._begin()
        self._go_on()

    def _head(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        self._go_on()

    def _go_on(self) -> None:
        with suppress(OSError):  # who asked went away
            for _ in range(200):
                Event().wait(0.05)
                self.wfile.write(b"x")
                self.wfile.flush()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with serving(Files) as url:
        yield url.replace("127.0.0.1", "localhost")


HERE = Reach(allows=lambda text: text in ("127.0.0.1", "::1") or is_public(text))
"""The test's own server counts as public."""


def fetched(url: str, reach: Reach = ANYWHERE) -> bytes:
    return b"".join(open_leads(url, reach))


def refusal(url: str, reach: Reach = ANYWHERE) -> str:
    with pytest.raises(BadRequest) as caught:
        fetched(url, reach)
    [(field, rule)] = caught.value.problems
    assert field == "leadsAssetUrl"
    return rule


@pytest.mark.parametrize("path", ["/file", "/hop/1", "/hop/3"])
def test_a_file_arrives_over_up_to_three_redirects(server: str, path: str) -> None:
    assert fetched(server + path) == FILE


def test_the_server_is_asked_by_its_name(server: str) -> None:
    assert fetched(f"{server}/host") == server.removeprefix("http://").encode()


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("/hop/4", "redirects more than 3 times"),
        ("/status/404", "its server answered 404"),
        ("/status/500", "its server answered 500"),
        ("/status/204", "its server answered 204"),
        ("/status/302", "its server answered 302"),
        ("/status/304", "its server answered 304"),
        ("/otherwise", "must be an http or https URL"),
        ("/cut", "cannot be fetched (RemoteProtocolError)"),
    ],
)
def test_what_goes_wrong_is_told(server: str, path: str, rule: str) -> None:
    assert refusal(server + path) == rule


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("", "must be an http or https URL"),
        ("leads.csv", "must be an http or https URL"),
        ("file:///etc/passwd", "must be an http or https URL"),
        ("ftp://example.com/leads.csv", "must be an http or https URL"),
        ("http://", "must be an http or https URL"),
        ("http://[::1", "is not a URL"),
        ("http://leads.invalid/", "its host is not known"),
        ("http://leads.\ninvalid/", "is not a URL"),
        ("http://" + "a" * 70 + ".example/", "its host is not known"),
        ("http://xn--a.invalid/", "its host is not known"),
    ],
)
def test_what_is_no_url_of_a_file_is_refused(url: str, rule: str) -> None:
    assert refusal(url, PUBLIC) == rule


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "10.1.2.3",
        "192.168.0.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "2130706433",
        "017700000001",
        "127.1",
        "[::ffff:7f00:1]",
        "[::]",
        "0x7f.1",
        "[::1]",
        "[fe80::1]",
        "[fd00::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
    ],
)
def test_private_addresses_are_refused_in_every_spelling(host: str) -> None:
    assert refusal(f"http://{host}/leads.csv", PUBLIC) == "points at a private address"


@pytest.mark.parametrize("where", ["/elsewhere", "/mapped", "/decimal"])
def test_a_redirect_into_the_private_network_is_refused(server: str, where: str) -> None:
    assert fetched(f"{server}/file", HERE) == FILE
    assert refusal(f"{server}{where}", HERE) == "points at a private address"


def test_one_private_address_among_public_ones_is_enough() -> None:
    reach = Reach(resolve=lambda host, port: ["93.184.215.14", "10.0.0.1"])
    assert refusal("http://leads.example/", reach) == "points at a private address"


def test_a_name_that_changes_its_address_after_the_check_gains_nothing(server: str) -> None:
    """It is asked for once, and the connection goes to what was checked."""
    answers = [["127.0.0.1"], ["10.0.0.1"]]
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return answers.pop(0)

    port = server.rpartition(":")[2]
    reach = replace(HERE, resolve=resolve)
    assert fetched(f"http://leads.example:{port}/host", reach) == f"leads.example:{port}".encode()
    assert asked == ["leads.example"]
    assert refusal(f"http://leads.example:{port}/file", reach) == "points at a private address"


def test_a_file_over_the_limit_is_cut_off(server: str) -> None:
    assert "larger than" in refusal(f"{server}/file", replace(ANYWHERE, most_bytes=len(FILE) - 1))


def test_a_packed_file_is_unpacked_and_counted_as_it_unpacks(server: str) -> None:
    assert fetched(f"{server}/packed") == FILE * 10_000
    assert "larger than" in refusal(f"{server}/packed", replace(ANYWHERE, most_bytes=len(FILE) * 9_999))


def test_a_file_that_drips_is_given_up_at_its_deadline(server: str) -> None:
    """Each byte comes in time; all together would take forever."""
    assert refusal(f"{server}/drip", replace(ANYWHERE, deadline_s=0.3)) == "the file took longer than 0.3 s"


def test_nor_is_a_head_that_drips_waited_for_beyond_it(server: str) -> None:
    hasty = replace(ANYWHERE, deadline_s=0.1, silence_s=0.2)
    assert refusal(f"{server}/head", hasty) == "the file took longer than 0.1 s"


def test_redirects_have_no_deadline_of_their_own(server: str) -> None:
    """Each answers in time; all together would not, and the last is not asked."""
    Files.asked.clear()
    assert refusal(f"{server}/late/3", replace(ANYWHERE, deadline_s=0.5)) == "the file took longer than 0.5 s"
    assert "/file" not in Files.asked


def test_nor_is_the_resolver_waited_for_beyond_it(server: str) -> None:
    answers = Event()

    def resolve(host: str, port: int) -> list[str]:
        answers.wait()
        return ["127.0.0.1"]

    try:
        hasty = replace(ANYWHERE, deadline_s=0.1, resolve=resolve)
        assert refusal(f"{server}/file", hasty) == "the file took longer than 0.1 s"
    finally:
        answers.set()


def test_only_so_many_names_are_asked_for_at_once() -> None:
    """A resolver that is stuck keeps no more threads; whoever finds no place is told in time as well."""
    answers = Event()

    def stuck(host: str, port: int) -> list[str]:
        answers.wait()
        return ["127.0.0.1"]

    for _ in range(addresses.AT_ONCE):
        with pytest.raises(TimeoutError):
            addresses.in_time(stuck, "leads.example", 80, within_s=0.001)
    try:
        with pytest.raises(TimeoutError):
            addresses.in_time(addresses.addresses_of, "127.0.0.1", 80, within_s=0.05)
    finally:
        answers.set()
    assert addresses.in_time(addresses.addresses_of, "127.0.0.1", 80) == ["127.0.0.1"]


def test_a_server_that_falls_silent_is_given_up(server: str) -> None:
    assert refusal(f"{server}/silent", replace(ANYWHERE, silence_s=0.2)) == "its server did not answer in time"


def test_only_so_many_files_are_read_at_once(server: str) -> None:
    started = [open_leads(f"{server}/file", ANYWHERE) for _ in range(AT_ONCE)]
    assert all(FILE.startswith(next(file)) for file in started)
    with pytest.raises(Unavailable):
        fetched(f"{server}/file", replace(ANYWHERE, turn_s=0.05))
    started.pop().close()
    assert fetched(f"{server}/file") == FILE
    for file in started:
        file.close()


def test_nobody_listening_is_told() -> None:
    assert refusal("http://127.0.0.1:9/") == "cannot be fetched (ConnectError)"
