"""A server underneath is away: what can be promised still is, the rest is refused in the caller's shape."""

from collections.abc import Iterator

import pytest

from dispatcher.domain.ids import parse_campaign
from tests.ingress.asks import CREATING, Ask
from tests.ingress.conftest import Web, running, settings_for
from tests.ingress.test_refusals import lines

NOWHERE = "127.0.0.1:9"  # nobody listens there


@pytest.fixture
def without_redis(ledger_url: str) -> Iterator[Web]:
    with running(settings_for(ledger_url, f"redis://{NOWHERE}/0"), rebuild=False) as web:
        yield web


@pytest.fixture
def without_ledger(redis_url: str) -> Iterator[Web]:
    with running(settings_for(f"postgresql://x:y@{NOWHERE}/none", redis_url), accounts="", rebuild=False) as web:
        yield web


every_dialect = pytest.mark.parametrize(("dialect", "ask"), CREATING.items(), ids=CREATING)


@every_dialect
def test_without_redis_campaigns_are_accepted_all_the_same(without_redis: Web, dialect: str, ask: Ask) -> None:
    answer = without_redis.http.post(ask.path, json=ask.body, headers=ask.headers)
    assert answer.status_code == ask.status
    campaign = parse_campaign(answer.headers["x-campaign-id"])
    assert without_redis.wiring.campaigns.get(campaign).total == 1
    assert without_redis.wiring.campaigns.plan_of(campaign)[0].end == 1


def test_without_redis_a_reply_is_stored_and_a_pause_holds(without_redis: Web) -> None:
    campaign = without_redis.admin.post("/v1/campaigns", json=CREATING["native"].body).json()["id"]
    reply = {"phone": "5511900000001", "at": "2026-11-07T12:00:00.250Z", "event_id": "e-1"}
    assert without_redis.admin.post("/v1/inbound", json=reply).json()["new"] is True
    assert without_redis.admin.post(f"/v1/campaigns/{campaign}/pause").json()["state"] == "paused"
    assert without_redis.admin.post(f"/v1/campaigns/{campaign}/resume").status_code == 503
    assert without_redis.admin.post(f"/v1/campaigns/{campaign}/cancel").json()["state"] == "cancelled"


def test_without_redis_it_is_not_ready(without_redis: Web) -> None:
    answer = without_redis.http.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["redis"] == "does not answer"
    assert answer.json()["checks"]["ledger"] == "ok"
    assert "dispatcher_reachable 0.0" in without_redis.http.get("/metrics").text
    assert without_redis.http.get("/healthz").status_code == 200


@every_dialect
def test_without_the_ledger_nothing_is_promised(without_ledger: Web, dialect: str, ask: Ask) -> None:
    answer = without_ledger.http.post(ask.path, json=ask.body, headers=ask.headers)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    assert lines(dialect, answer) == ["not available now, try again"]


def test_without_the_ledger_it_is_not_ready(without_ledger: Web) -> None:
    checks = without_ledger.http.get("/readyz").json()["checks"]
    assert checks["ledger"] == "does not answer"
    assert without_ledger.http.post("/webhooks/loja/loja-hook", json={}).status_code == 503
