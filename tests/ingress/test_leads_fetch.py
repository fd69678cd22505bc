"""Leads files by URL, against a real server on this machine; its addresses are private, which is the point."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from dispatcher.domain.trouble import Unavailable
from dispatcher.providers import leads_fetch
from dispatcher.providers.contract import BadRequest
from dispatcher.providers.leads_fetch import open_leads

FILE = b"phone,name\n5511900000001,Ana\n"


class Files(BaseHTTPRequestHandler):
    """/file is a file; /hop/N redirects N times and ends there; /status/N answers N."""

    def do_GET(self) -> None:
        _, what, *number = self.path.split("/")
        if what == "file":
            self._answer(200, FILE)
        elif what == "hop":
            left = int(number[0])
            self._answer(302, b"", f"/hop/{left - 1}" if left > 1 else "/file")
        elif what == "elsewhere":
            self._answer(302, b"", "http://169.254.169.254/latest")
        elif what == "otherwise":
            self._answer(302, b"", "file:///etc/passwd")
        elif what == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(FILE)
        elif what == "host":
            self._answer(200, self.headers["Host"].encode())
        else:
            self._answer(int(number[0]), b"")

    def _answer(self, status: int, body: bytes, location: str = "") -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    files = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    thread = Thread(target=files.serve_forever, daemon=True)
    thread.start()
    yield f"http://localhost:{files.server_port}"
    files.shutdown()
    files.server_close()
    thread.join()


def fetched(url: str) -> bytes:
    return b"".join(open_leads(url, allow_private=True))


def refusal(url: str, *, allow_private: bool = True) -> str:
    with pytest.raises(BadRequest) as caught:
        b"".join(open_leads(url, allow_private=allow_private))
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
    ],
)
def test_what_is_no_url_of_a_file_is_refused(url: str, rule: str) -> None:
    assert refusal(url, allow_private=False) == rule


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
    assert refusal(f"http://{host}/leads.csv", allow_private=False) == "points at a private address"


def test_a_redirect_into_the_private_network_is_refused(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's own server counts as public here, so that the redirect is what is refused."""
    public = leads_fetch._is_public
    monkeypatch.setattr(leads_fetch, "_is_public", lambda text: text in ("127.0.0.1", "::1") or public(text))
    assert refusal(f"{server}/elsewhere", allow_private=False) == "points at a private address"


def test_a_file_over_the_limit_is_cut_off(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leads_fetch, "MAX_BYTES", len(FILE) - 1)
    assert "larger than" in refusal(f"{server}/file")


def test_only_so_many_files_are_read_at_once(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leads_fetch, "TURN_S", 0.05)
    started = [open_leads(f"{server}/file", allow_private=True) for _ in range(leads_fetch.AT_ONCE)]
    assert {next(file) for file in started} == {FILE}
    with pytest.raises(Unavailable):
        fetched(f"{server}/file")
    started.pop().close()
    assert fetched(f"{server}/file") == FILE
    for file in started:
        file.close()


def test_nobody_listening_is_told() -> None:
    assert refusal("http://127.0.0.1:9/") == "cannot be fetched (ConnectError)"
