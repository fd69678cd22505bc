"""Kinbox' campaigns (PROVIDERS.md 2.2)."""

from typing import Any

import httpx
import pytest

from dispatcher.simulator.server import SimulatorClient
from tests.simulator.listener import Listener
from tests.simulator.messages import OTHER
from tests.simulator.seeds import KINBOX, KINBOX_ANSWER
from tests.waiting import wait_until

LEADS = 'phone,name,city\n5511988876204,Ana,"São Paulo, SP"\n5511988876205,Rui,Rio\n'


def create(http: httpx.Client, listener: Listener, leads: str = LEADS, **changes: Any) -> dict[str, Any]:
    url = listener.publish("/assets/leads/x.csv", leads)
    answer = http.post("/v3/campaigns", json={**KINBOX, "leadsAssetUrl": url, **changes})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def wait_for(http: httpx.Client, campaign: dict[str, Any], status: str) -> dict[str, Any]:
    wait_until(lambda: http.get(f"/v3/campaigns/{campaign['id']}").json()["status"] == status)
    return dict(http.get(f"/v3/campaigns/{campaign['id']}").json())


def test_each_lead_of_the_file_gets_its_own_text(
    simulator: SimulatorClient, http: httpx.Client, listener: Listener
) -> None:
    created = create(http, listener)
    assert set(created) == KINBOX_ANSWER
    assert (created["status"], created["id"]) == ("processing", created["_id"])
    done = wait_for(http, created, "done")
    assert (done["leadsCount"], done["progress"], done["messagesProcessed"]) == (2, 100, 2)
    assert done["resultCounts"]["sent"] == 2
    first, second = simulator.deliveries()
    assert (first["sender"], first["marker"], first["number"]) == ("canal-1", "Campanha c-1.1", OTHER)
    assert [d["content"]["textRaw"] for d in (first, second)] == ["Olá Ana", "Olá Rui"]
    assert simulator.gaps_ms("canal-1", "kinbox") == []
    wait_for(http, create(http, listener), "done")
    assert len(simulator.gaps_ms("canal-1", "kinbox")) == 1


def test_a_campaign_is_found_by_a_part_of_its_name(http: httpx.Client, listener: Listener) -> None:
    ids = [create(http, listener, name=f"Campanha c-1.{n}")["id"] for n in (1, 10, 2)]
    found = http.get("/v3/campaigns", params={"limit": 20, "offset": 0, "name": "c-1.1"}).json()
    assert (found["totalCount"], [c["id"] for c in found["data"]]) == (2, [ids[1], ids[0]])
    assert http.get("/v3/campaigns", params={"name": "c-1.1"}).status_code == 400


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": ""}, "name should not be empty"),
        ({"channelType": 1}, "channelType must be one of the following values: 1, 2, 3, 4, 5, 6, 7, 8, 9"),
        ({"leadType": "all"}, "leadType must be one of the following values: lead, file"),
        ({"chunkSize": "5"}, "chunkSize must be a number conforming to the specified constraints"),
        ({"message": 5}, "message must be a string"),
        ({"assetsUrls": "x"}, "assetsUrls must be an array"),
        ({"template": []}, "template must be an object"),
        ({"scheduledTo": "amanhã"}, "scheduledTo must be a valid ISO 8601 date string"),
        ({"leadsAssetUrl": "http://example.com/x.csv"}, "leadsAssetUrl must be a URL on this machine"),
    ],
)
def test_wrong_fields_are_refused_in_nests_words(http: httpx.Client, change: dict[str, Any], message: str) -> None:
    answer = http.post("/v3/campaigns", json={**KINBOX, **change})
    assert (answer.status_code, answer.json()["error"]) == (400, "Bad Request")
    assert answer.json()["message"][0].startswith(message)


def test_without_a_bearer_nobody_gets_in(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set(kinbox_tokens=["right"])
    answer = http.post("/v3/campaigns", json=KINBOX)
    assert (answer.status_code, answer.json()) == (401, {"statusCode": 401, "message": "Unauthorized"})
    assert http.get("/v3/campaigns/x", headers={"authorization": "Bearer right"}).status_code == 404


@pytest.mark.parametrize("leads", ["name\nAna\n", "phone,name\n5511988876204\n", 'phone\n"x', ""])
def test_a_file_that_cannot_be_read_fails_the_campaign(
    simulator: SimulatorClient, http: httpx.Client, listener: Listener, leads: str
) -> None:
    wait_for(http, create(http, listener, leads), "failed")
    assert simulator.deliveries() == []
    assert "leads:" in simulator.summary()["notes"][0]


def test_a_file_that_is_gone_fails_the_campaign(
    simulator: SimulatorClient, http: httpx.Client, listener: Listener
) -> None:
    created = create(http, listener, leadsAssetUrl=f"{listener.url}/gone.csv")
    wait_for(http, created, "failed")
    assert simulator.summary()["notes"] == [f"kinbox campaign {created['id']}: leads: HTTP 404"]


def test_a_column_that_is_missing_shows_as_unfilled(
    simulator: SimulatorClient, http: httpx.Client, listener: Listener
) -> None:
    wait_for(http, create(http, listener, textRaw="Olá {{sobrenome}}"), "done")
    assert simulator.summary()["unfilled"] == 2


def test_a_paced_campaign_can_be_paused_resumed_changed_and_deleted(
    simulator: SimulatorClient, http: httpx.Client, listener: Listener
) -> None:
    simulator.set(pace=True)
    created = create(http, listener, chunkSize=1, secondsBetweenChunks=600)
    waiting = wait_for(http, created, "awaiting-chunk")
    assert (waiting["progress"], waiting["resultCounts"]["chunksExecuted"]) == (50, 1)
    path = f"/v3/campaigns/{created['id']}"
    assert http.post(f"{path}/pause").json()["status"] == "paused"
    assert http.post(f"{path}/resume").status_code == 201
    leads = http.get(f"{path}/chunk-leads").json()
    assert [(lead["chunkId"], lead["status"]) for lead in leads] == [("0", "sent"), ("1", "pending")]
    assert http.patch(path, json={"secondsBetweenChunks": 1}).json()["secondsBetweenChunks"] == 1
    assert http.delete(path).json()["status"] == "canceled"
    assert http.get(path).status_code == 404


def test_a_date_holds_the_campaign_back(simulator: SimulatorClient, http: httpx.Client, listener: Listener) -> None:
    created = create(http, listener, scheduledTo="2099-01-01T00:00:00Z")
    held = wait_for(http, created, "scheduled")
    assert (held["leadsCount"], held["nextScheduledTo"]) == (2, "2099-01-01T00:00:00Z")
    assert simulator.deliveries() == []


def test_receipts_and_replies_raise_the_counts(
    simulator: SimulatorClient, http: httpx.Client, listener: Listener
) -> None:
    created = create(http, listener)
    wait_for(http, created, "done")
    simulator.receipt("kinbox", OTHER, "Delivered")
    simulator.receipt("kinbox", OTHER, "Read")
    simulator.reply("kinbox", OTHER)
    counts = http.get(f"/v3/campaigns/{created['id']}").json()["resultCounts"]
    assert [counts[name] for name in ("sent", "received", "read", "answered")] == [2, 1, 1, 1]
