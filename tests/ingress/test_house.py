"""Probes, metrics, pages, leads files and the access log: what is told, and that nothing personal is among it."""

import csv
import io
import logging
import re
from html.parser import HTMLParser

import httpx
import pytest
from sqlalchemy import text

from dispatcher.domain.audit.checks import Check, Finding
from dispatcher.ledger.engine import transaction
from dispatcher.providers.leads_link import LeadsLink, leads_url
from tests.ingress.asks import ANA, BIA, CREATING
from tests.ingress.conftest import ADMIN, Web


def test_it_is_alive(shared_web: Web) -> None:
    assert shared_web.http.get("/healthz").json() == {"status": "ok"}


def test_without_a_worker_it_is_not_ready(shared_web: Web) -> None:
    answer = shared_web.http.get("/readyz")
    assert answer.status_code == 503
    checks = answer.json()["checks"]
    assert (checks["redis"], checks["ledger"]) == ("ok", "ok")
    assert checks["workers"] != "ok"


def test_metrics_count_by_words(web: Web) -> None:
    web.admin.post("/v1/campaigns", json=CREATING["native"].body)
    text = web.http.get("/metrics").text
    assert 'dispatcher_messages{state="pending"} 1.0' in text
    assert 'dispatcher_campaigns{state="running"} 1.0' in text
    assert 'dispatcher_queue_length{queue="send.uazapi"} 0.0' in text
    assert "dispatcher_reachable 1.0" in text
    assert 'dispatcher_workers{provider="uazapi"} 0.0' in text
    assert 'dispatcher_http_requests_total{method="POST",route="/v1/campaigns",status="2xx"} 1.0' in text


def test_nothing_personal_is_counted_or_logged(web: Web, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        web.http.post("/sender/advanced?token=loja-token", json=CREATING["uazapi"].body)
        web.admin.get(f"/v1/locks/{ANA}")
        web.http.post("/webhooks/loja/loja-hook", json={})
        web.http.get(f"/nowhere/{ANA}")
    told = web.http.get("/metrics").text + caplog.text
    assert "/webhooks/{account}/{secret}" in told
    for secret in (ANA, "loja-token", "loja-hook", ADMIN, "oi"):
        assert not re.search(rf"\b{secret}\b", told)


class Sources(HTMLParser):
    """Everything that a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "link", "img"):
            self.found += [value for name, value in attrs if name in ("src", "href") and value]


def test_a_web_of_the_old_version_stays_ready_after_the_upgrade(web: Web) -> None:
    for revision, checked in (("0001", "migrations are missing: run `dispatcher db upgrade`"), ("9999", "ok")):
        with transaction(web.wiring.engine) as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision})
        assert web.http.get("/readyz").json()["checks"]["ledger"] == checked


READS = re.compile(r"\b(sender|campaign|finding|doubt)\.([a-z_]+)")
FINDING = Finding(Check.HELD, "0f3k9x2m7q4t", "it runs in the ledger and is held in the clock", campaign=1)


def test_the_status_page_reads_only_what_the_api_gives(web: Web) -> None:
    ask = CREATING["kinbox"]
    web.http.post(ask.path, json=ask.body | {"leads": [{"phone": ANA, "nome": "Ana"}]}, headers=ask.headers)
    given = {
        (thing, field)
        for thing in ("sender", "campaign")
        for field in web.admin.get(f"/v1/{thing}s").json()["items"][0]
    }
    lease, places = web.wiring.audit_book.take(0, 60) or ("", {})
    web.wiring.audit_book.close(lease, places, [FINDING])
    audit = web.admin.get("/v1/audit").json()
    given |= {("finding", name) for name in audit["findings"][0]} | {("doubt", name) for name in audit["in_doubt"]}
    read = set(READS.findall(web.http.get("/page/status.js").text))
    assert {("finding", "do"), ("doubt", "undecided")} <= read
    assert {("sender", "waiting_why"), ("sender", "waiting_until"), ("campaign", "counts")} <= read
    assert read - given == set()


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_page_loads_only_what_we_serve(shared_web: Web, path: str) -> None:
    page = shared_web.http.get(path)
    assert page.headers["content-type"].startswith("text/html")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    sources = Sources()
    sources.feed(page.text)
    assert sources.found
    for source in sources.found:
        assert source.startswith("/page/")
        assert shared_web.http.get(source).status_code == 200


def test_the_api_is_described(shared_web: Web) -> None:
    document = shared_web.http.get("/openapi.json").json()
    for path in (one.path for name, one in CREATING.items() if name != "builder campaign"):
        assert "requestBody" in document["paths"][path]["post"]
    assert "/v1/campaigns/{campaign_id}/messages" in document["paths"]


def published(web: Web, seqs: tuple[int, ...] = (0, 1)) -> LeadsLink:
    """The link to the file of a job that was claimed just now: two recipients of a kinbox account."""
    leads = [{"phone": ANA, "nome": 'Ana; "A"'}, {"phone": BIA, "nome": "Bia", "cidade": "São Paulo"}]
    ask = CREATING["kinbox"]
    created = web.http.post(ask.path, json={**ask.body, "leads": leads}, headers=ask.headers)
    [ticket] = web.wiring.clock.release("kinbox", 10, 10).tickets
    web.wiring.messages.claim(ticket)
    return LeadsLink(f"{created.headers['x-campaign-id']}-0.1", seqs, web.desk.now_ms() + 60_000)


def fetched(web: Web, link: LeadsLink) -> httpx.Response:
    return web.http.get(leads_url(web.wiring.secrecy, "", link))


def test_a_leads_file_holds_the_jobs_recipients(web: Web) -> None:
    answer = fetched(web, published(web))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    shown = [(row["phone"], row["text"]) for row in csv.DictReader(io.StringIO(answer.text))]
    assert shown == [(ANA, 'Olá Ana; "A"'), (BIA, "Olá Bia")]


def test_a_leads_file_names_nobody_whom_the_guards_kept_back(web: Web) -> None:
    answer = fetched(web, published(web, seqs=(1,)))
    assert ANA not in answer.text
    assert BIA in answer.text


def test_a_leads_file_is_nobodys_after_its_time_or_for_another_attempt(web: Web) -> None:
    link = published(web)
    assert fetched(web, link._replace(until_ms=web.desk.now_ms() - 1)).status_code == 404
    assert fetched(web, link._replace(job=link.job.replace(".1", ".2"))).status_code == 404
    assert fetched(web, link._replace(job="0f3k9x2m7q4t-0.1")).status_code == 404
    assert web.http.get("/assets/leads/x.csv").status_code == 404
