"""Leads by the hundred thousand through HTTP into the ledger: memory stays bounded, others are answered meanwhile.

`dispatcher bench intake` does the same with a million.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from dispatcher.cli.bench.intake import csv
from tests.journey.installation import Installation
from tests.plain import NO_TLS
from tests.serving import Quiet, serving
from tests.spawner import Fresh, Starter

pytestmark = pytest.mark.slow

FEW, MANY = 20_000, 200_000
A_RECIPIENT = 200  # bytes: its number in the set of those that the file has reached
ACCOUNT = """
[[account]]
name = "caixa"
provider = "kinbox"
base_urls = ["http://127.0.0.1:9"]
ingress_token = "caixa-token"
credentials = { token = "x" }
[[account.sender]]
name = "canal-1"
"""


class _Leads(Quiet):
    """`/<count>` is a file of so many leads, made as it is sent."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        for block in csv(int(self.path.strip("/"))):
            self.wfile.write(block)


@pytest.fixture
def starter() -> Starter:
    """What is told of a process's memory is of one that began with nothing."""
    return Fresh()


def post(url: str, file: str) -> httpx.Response:
    body = {"name": "Oferta", "message": "Olá {{nome}}", "leadType": "file", "leadsAssetUrl": file}
    headers = {"Authorization": "Bearer caixa-token"}
    return httpx.post(f"{url}/v3/campaigns", json=body, headers=headers, timeout=300, trust_env=False, verify=NO_TLS)


def peak(pid: int) -> int:
    """The most bytes that a process ever had resident."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def test_promise_7_two_hundred_thousand_leads_come_in_and_others_are_answered_meanwhile(place: Installation) -> None:
    place.accounts(ACCOUNT)
    url = place.start_web()
    assert place.web is not None
    with serving(_Leads) as files, ThreadPoolExecutor(1) as other:
        assert post(url, f"{files}/{FEW}").status_code == 201
        small, answered = peak(place.web.pid), 0
        asked = other.submit(post, url, f"{files}/{MANY}")
        while not asked.done():
            answer = httpx.get(f"{url}/v1/campaigns", headers=place.admin, timeout=60, trust_env=False, verify=NO_TLS)
            assert answer.status_code == 200
            answered += 1
        answer = asked.result()
    assert (answer.status_code, answer.json()["leadsCount"]) == (201, MANY), answer.text
    assert place.counts(answer.headers["x-campaign-id"]) == {"pending": MANY}
    assert answered >= 3
    assert peak(place.web.pid) < 300_000_000
    assert peak(place.web.pid) - small < A_RECIPIENT * (MANY - FEW)
