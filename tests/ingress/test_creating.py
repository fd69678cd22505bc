"""Campaigns come in through each door: the answer its clients expect, and the same answer to the same request."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from dispatcher.domain.lifecycle import MessageState
from tests.ingress.asks import ANA, BIA, CREATING, Ask, bearer
from tests.ingress.conftest import Web

every_dialect = pytest.mark.parametrize(("dialect", "ask"), CREATING.items(), ids=CREATING)


def create(web: Web, ask: Ask, **changed: Any) -> httpx.Response:
    answer = web.http.post(ask.path, json={**ask.body, **changed}, headers=ask.headers)
    assert answer.status_code == ask.status, answer.text
    return answer


def seen(web: Web, answer: httpx.Response) -> dict[str, Any]:
    """The campaign behind a creating response, as the native API shows it."""
    found: dict[str, Any] = web.admin.get(f"/v1/campaigns/{answer.headers['x-campaign-id']}").json()
    return found


@every_dialect
def test_what_is_answered_is_stored(web: Web, dialect: str, ask: Ask) -> None:
    campaign = seen(web, create(web, ask))
    assert (campaign["total"], campaign["counts"]["pending"], campaign["state"]) == (1, 1, "running")
    [message] = web.admin.get(f"/v1/campaigns/{campaign['id']}/messages").json()["items"]
    assert (message["phone"], message["state"], message["id"]) == (ANA, "pending", f"{campaign['id']}-0")


@every_dialect
def test_the_clock_knows_of_it(web: Web, dialect: str, ask: Ask) -> None:
    number = web.desk.campaigns.page(None, None, None, 1)
    assert number.items == ()
    create(web, ask)
    view = web.desk.campaigns.page(None, None, None, 1).items[0]
    assert not web.wiring.stations.control.idle(view.provider, view.campaign.id)


@every_dialect
def test_the_same_request_again_is_answered_the_same(web: Web, dialect: str, ask: Ask) -> None:
    ask = ask._replace(headers={**ask.headers, "Idempotency-Key": "k-1"})
    first, again = create(web, ask), create(web, ask)
    assert again.headers["x-campaign-id"] == first.headers["x-campaign-id"]
    assert again.headers["idempotent-replayed"] == "true"
    assert again.content == first.content
    assert len(web.desk.campaigns.page(None, None, None, 10).items) == 1


@every_dialect
def test_the_same_request_again_is_answered_the_same_however_far_the_campaign_is(
    web: Web, dialect: str, ask: Ask
) -> None:
    ask = ask._replace(headers={**ask.headers, "Idempotency-Key": "k-1"})
    first = create(web, ask)
    number = first.headers["x-campaign-id"]
    for order in ("pause", "cancel"):
        assert web.admin.post(f"/v1/campaigns/{number}/{order}").is_success
        assert create(web, ask).content == first.content


@every_dialect
def test_the_same_key_with_another_body_is_422(web: Web, dialect: str, ask: Ask) -> None:
    ask = ask._replace(headers={**ask.headers, "Idempotency-Key": "k-1"})
    create(web, ask)
    other = web.http.post(ask.path, json={**ask.body, "x": 1}, headers=ask.headers)
    assert other.status_code == 422
    assert "Idempotency-Key" in other.text
    assert len(web.desk.campaigns.page(None, None, None, 10).items) == 1


def test_one_key_in_many_requests_at_once_makes_one_campaign(web: Web) -> None:
    ask = CREATING["uazapi"]
    headers = {**ask.headers, "Idempotency-Key": "k-1"}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: web.http.post(ask.path, json=ask.body, headers=headers), range(16)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["x-campaign-id"] for answer in answers}) == 1
    assert len({answer.content for answer in answers}) == 1


def test_without_a_key_the_same_request_is_another_campaign(web: Web) -> None:
    ask = CREATING["uazapi"]
    assert create(web, ask).headers["x-campaign-id"] != create(web, ask).headers["x-campaign-id"]


def test_uazapi_answers_the_folder(web: Web) -> None:
    ask = CREATING["uazapi"]
    answer = create(web, ask)
    assert answer.json() == {"folder_id": answer.headers["x-campaign-id"], "count": 1, "status": "queued"}
    assert create(web, ask, scheduled_for=1).json()["status"] == "scheduled"
    assert seen(web, create(web, ask, scheduled_for=1))["state"] == "scheduled"


@pytest.mark.parametrize("headers", [{"TOKEN": "loja-token"}, {"Token": "loja-token"}, {}])
def test_uazapis_token_comes_in_any_spelling_or_in_the_query(web: Web, headers: dict[str, str]) -> None:
    path = "/sender/advanced" if headers else "/sender/advanced?token=loja-token"
    answer = web.http.post(path, json=CREATING["uazapi"].body, headers=headers)
    assert answer.status_code == 200


def test_kinbox_answers_every_field_of_a_campaign(web: Web) -> None:
    ask = CREATING["kinbox"]
    leads = [{"phone": ANA, "nome": "Ana"}, {"phone": BIA, "nome": "Bia"}]
    answer = create(web, ask, leads=leads, channelId="canal-1", chunkSize=1, secondsBetweenChunks=60)
    campaign = answer.json()
    assert set(campaign) == KINBOX_FIELDS
    assert campaign["id"] == campaign["_id"] == answer.headers["x-campaign-id"]
    assert (campaign["name"], campaign["channelId"], campaign["status"]) == ("Lançamento", "canal-1", "processing")
    assert (campaign["leadsCount"], campaign["chunksCount"], campaign["chunkSize"]) == (2, 2, 1)
    assert campaign["finishedAtPrediction"] > campaign["createdAt"]


def test_kinbox_reads_leads_from_a_file(web: Web, leads_server: str) -> None:
    answer = create(web, CREATING["kinbox"], leads=None, leadType="file", leadsAssetUrl=f"{leads_server}/leads.csv")
    assert seen(web, answer)["total"] == 2


def test_builder_is_let_in_by_what_its_login_gave(web: Web) -> None:
    ask = CREATING["builder campaign"]
    login = web.http.post("/login", json={"user": "obra", "password": "obra-token"})
    assert (login.status_code, set(login.json())) == (200, {"token", "refresh_token"})
    action = create(web, ask._replace(headers=bearer(login.json()["token"])))
    assert action.json()["_id"] == action.headers["x-campaign-id"]
    assert (action.json()["campaign_name"], action.json()["status"]) == ("Lançamento", "not_started")
    refused = web.http.post(ask.path, json=ask.body, headers=bearer(login.json()["refresh_token"]))
    assert refused.status_code == 401


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"user": "obra", "password": "wrong"}, 401),
        ({"user": "loja", "password": "obra-token"}, 401),
        ({"user": "loja", "password": "loja-token"}, 401),
        ({"user": "obra"}, 422),
        ({"user": 1, "password": []}, 422),
    ],
)
def test_a_wrong_login_is_refused(shared_web: Web, body: dict[str, Any], status: int) -> None:
    assert shared_web.http.post("/login", json=body).status_code == status


def test_an_acionamento_is_a_number_that_can_be_asked_for(web: Web) -> None:
    number = create(web, CREATING["builder acionamento"]).json()
    assert isinstance(number, int)
    assert number < 2**53
    found = web.http.get(f"/acionamento/{number}", params={"apikey": "obra-token"})
    assert (found.status_code, found.json()["id"], found.json()["status"]) == (200, number, "pending")
    assert web.http.get(f"/acionamento/{number}", params={"apikey": "loja-token"}).status_code == 401
    assert web.http.get(f"/acionamento/{number}").status_code == 422
    for other in (number + 1, 0, -1, 2**70, "x"):
        assert web.http.get(f"/acionamento/{other}", params={"apikey": "obra-token"}).status_code == 404


def test_native_keeps_recipients_that_cannot_be_dialled_as_failed(web: Web) -> None:
    answer = create(web, CREATING["native"], recipients=[{"phone": ANA, "name": "Ana"}, {"phone": "123"}])
    campaign = answer.json()
    assert (campaign["accepted"], campaign["queued"], campaign["total"]) == (2, 1, 2)
    assert (campaign["counts"]["pending"], campaign["counts"]["failed"]) == (1, 1)
    failed = web.admin.get(f"/v1/campaigns/{campaign['id']}/messages", params={"state": "failed"}).json()["items"]
    assert [(one["seq"], one["reason"]) for one in failed] == [(1, "invalid_number")]


def test_a_hundred_thousand_recipients_in_one_request(web: Web) -> None:
    recipients = [{"phone": f"55119{number:08}", "name": "Ana"} for number in range(100_000)]
    campaign = create(web, CREATING["native"], recipients=recipients).json()
    assert (campaign["total"], campaign["counts"]["pending"]) == (100_000, 100_000)
    assert sum(campaign["counts"][state.value] for state in MessageState) == 100_000


KINBOX_FIELDS = {
    *("id", "_id", "name", "channelId", "operatorId", "operatorName", "businessHoursId", "channelType", "leadType"),
    *("scheduledTo", "nextScheduledTo", "originalScheduledTo", "finishedAtPrediction", "leadsAssetUrl", "message"),
    *("textRaw", "assetsUrls", "active", "shouldCreateConversation", "status", "chunksCount", "leadsCount"),
    *("secondsBetweenMessages", "secondsBetweenChunks", "trackAllChannels", "trackMaxHours", "chunkSize", "template"),
    *("progress", "resultCounts", "messagesProcessed", "lastMessageProcessedAt", "healthCheckData", "workspaceId"),
    *("createdAt", "lastUpdateAt", "updatedAt"),
}
