"""Callbacks at the door: where they may go, what was not taken, and telling it again."""

from collections.abc import Iterator
from typing import Any

import pytest

from dispatcher.domain.claims import Settled
from dispatcher.domain.ids import MessageId, parse_campaign
from dispatcher.domain.outcomes import Fate, Outcome
from dispatcher.pipeline.reply import process
from tests.ingress.asks import ANA
from tests.ingress.conftest import ACCOUNTS, Web, running, settings_for, storing_nothing
from tests.ingress.test_control import native, walked
from tests.journey.receiver import SECRET
from tests.ledger.steps import run

HOOK = "http://127.0.0.1:9/hook"
SIGNS = f'name = "loja"\ncallback_secret = "{SECRET}"'
TAKEN, FAILED, WAITS = "fate = 'delivered', settled_at = now()", "fate = 'failed', settled_at = now()", "seq = seq"


@pytest.fixture
def web(ledger_url: str, redis_url: str) -> Iterator[Web]:
    """Its account can sign."""
    with running(settings_for(ledger_url, redis_url), ACCOUNTS.replace('name = "loja"', SIGNS)) as found:
        yield found


def told(web: Web, becomes: str = WAITS, **keys: Any) -> dict[str, Any]:
    """What the first event of a new campaign is listed as, once this became of it."""
    native(web, callback_url=HOOK, **keys)
    newest: dict[str, Any] = walked(web, "/v1/callbacks")[-1]
    run(web.wiring.engine, f"UPDATE callback SET trouble = 'http_500', {becomes} WHERE id = {newest['id']}")
    return newest


def listed(web: Web, **asked: Any) -> list[int]:
    return [one["id"] for one in walked(web, "/v1/callbacks", **asked)]


def test_callbacks_are_listed_by_state_and_page_without_the_person(web: Web) -> None:
    taken, failed, waits = [told(web, becomes)["id"] for becomes in (TAKEN, FAILED, WAITS)]
    assert listed(web, limit=1) == [taken, failed, waits]
    assert [listed(web, state=state) for state in ("delivered", "failed", "waiting")] == [[taken], [failed], [waits]]
    [shown] = web.admin.get("/v1/callbacks", params={"state": "failed"}).json()["items"]
    assert (shown["account"], shown["type"], shown["trouble"]) == ("loja", "campaign.running", "http_500")
    assert ANA not in web.admin.get("/v1/callbacks").text


@pytest.mark.parametrize("asked", [{"state": "lost"}, {"cursor": "x"}, {"cursor": "9" * 30}, {"limit": "0"}])
def test_a_question_that_cannot_be_answered_is_400(shared_web: Web, asked: dict[str, str]) -> None:
    assert shared_web.admin.get("/v1/callbacks", params=asked).status_code == 400


def test_callbacks_are_for_operators(shared_web: Web) -> None:
    assert shared_web.http.get("/v1/callbacks").status_code == 401
    assert shared_web.http.post("/v1/callbacks/send-again").status_code == 401


def test_one_that_failed_is_sent_again_and_no_other(web: Web) -> None:
    failed, waits = told(web, FAILED)["id"], told(web)["id"]
    assert web.admin.post(f"/v1/callbacks/{failed}/send-again").json() == {"sent_again": 1}
    assert listed(web, state="waiting") == [failed, waits]
    assert web.admin.post(f"/v1/callbacks/{failed}/send-again").status_code == 409
    assert web.admin.post(f"/v1/callbacks/{waits + 9}/send-again").status_code == 404


def test_all_of_an_account_are_sent_again(web: Web) -> None:
    told(web, FAILED)
    assert web.admin.post("/v1/callbacks/send-again", params={"account": "caixa"}).json() == {"sent_again": 0}
    assert web.admin.post("/v1/callbacks/send-again", params={"account": "nobody"}).status_code == 400
    assert web.admin.post("/v1/callbacks/send-again", params={"account": "loja"}).json() == {"sent_again": 1}
    assert web.admin.post("/v1/callbacks/send-again").json() == {"sent_again": 0}


def test_what_has_no_url_any_more_is_not_said_to_be_sent_again(web: Web) -> None:
    failed = told(web)["id"]
    run(web.wiring.engine, "UPDATE callback_endpoint SET url = '', disabled_at = now(), disabled_reason = 'not_named'")
    assert listed(web, state="failed") == [failed]
    assert web.admin.post("/v1/callbacks/send-again").json() == {"sent_again": 0}
    assert web.admin.post(f"/v1/callbacks/{failed}/send-again").status_code == 409


def test_the_metric_counts_what_waits_and_what_failed(web: Web) -> None:
    for becomes in (TAKEN, FAILED, WAITS, WAITS):
        told(web, becomes)
    text = web.http.get("/metrics").text
    assert 'dispatcher_callbacks{state="waiting"} 2.0' in text
    assert 'dispatcher_callbacks{state="failed"} 1.0' in text


def test_a_failure_receipt_of_a_webhook_is_told_as_undelivered(web: Web) -> None:
    number = parse_campaign(native(web, callback_url=HOOK)["id"])
    [ticket] = web.wiring.clock.release("uazapi", 10, 10).tickets
    [row] = web.wiring.messages.claim(ticket).rows
    web.wiring.messages.settle(number, [Settled(0, row.attempt, Outcome(Fate.SENT, provider_ref="3EB0"))])
    event = {"MessageIDs": ["3EB0"], "error": "not on WhatsApp", "Timestamp": "2026-11-07T12:00:00Z"}
    receipt = {"EventType": "messages_update", "type": "ReadReceipt", "state": "Failed", "event": event}
    assert web.http.post("/webhooks/loja/loja-hook", json=receipt).json() == {"events": 1, "new": 1}
    for waiting in web.wiring.inbound.waiting(0, 10):
        process(web.wiring.stations, waiting)
    mine = [one for one in walked(web, "/v1/callbacks") if one["message_id"] == str(MessageId(number, 0))]
    assert [one["type"] for one in mine] == ["message.sent", "message.undelivered"]


# ---------------------------------------------------------------- where they may go


@pytest.fixture
def public(ledger_url: str, redis_url: str) -> Iterator[Web]:
    """An installation that reaches no private address for anybody."""
    settings = settings_for(ledger_url, redis_url).model_copy(update={"allow_private_urls": False})
    with running(settings, ACCOUNTS.replace('name = "loja"', SIGNS)) as found:
        yield found


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/hook",
        "http://[::ffff:10.0.0.1]/hook",
        "http://169.254.169.254/latest",
        "http://0x7f000001/",
        "http://nobody.invalid/hook",
        "https://user:word@8.8.8.8/hook",
        "http://8.8.8.8:99999/",
        "http://xn--/",
        "https://8.8.8.8/\u0000",
    ],
)
def test_a_campaign_that_names_such_a_url_is_refused_by_the_field_and_leaves_nothing(public: Web, url: str) -> None:
    body = {"account": "loja", "text": "oi", "recipients": [{"phone": ANA}], "callback_url": url}
    with storing_nothing(public):
        answer = public.admin.post("/v1/campaigns", json=body)
    assert (answer.status_code, [one["field"] for one in answer.json()["errors"]]) == (400, ["callback_url"])
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_campaign_that_is_refused_leaves_no_endpoint_behind(web: Web) -> None:
    body = {"account": "loja", "text": "oi", "recipients": [{"phone": ANA}], "callback_url": HOOK}
    with storing_nothing(web):
        answer = web.admin.post("/v1/campaigns", json={**body, "senders": ["nobody"]})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "senders")


@pytest.mark.usefixtures("nothing_stored")
def test_an_account_that_cannot_sign_has_no_campaign_that_names_a_url(shared_web: Web) -> None:
    body = {"account": "loja", "text": "oi", "recipients": [{"phone": ANA}], "callback_url": HOOK}
    answer = shared_web.admin.post("/v1/campaigns", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "callback_url")
    assert "callback_secret" in answer.text
