"""Kinbox' door beside creating: listing, looking, changing, pausing, deleting; and what it refuses."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from dispatcher.domain.claims import Settled
from dispatcher.domain.ids import parse_campaign
from dispatcher.domain.outcomes import Fate, Outcome
from dispatcher.domain.tickets import Ticket
from dispatcher.pipeline.sweep import Sweeper
from dispatcher.wiring import first_lookup_s
from tests.ingress.asks import ANA, BIA, CAIO, CREATING, bearer
from tests.ingress.conftest import ACCOUNTS, Web, running, settings_for, storing_nothing
from tests.waiting import wait_until

TOKEN = bearer("caixa-token")
NOBODY = "0f3k9x2m7q4t"
LEADS = [{"phone": phone, "nome": "x"} for phone in (ANA, BIA, CAIO)]
ANOTHER = ACCOUNTS.replace('"caixa"', '"outra"').replace("caixa-token", "outra-token")


def made(web: Web, **changed: Any) -> str:
    body = {**CREATING["kinbox"].body, "leads": LEADS, **changed}
    answer = web.http.post("/v3/campaigns", json=body, headers=TOKEN)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def get(web: Web, path: str = "", **params: Any) -> httpx.Response:
    return web.http.get(f"/v3/campaigns{path}", params=params, headers=TOKEN)


def seen(web: Web, campaign: str) -> dict[str, Any]:
    found: dict[str, Any] = get(web, f"/{campaign}").json()
    return found


def names(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["name"] for one in answer.json()["data"]]


def patch(web: Web, campaign: str, body: Any) -> httpx.Response:
    return web.http.patch(f"/v3/campaigns/{campaign}", json=body, headers=TOKEN)


def told(web: Web, campaign: str, order: str) -> httpx.Response:
    return web.http.post(f"/v3/campaigns/{campaign}/{order}", headers=TOKEN)


def work(web: Web, *fates: Fate) -> None:
    """What a worker does with the next messages, one for each fate."""
    for fate in fates:
        ticket = released(web)
        assert web.wiring.clock.begin("kinbox", ticket, 60_000)
        rows = web.wiring.messages.claim(ticket).rows
        outcome = Outcome(fate, "" if fate is Fate.SENT else "because")
        web.wiring.messages.settle(ticket.campaign, [Settled(row.seq, row.attempt, outcome) for row in rows])
        web.wiring.clock.finish("kinbox", ticket, 0)


def released(web: Web) -> Ticket:
    """The next ticket, as soon as there is one."""
    found: list[Ticket] = []

    def is_released() -> bool:
        found.extend(web.wiring.clock.release("kinbox", 1, 1).tickets)
        return bool(found)

    wait_until(is_released)
    return found[0]


def test_campaigns_are_listed_newest_first_with_their_total(web: Web) -> None:
    for number in range(5):
        made(web, name=f"Oferta {number}")
    assert names(get(web)) == [f"Oferta {number}" for number in (4, 3, 2, 1, 0)]
    page = get(web, limit=2, offset=1)
    assert (page.json()["totalCount"], names(page)) == (5, ["Oferta 3", "Oferta 2"])
    assert (get(web, offset=9).json()["data"], names(get(web, name="OFERTA 3"))) == ([], ["Oferta 3"])
    assert get(web, name="%").json() == {"totalCount": 0, "data": []}


def test_campaigns_are_found_by_channel_and_status(web: Web) -> None:
    made(web, name="waits", chunkSize=1, secondsBetweenChunks=600)
    work(web, Fate.SENT)
    late = made(web, name="later", scheduledTo="2099-01-01T00:00:00Z", channelId="canal-1")
    told(web, made(web, name="paused"), "pause")
    web.admin.post(f"/v1/campaigns/{made(web, name='canceled')}/cancel")
    made(web, name="fresh")
    assert names(get(web, channelId="canal-1")) == ["later"]
    assert names(get(web, channelId="canal-9")) == []
    for status, found in STATUSES.items():
        answer = get(web, status=status)
        assert names(answer) == found, status
        assert {one["status"] for one in answer.json()["data"]} == ({status} if found else set())
    assert seen(web, late)["nextScheduledTo"] == "2099-01-01T00:00:00.000Z"


STATUSES: dict[str, list[str]] = {
    "processing": ["fresh"],
    "scheduled": ["later"],
    "executing": [],
    "paused": ["paused"],
    "awaiting-chunk": ["waits"],
    "awaiting-business-hours": [],
    "awaiting-other-campaign": [],
    "canceled": ["canceled"],
    "failed": [],
    "done": [],
    "done-sent": [],
}


def test_a_campaign_tells_how_far_it_is(web: Web) -> None:
    campaign = made(web, chunkSize=1, secondsBetweenChunks=1)
    assert (seen(web, campaign)["status"], seen(web, campaign)["progress"]) == ("processing", 0)
    work(web, Fate.SENT)
    shown = seen(web, campaign)
    assert (shown["status"], shown["progress"], shown["messagesProcessed"]) == ("awaiting-chunk", 33, 1)
    assert shown["lastMessageProcessedAt"] < shown["nextScheduledTo"] < shown["finishedAtPrediction"]
    assert shown["healthCheckData"]["chunkId"] == "1"
    work(web, Fate.FAILED, Fate.SENT)
    assert web.wiring.campaigns.complete(parse_campaign(campaign))
    shown = seen(web, campaign)
    assert (shown["status"], shown["progress"], shown["active"]) == ("done", 100, False)
    assert shown["resultCounts"] == {
        **{"sent": 2, "received": 0, "read": 0, "answered": 0, "chunksExecuted": 3},
        "byChunkId": {
            "0": {"sent": 1, "received": 0, "read": 0, "answered": 0},
            "1": {"sent": 0, "received": 0, "read": 0, "answered": 0},
            "2": {"sent": 1, "received": 0, "read": 0, "answered": 0},
        },
    }
    assert shown["updatedAt"] == shown["lastUpdateAt"] == shown["finishedAtPrediction"]
    leads = get(web, f"/{campaign}/chunk-leads").json()
    assert [(one["chunkId"], one["phone"], one["status"], one["reason"]) for one in leads] == [
        ("0", ANA, "sent", None),
        ("1", BIA, "error", "because"),
        ("2", CAIO, "sent", None),
    ]


def test_follow_ups_are_no_leads(web: Web) -> None:
    body = {"account": "caixa", "text": "oi", "recipients": LEADS, "follow_ups": [{"after_s": 1, "text": "e aí?"}]}
    campaign = web.admin.post("/v1/campaigns", json=body).json()["id"]
    ticket = released(web)
    rows = web.wiring.messages.claim(ticket).rows
    sent = [Settled(row.seq, row.attempt, Outcome(Fate.SENT), follow_up_ms=web.desk.now_ms()) for row in rows]
    web.wiring.messages.settle(ticket.campaign, sent)
    assert sum(web.admin.get(f"/v1/campaigns/{campaign}").json()["counts"].values()) == 2 * len(LEADS)
    shown = seen(web, campaign)
    assert (shown["leadsCount"], shown["chunksCount"], shown["messagesProcessed"]) == (len(LEADS), 1, len(LEADS))
    assert shown["resultCounts"]["sent"] == len(LEADS)
    leads = get(web, f"/{campaign}/chunk-leads").json()
    assert [(one["chunkId"], one["phone"]) for one in leads] == [("0", phone) for phone in (ANA, BIA, CAIO)]


def test_the_looks_of_the_sweepers_are_health_checks(web: Web) -> None:
    campaign = made(web)
    assert checks(web, campaign) == (0, None, None)
    sweeper = Sweeper(web.wiring.stations, first_lookup_s)
    for _ in range(2):
        sweeper.sweep()
    count, last, following = checks(web, campaign)
    assert (count, last < following) == (2, True)
    told(web, campaign, "pause")
    sweeper.sweep()
    assert checks(web, campaign) == (2, last, None)


def checks(web: Web, campaign: str) -> tuple[int, Any, Any]:
    health = seen(web, campaign)["healthCheckData"]
    return health["healthCheckExecutions"], health["lastHealthCheckAt"], health["nextHealthCheckAt"]


def test_a_campaign_is_known_by_its_plain_number_too(web: Web) -> None:
    campaign = made(web)
    assert seen(web, str(parse_campaign(campaign)))["id"] == campaign


def test_pause_and_resume_answer_201_and_nothing_else(web: Web) -> None:
    campaign = made(web)
    for order, status in [("pause", "paused"), ("pause", "paused"), ("resume", "processing"), ("resume", "processing")]:
        answer = told(web, campaign, order)
        assert (answer.status_code, answer.content, answer.headers["content-length"]) == (201, b"", "0")
        assert "content-type" not in answer.headers
        assert seen(web, campaign)["status"] == status
        assert web.wiring.clock.idle("kinbox", parse_campaign(campaign)) is (status == "paused")


def test_a_change_counts_from_the_very_next_message(web: Web) -> None:
    campaign = made(web, chunkSize=1, secondsBetweenMessages=60, secondsBetweenChunks=600)
    answer = patch(web, campaign, {"secondsBetweenMessages": 0, "secondsBetweenChunks": 0})
    assert answer.status_code == 200
    assert (answer.json()["secondsBetweenMessages"], answer.json()["secondsBetweenChunks"]) == (0, 0)
    assert answer.json()["updatedAt"] > answer.json()["createdAt"]
    work(web, Fate.SENT, Fate.SENT, Fate.SENT)


def test_a_number_is_a_number_however_json_writes_it(web: Web) -> None:
    campaign = made(web, chunkSize=1.0, secondsBetweenMessages=2.0, secondsBetweenChunks=1.5)
    shown = seen(web, campaign)
    assert (shown["chunkSize"], shown["secondsBetweenMessages"], shown["secondsBetweenChunks"]) == (1, 2, 1.5)
    shown = patch(web, campaign, {"secondsBetweenMessages": 0.25, "chunksCount": 3.0}).json()
    assert (shown["secondsBetweenMessages"], shown["chunksCount"]) == (0.25, 3)


def test_a_start_can_be_moved_and_taken_back(web: Web) -> None:
    campaign = made(web, scheduledTo="2099-01-01T00:00:00Z")
    moved = patch(web, campaign, {"scheduledTo": "2099-02-01T00:00:00Z"}).json()
    assert (moved["scheduledTo"], moved["originalScheduledTo"]) == ("2099-02-01T00:00:00Z", "2099-01-01T00:00:00Z")
    assert (moved["status"], moved["nextScheduledTo"]) == ("scheduled", "2099-02-01T00:00:00.000Z")
    assert web.wiring.clock.release("kinbox", 1, 1).tickets == ()
    now = seen(web, made(web))["createdAt"]
    assert patch(web, campaign, {"scheduledTo": now}).json()["status"] == "processing"


def test_chunks_can_be_cut_anew(web: Web) -> None:
    campaign = made(web)
    for body, size, count in [({"chunksCount": 3}, 1, 3), ({"chunkSize": 2}, 2, 2), ({"chunkSize": 0}, 3, 1)]:
        shown = patch(web, campaign, body).json()
        assert (shown["chunkSize"], shown["chunksCount"]) == (size, count), body


def test_a_campaign_can_be_sent_back_as_it_was_read(web: Web) -> None:
    campaign = made(web, secondsBetweenMessages=5, scheduledTo="2099-01-01T00:00:00Z", chunksCount=2)
    shown = seen(web, campaign)
    assert patch(web, campaign, shown).json() == shown
    assert patch(web, campaign, {}).json() == shown


UNFIT: list[tuple[dict[str, Any], str]] = [
    ({"secondsBetweenMessages": "5"}, "secondsBetweenMessages"),
    ({"secondsBetweenMessages": -1}, "secondsBetweenMessages"),
    ({"secondsBetweenMessages": 1.5, "chunkSize": 1.5}, "chunkSize"),
    ({"secondsBetweenChunks": 86_401}, "secondsBetweenChunks"),
    ({"chunkSize": True}, "chunkSize"),
    ({"chunkSize": 10**30}, "chunkSize"),
    ({"chunksCount": []}, "chunksCount"),
    ({"scheduledTo": "soon"}, "scheduledTo"),
    ({"scheduledTo": "2020-01-01T00:00:00Z"}, "scheduledTo"),
    ({"scheduledTo": 5}, "scheduledTo"),
    ({"name": "Other"}, "name"),
    ({"message": "Other"}, "message"),
    ({"channelId": "canal-1"}, "channelId"),
    ({"leads": []}, "leads"),
    ({"leadsAssetUrl": "https://app.example/x.csv"}, "leadsAssetUrl"),
]


@pytest.mark.parametrize(("body", "field"), UNFIT)
def test_a_change_that_cannot_be_is_400_and_changes_nothing(shared_web: Web, body: dict[str, Any], field: str) -> None:
    campaign = made(shared_web)
    before = seen(shared_web, campaign)
    with storing_nothing(shared_web):
        answer = patch(shared_web, campaign, {"secondsBetweenChunks": 7, **body})
    assert (answer.status_code, answer.json()["error"]) == (400, "Bad Request")
    assert [line.partition(":")[0] for line in answer.json()["message"]] == [field]
    after = seen(shared_web, campaign)
    assert [after[name] for name in ("secondsBetweenChunks", "chunkSize", "updatedAt")] == [
        before[name] for name in ("secondsBetweenChunks", "chunkSize", "updatedAt")
    ]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 501}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"offset": -1}, "offset"),
        ({"offset": 10**30}, "offset"),
        ({"status": "gone"}, "status"),
        ({"name": "a\0b"}, "name"),
        ({"channelId": "\0"}, "channelId"),
    ],
)
def test_a_list_that_makes_no_sense_is_400(shared_web: Web, params: dict[str, Any], field: str) -> None:
    answer = get(shared_web, **params)
    assert (answer.status_code, answer.json()["statusCode"]) == (400, 400)
    assert answer.json()["message"][0].startswith(f"{field}: ")


def test_a_report_of_results_answers_what_was_counted_here(web: Web) -> None:
    campaign = made(web)
    work(web, Fate.SENT)
    answer = web.http.patch(f"/v3/campaigns/{campaign}/results", json={"status": "read", "count": 3}, headers=TOKEN)
    assert (answer.status_code, answer.json()["resultCounts"]) == (200, seen(web, campaign)["resultCounts"])
    assert (answer.json()["resultCounts"]["sent"], answer.json()["resultCounts"]["read"]) == (len(LEADS), 0)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["status", "count"]),
        ({"status": "sent"}, ["count"]),
        ({"status": "done", "count": 1}, ["status"]),
        ({"status": ["sent"], "count": -1}, ["status", "count"]),
        ({"status": "sent", "count": True}, ["count"]),
        ({"status": "sent", "count": 1.5}, ["count"]),
    ],
)
def test_a_report_that_makes_no_sense_is_400(shared_web: Web, body: Any, fields: list[str]) -> None:
    answer = shared_web.http.patch(f"/v3/campaigns/{made(shared_web)}/results", json=body, headers=TOKEN)
    assert answer.status_code == 400
    assert [line.partition(":")[0] for line in answer.json()["message"]] == fields
    assert shared_web.http.patch(f"/v3/campaigns/{NOBODY}/results", json=body, headers=TOKEN).status_code == 404


@pytest.mark.parametrize("content", [b"", b"{}", b'{"type": "x"}', b"no JSON"])
def test_a_test_event_answers_201_to_whoever_has_the_token(shared_web: Web, content: bytes) -> None:
    path = "/v3/campaigns/test-event"
    answer = shared_web.http.post(path, content=content, headers=TOKEN)
    assert (answer.status_code, answer.content) == (201, b"")
    assert shared_web.http.post(path, content=content).status_code == 401


def test_what_is_deleted_is_cancelled_and_gone_for_the_client(web: Web) -> None:
    campaign = made(web)
    answer = web.http.delete(f"/v3/campaigns/{campaign}", headers=TOKEN)
    assert (answer.status_code, answer.json()["id"], answer.json()["status"]) == (200, campaign, "canceled")
    assert answer.json()["messagesProcessed"] == 0
    assert get(web).json()["totalCount"] == 0
    check_all_404(web, campaign, TOKEN)
    assert web.admin.get(f"/v1/campaigns/{campaign}").json()["counts"]["cancelled"] == 3


def test_what_is_over_is_neither_steered_nor_changed_but_can_be_deleted(web: Web) -> None:
    campaign = made(web)
    web.admin.post(f"/v1/campaigns/{campaign}/cancel")
    for answer in (told(web, campaign, "pause"), told(web, campaign, "resume"), patch(web, campaign, {"chunkSize": 1})):
        assert (answer.status_code, answer.json()["error"]) == (409, "Conflict")
    assert web.http.delete(f"/v3/campaigns/{campaign}", headers=TOKEN).status_code == 200


def test_the_page_of_the_dialect_names_every_status_and_call(shared_web: Web) -> None:
    page = (Path(__file__).parents[2] / "docs/dialects/kinbox.md").read_text()
    assert [status for status in STATUSES if f"`{status}`" not in page] == []
    calls = shared_web.http.get("/openapi.json").json()["paths"]
    ours = [path.replace("campaign_id", "id") for path in calls if path.startswith("/v3/campaigns")]
    assert [path for path in ours if path not in page and path.removeprefix("/v3/campaigns/{id}") not in page] == []


def check_all_404(web: Web, campaign: str, headers: dict[str, str]) -> None:
    one = f"/v3/campaigns/{campaign}"
    asked = [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/pause"),
        ("POST", "/resume"),
        ("GET", "/chunk-leads"),
    ]
    for method, path in asked:
        answer = web.http.request(method, one + path, headers=headers, json={} if method == "PATCH" else None)
        assert (answer.status_code, answer.json()["error"]) == (404, "Not Found"), (method, path)


@pytest.mark.parametrize("campaign", [NOBODY, "x", "1" * 13, "9" * 18, "9" * 19, "9" * 40, "%00", "٣" * 12])
def test_an_unknown_campaign_is_404(shared_web: Web, campaign: str) -> None:
    check_all_404(shared_web, campaign, TOKEN)


def test_nobody_sees_another_accounts_campaigns(ledger_url: str, redis_url: str) -> None:
    both = (
        ACCOUNTS + ANOTHER[ANOTHER.index('[[account]]\nname = "outra"') : ANOTHER.index('[[account]]\nname = "obra"')]
    )
    with running(settings_for(ledger_url, redis_url), both) as web:
        campaign = made(web)
        assert web.http.get("/v3/campaigns", headers=bearer("outra-token")).json()["totalCount"] == 0
        check_all_404(web, campaign, bearer("outra-token"))
        assert get(web, f"/{campaign}").status_code == 200
        assert web.http.get("/v3/campaigns").status_code == 401
