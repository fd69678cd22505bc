"""The README's curl commands, as somebody would paste them: they work and answer what it shows."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.ingress.conftest import ADMIN, Web, running, settings_for
from tests.ledgers import Ledgers

README = Path(__file__).parents[2] / "README.md"
TOKEN = "token-of-the-reader"
ACCOUNTS = "".join(
    f"""
[[account]]
name = "{name}"
provider = "{provider}"
base_urls = ["https://provider.example"]
ingress_token = "{TOKEN}"
credentials = {credentials}
sender = [{{ name = "{sender}" }}]
"""
    for name, provider, sender, credentials in (
        ("loja", "uazapi", "5511900000001", '{ token = "x" }'),
        ("caixa", "kinbox", "canal-1", '{ token = "x" }'),
        ("bot", "builder", "bot-1", '{ user = "u", password = "p" }'),
        ("cobranca", "cpc", "emp1", '{ token = "x" }'),
    )
)


class Curl(NamedTuple):
    path: str
    headers: dict[str, str]
    body: Any
    answer: Any


def commands() -> list[Curl]:
    """Each with the JSON that is shown below it, None where nothing is shown."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL):
        for said in block.split("$ curl ")[1:]:
            *lines, last = said.strip().split("\n")
            answered = bool(lines) and last.startswith("{")
            command = "\n".join(lines if answered else [*lines, last])
            found.append(_curl(command.replace("\\\n", " "), last if answered else ""))
    return found


def _curl(command: str, answer: str) -> Curl:
    words = iter(shlex.split(command.replace("…", TOKEN).replace("$DISPATCHER_ADMIN_TOKEN", ADMIN)))
    path, headers, body = "", {}, None
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = json.loads(next(words))
        else:
            path = word.removeprefix("http://127.0.0.1:8000")
    return Curl(path, headers, body, json.loads(answer) if answer else None)


@pytest.fixture(scope="module")
def reader(ledgers: Ledgers, valkey: str) -> Iterator[Web]:
    with ledgers.lent() as url, running(settings_for(url, valkey), ACCOUNTS) as found:
        yield found


CREATING = [curl for curl in commands() if curl.body is not None]
LOOKING = [curl for curl in commands() if curl.body is None]


def test_every_dialect_has_its_example() -> None:
    assert {"/sender/advanced", "/v3/campaigns", "/login", "/acionamento", "/api/messages/massivocpc"} <= {
        curl.path for curl in CREATING
    }
    assert LOOKING


@pytest.mark.parametrize("curl", CREATING, ids=lambda curl: curl.path)
def test_a_first_campaign_is_taken_in_as_the_readme_says(reader: Web, curl: Curl) -> None:
    answer = reader.http.post(curl.path, json=curl.body, headers=curl.headers)
    assert answer.is_success, answer.text
    if curl.answer is not None:
        given = answer.json()
        assert given.keys() == curl.answer.keys()
        assert given | {key: value for key, value in curl.answer.items() if value != "…"} == given


@pytest.mark.parametrize("curl", LOOKING, ids=lambda curl: curl.path)
def test_a_campaign_is_looked_at_as_the_readme_says(reader: Web, curl: Curl) -> None:
    [first] = [one for one in CREATING if one.path == "/sender/advanced"]
    made = reader.http.post(first.path, json=first.body, headers=first.headers).json()
    answer = reader.http.get(curl.path.replace("$ID", made["folder_id"]), headers=curl.headers)
    assert answer.json()["total"] == 1
