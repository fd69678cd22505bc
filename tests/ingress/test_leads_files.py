"""Leads files as people's systems write them, through Kinbox' door: who is reached, what is told."""

import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from dispatcher.domain.leads import read_leads
from dispatcher.providers.recipients import messages
from tests.ingress.asks import ANA, BIA, CREATING
from tests.ingress.conftest import Web
from tests.serving import Quiet, serving
from tests.waiting import wait_until

MANY = 20_000


@dataclass
class Shelf:
    """A server's one file, which the test puts there."""

    url: str = ""
    content: bytes = b""


@pytest.fixture(scope="module")
def shelf() -> Iterator[Shelf]:
    found = Shelf()

    class Leads(Quiet):
        def do_GET(self) -> None:
            self.answer(200, found.content)

    with serving(Leads) as url:
        found.url = f"{url}/leads.csv"
        yield found


def posted(web: Web, shelf: Shelf, content: bytes) -> httpx.Response:
    shelf.content = content
    ask = CREATING["kinbox"]
    body = {"name": "Lançamento", "message": "Olá {{nome}}", "leadsAssetUrl": shelf.url}
    answers: list[httpx.Response] = []

    def answered() -> bool:
        """Files of tests before, whose readers have not noticed yet that nobody waits, hold the caller's places."""
        answers.append(web.http.post(ask.path, json=body, headers=ask.headers))
        return answers[-1].status_code != 429

    wait_until(answered, 60)
    return answers[-1]


def campaigns(web: Web) -> list[str]:
    return [one["id"] for one in web.admin.get("/v1/campaigns").json()["items"]]


def stored(web: Web, answer: httpx.Response) -> list[tuple[str, str, str | None]]:
    """Phone, state and reason of every recipient."""
    number = answer.headers["x-campaign-id"]
    items = web.admin.get(f"/v1/campaigns/{number}/messages", params={"limit": 1000}).json()["items"]
    return [(one["phone"], one["state"], one["reason"]) for one in items]


WAITS_ANA, WAITS_BIA = (ANA, "pending", None), (BIA, "pending", None)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(f"phone,nome\n{ANA},Ana\n{BIA},Bia\n".encode(), [WAITS_ANA, WAITS_BIA], id="plain"),
        pytest.param(f"\ufeffphone,nome\r\n{ANA},Ana\r\n{BIA},Bia".encode(), [WAITS_ANA, WAITS_BIA], id="Excel"),
        pytest.param(f"Telefone;Nome\n{ANA};João\n".encode("latin-1"), [WAITS_ANA], id="Latin-1, semicolons"),
        pytest.param(f"NÚMERO\tnome\n{ANA}\tZé\n".encode(), [WAITS_ANA], id="tabs, accents in the header"),
        pytest.param(f'phone,nome\n{ANA},"Ana\nMaria, ""Nana"""\n'.encode(), [WAITS_ANA], id="quoted line breaks"),
        pytest.param(f"\n\nphone,nome\n\n{ANA},Ana\n\n\n".encode(), [WAITS_ANA], id="blank lines"),
        pytest.param(
            f"phone,nome\n{ANA},Ana\n+55 (11) 90000-0001,Ana outra vez\n{BIA},Bia\n".encode(),
            [WAITS_ANA, (ANA, "failed", "duplicate_recipient"), WAITS_BIA],
            id="the same phone twice, in two spellings",
        ),
        pytest.param(
            f"phone,nome\n123,Zé\n,Nin\n{ANA},Ana\n".encode(),
            [("123", "failed", "invalid_number"), ("", "failed", "invalid_number"), WAITS_ANA],
            id="phones that are none",
        ),
        pytest.param(
            f"phone,nome\n{ANA},\n{BIA},Bia\n".encode(),
            [(ANA, "failed", "missing_field:nome"), WAITS_BIA],
            id="nothing to fill the text with",
        ),
        pytest.param(f"phone,nome\n{ANA},{'x' * 100_000}\n".encode(), [WAITS_ANA], id="a long cell"),
    ],
)
def test_a_file_is_read_as_it_comes(
    shared_web: Web, shelf: Shelf, content: bytes, expected: list[tuple[str, str, str | None]]
) -> None:
    answer = posted(shared_web, shelf, content)
    assert answer.status_code == 201, answer.text
    assert answer.json()["leadsCount"] == len(expected)
    assert stored(shared_web, answer) == expected


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(
    ("content", "rule"),
    [
        pytest.param(b"", "the file is empty", id="empty"),
        pytest.param(b"\n\n \n", "the file is empty", id="blank"),
        pytest.param(b"phone,nome\n", "names no recipient", id="header only"),
        pytest.param(b"nome,cidade\nAna,SP\n", "no column for the phone", id="no phone column"),
        pytest.param(b"5511900000001,Ana\n", "a number where a column's name should be", id="no header"),
        pytest.param("phone,nome\n5511900000001,Ana\n".encode("utf-16"), "UTF-16? save the file as UTF-8", id="UTF-16"),
        pytest.param(b"phone,nome\n5511900000001,A\0na\n", "holds a NUL byte", id="NUL"),
        pytest.param(b"phone,nome\n5511900000001\n", "row 2: has 1 cells where the header has 2", id="a short row"),
        pytest.param(b"phone,nome\n5511900000001,a,b\n", "row 2: has 3 cells where the header has 2", id="a long row"),
        pytest.param(b"phone,nome\n" + b"5511900000001,Ana\n" * 2_000 + b"x\n", "row 2002", id="one late short row"),
        pytest.param(b"phone,nome\n5511900000001," + b"x" * 140_000 + b"\n", "row 2", id="a cell too long"),
        pytest.param(b"phone,nome\n5511900000001," + b"x" * 300_000 + b"\n", "is longer than", id="a row too long"),
        pytest.param(b"x" * 1_000_000, "is longer than", id="one endless line"),
        pytest.param(b'phone,nome\n5511900000001,"Ana\n', "row 2", id="a quote that is never closed"),
        pytest.param(b"phone,phone\n1,2\n", "appears twice", id="a column twice"),
        pytest.param(b"\x1f\x8b\x08\0\0\0\0\0\0\xff", "leadsAssetUrl", id="a packed file"),
        pytest.param(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "no column for the phone", id="a PDF"),
        pytest.param(b"<!doctype html>\n<html><body>Login</body></html>\n", "no column for the phone", id="a web page"),
        pytest.param(json.dumps([{"phone": ANA}]).encode(), "leadsAssetUrl", id="JSON"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_by_its_rule_and_nothing_is_stored(
    shared_web: Web, shelf: Shelf, content: bytes, rule: str
) -> None:
    answer = posted(shared_web, shelf, content)
    assert answer.status_code == 400
    assert set(answer.json()) == {"statusCode", "message", "error"}
    [line] = answer.json()["message"]
    assert line.startswith("leadsAssetUrl: ")
    assert rule in line
    assert "5511900000001" not in line


def rows(count: int) -> Iterator[bytes]:
    yield b"phone,nome\n"
    for start in range(0, count, 1_000):
        yield b"".join(b"55119%08d,Ana\n" % number for number in range(start, min(start + 1_000, count)))


def peak_bytes(count: int) -> int:
    """The most memory that reading so many recipients takes at once, beside what is kept of nobody."""
    tracemalloc.start()
    try:
        taken = sum(message.problem is None for message in messages(read_leads(rows(count)), "Olá {{nome}}"))
        assert taken == count
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_promise_7_of_a_file_only_one_number_a_recipient_is_kept_in_memory() -> None:
    """The numbers that were reached already, an int in a set each: under 200 MB for a million."""
    few, many = peak_bytes(MANY // 4), peak_bytes(MANY)
    assert (many - few) / (MANY * 3 / 4) < 200
