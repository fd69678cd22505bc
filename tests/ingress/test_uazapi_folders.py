"""uazapi's folders: created, listed, looked into, stopped, continued, deleted and cleared by the account alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from dispatcher.domain.claims import Settled
from dispatcher.domain.ids import parse_campaign
from dispatcher.domain.inbound import ReceiptState
from dispatcher.domain.outcomes import Fate, Outcome
from dispatcher.domain.tickets import Ticket
from dispatcher.ingress import uazapi
from dispatcher.providers.uazapi import direct
from tests.ingress.asks import ANA, BIA, CAIO
from tests.ingress.conftest import ACCOUNTS, Web, running, settings_for, storing_nothing

LOJA, RIVAL = {"token": "loja-token"}, {"token": "rival-token"}
RIVALS = """
[[account]]
name = "rival"
provider = "uazapi"
base_urls = ["https://uazapi.example"]
ingress_token = "rival-token"
mode = "direct"
credentials = { token = "x" }
[[account.sender]]
name = "5511900000093"
"""
SIMPLE = {"numbers": [ANA, BIA, CAIO], "type": "text", "text": "oi", "delayMin": 3, "delayMax": 6, "folder": "Oferta"}


@pytest.fixture
def web(ledger_url: str, redis_url: str) -> Iterator[Web]:
    with running(settings_for(ledger_url, redis_url), ACCOUNTS + RIVALS) as found:
        yield found


def made(web: Web, who: dict[str, str] = LOJA, **changed: Any) -> str:
    answer = web.http.post("/sender/simple", json={**SIMPLE, **changed}, headers=who)
    assert answer.status_code == 200, answer.text
    folder: str = answer.json()["folder_id"]
    return folder


def listed(web: Web, who: dict[str, str] = LOJA, **params: str) -> list[dict[str, Any]]:
    answer = web.http.get("/sender/listfolders", headers={**who, "Content-Type": "application/json"}, params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def edit(web: Web, folder: Any, action: Any, who: dict[str, str] = LOJA) -> httpx.Response:
    return web.http.post("/sender/edit", json={"folder_id": folder, "action": action}, headers=who)


def inside(web: Web, folder: str, who: dict[str, str] = LOJA, **asked: Any) -> dict[str, Any]:
    answer = web.http.post("/sender/listmessages", json={"folder_id": folder, **asked}, headers=who)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def settled(web: Web, folder: str, *outcomes: Outcome) -> None:
    """The folder's first messages become this, each in an attempt of its own."""
    campaign = parse_campaign(folder)
    view = web.desk.campaigns.get(campaign)
    assert view is not None
    lane = web.wiring.accounts.senders(view.campaign.account_id)[0].lanes[0]
    for seq, outcome in enumerate(outcomes):
        claim = web.wiring.messages.claim(Ticket(lane, campaign, seq, 1, f"token-{seq}"))
        done = [Settled(row.seq, row.attempt, outcome, web.desk.now_ms()) for row in claim.rows]
        web.wiring.messages.settle(campaign, done)


SENT = Outcome(Fate.SENT, provider_ref="3EB0A1")
ABSENT = Outcome(Fate.FAILED, "not_on_whatsapp")
DOUBT = Outcome(Fate.IN_DOUBT, "server_error")


def test_a_simple_send_is_answered_like_an_advanced_one(web: Web) -> None:
    answer = web.http.post("/sender/simple", json=SIMPLE, headers=LOJA)
    assert answer.json() == {"folder_id": answer.headers["x-campaign-id"], "count": 3, "status": "queued"}
    later = web.http.post("/sender/simple", json={**SIMPLE, "scheduled_for": 5}, headers=LOJA)
    assert later.json()["status"] == "scheduled"


def test_a_folder_has_their_units_and_their_spelling(web: Web) -> None:
    folder = made(web, info="marca")
    [shown] = listed(web)
    created = shown.pop("created")
    assert shown.pop("updated") == created
    assert shown == {
        "id": folder,
        "info": "marca",
        "status": "queued",
        "scheduled_for": 0,
        "delayMin": 3000,
        "delayMax": 6000,
        "log_total": 3,
        "log_sucess": 0,
        "log_failed": 0,
        "log_delivered": 0,
        "log_read": 0,
        "log_played": 0,
        "owner": "5511900000091",
    }


def test_what_became_of_each_message(web: Web) -> None:
    folder = made(web)
    settled(web, folder, SENT, ABSENT, DOUBT)
    [shown] = listed(web)
    assert (shown["log_total"], shown["log_sucess"], shown["log_failed"], shown["status"]) == (3, 1, 1, "sending")
    sent, failed, doubt = inside(web, folder)["messages"]
    assert (sent["status"], sent["chatid"], sent["text"]) == ("Sent", f"{ANA}@s.whatsapp.net", "oi")
    assert (sent["send_folder_id"], sent["fromMe"], sent["isGroup"]) == (folder, True, False)
    assert sent["messageid"] == f"{folder}-0"  # mode `sender`: the provider tells a folder's id, no message's
    assert (failed["status"], failed["error"]) == ("Failed", f"the number {BIA}@s.whatsapp.net is not on WhatsApp")
    assert (doubt["status"], doubt["error"]) == ("Pending", "server_error")
    assert {
        name: len(inside(web, folder, messageStatus=name)["messages"]) for name in ("Scheduled", "Sent", "Failed")
    } == {
        "Scheduled": 1,
        "Sent": 1,
        "Failed": 1,
    }


def test_in_direct_mode_a_message_has_the_providers_id_and_its_receipts_show(web: Web) -> None:
    folder = made(web, RIVAL)
    settled(web, folder, SENT)
    view = web.desk.campaigns.get(parse_campaign(folder))
    assert view is not None
    first = inside(web, folder, RIVAL, messageStatus="sent")["messages"][0]
    assert (first["id"], first["messageid"], first["status"]) == ("5511900000093:3EB0A1", "3EB0A1", "Sent")
    now_ms = web.desk.now_ms()
    for state, shown in ((ReceiptState.DELIVERED, "Delivered"), (ReceiptState.READ, "Read")):
        assert web.wiring.inbound.receipt(view.campaign.account_id, "3EB0A1", state, now_ms)
        assert inside(web, folder, RIVAL)["messages"][0]["status"] == shown
    [listing] = listed(web, RIVAL)
    assert (listing["log_sucess"], listing["log_delivered"], listing["log_read"]) == (1, 1, 1)


PAGES: list[tuple[dict[str, Any], list[int], tuple[int, int, int, int]]] = [
    ({}, [0, 1, 2], (3, 1, 1000, 1)),
    ({"page": 1, "pageSize": 2}, [0, 1], (3, 1, 2, 2)),
    ({"page": 2, "pageSize": 2}, [2], (3, 2, 2, 2)),
    ({"page": "2", "pageSize": "2"}, [2], (3, 2, 2, 2)),
    ({"page": 9, "pageSize": 2}, [], (3, 9, 2, 2)),
    ({"limit": 2, "offset": 1}, [1, 2], (3, 1, 2, 2)),
    ({"messageStatus": "Scheduled", "pageSize": 1, "page": 2}, [2], (2, 2, 1, 2)),
    ({"messageStatus": "Failed"}, [], (0, 1, 1000, 1)),
    ({"messageStatus": ""}, [0, 1, 2], (3, 1, 1000, 1)),
]


def test_messages_come_by_page(web: Web) -> None:
    folder = made(web)
    settled(web, folder, SENT)
    for asked, seqs, pages in PAGES:
        found = inside(web, folder, **asked)
        assert [int(one["track_id"].rpartition("-")[2]) for one in found["messages"]] == seqs, asked
        assert tuple(found["pagination"].values()) == pages, asked


def test_a_folder_is_stopped_and_continued_as_often_as_wanted(web: Web) -> None:
    folder = made(web)
    for _ in range(2):
        assert edit(web, folder, "stop").json() == {"status": "paused"}
        assert listed(web)[0]["status"] == "paused"
    for _ in range(2):
        resumed = edit(web, folder, "continue").json()
        assert resumed == {"status": "scheduled", "message": "Folder resumed successfully"}
        assert listed(web)[0]["status"] == "queued"


def test_a_folder_that_is_over_is_neither_stopped_nor_continued(web: Web) -> None:
    folder = made(web)
    web.admin.post(f"/v1/campaigns/{folder}/cancel")
    assert listed(web)[0]["status"] == "done"
    for action in ("stop", "continue"):
        answer = edit(web, folder, action)
        assert (answer.status_code, answer.json()["status"]) == (200, "done")


def test_a_deleted_folder_is_cancelled_and_gone_but_the_ledger_keeps_it(web: Web) -> None:
    folder = made(web)
    settled(web, folder, SENT)
    answer = edit(web, folder, "delete").json()
    assert answer == {"status": "deleting", "message": "Folder deletion has been initiated"}
    assert listed(web) == []
    assert [one["id"] for one in listed(web, status="Archived")] == [folder]
    assert edit(web, folder, "continue").status_code == 404
    kept = web.admin.get(f"/v1/campaigns/{folder}").json()
    assert (kept["state"], kept["counts"]["sent"], kept["counts"]["cancelled"]) == ("cancelled", 1, 2)


def test_clear_done_archives_what_ended_long_enough_ago(web: Web) -> None:
    running_one, over = made(web), made(web)
    web.admin.post(f"/v1/campaigns/{over}/cancel")
    headers = {**LOJA, "Content-Type": "application/json"}
    assert web.http.post("/sender/cleardone", headers=headers).json() == {"status": "cleanup started"}
    assert {one["id"] for one in listed(web)} == {running_one, over}
    assert web.http.post("/sender/cleardone", json={"hours": 0}, headers=LOJA).status_code == 200
    assert [one["id"] for one in listed(web)] == [running_one]


def test_clear_all_cancels_and_archives_the_accounts_own(web: Web) -> None:
    mine, others = [made(web), made(web)], made(web, RIVAL)
    headers = {**LOJA, "Content-Type": "application/json"}
    answer = web.http.delete("/sender/clearall", headers=headers).json()
    assert answer == {"status": "processed", "messages_deleted": 6, "folders_deleted": 2}
    assert listed(web) == []
    assert [one["id"] for one in listed(web, RIVAL)] == [others]
    assert {web.admin.get(f"/v1/campaigns/{one}").json()["state"] for one in mine} == {"cancelled"}
    assert web.http.delete("/sender/clearall", headers=LOJA).json()["folders_deleted"] == 0


def test_nobody_sees_or_touches_the_folders_of_another_account(web: Web) -> None:
    folder = made(web)
    assert listed(web, RIVAL) == []
    for action in ("stop", "continue", "delete"):
        assert edit(web, folder, action, RIVAL).status_code == 404
    answer = web.http.post("/sender/listmessages", json={"folder_id": folder}, headers=RIVAL)
    assert (answer.status_code, answer.json()) == (404, {"error": "folder_id: there is no such folder"})
    assert listed(web)[0]["status"] == "queued"


def test_the_token_may_stand_in_the_query(web: Web) -> None:
    folder = made(web)
    assert [one["id"] for one in listed(web, {}, token="loja-token")] == [folder]
    assert [one["id"] for one in listed(web, {"TOKEN": "loja-token"})] == [folder]
    refused = web.http.get("/sender/listfolders")
    assert (refused.status_code, refused.json()) == (401, {"error": "Token inválido ou ausente"})


REFUSED: list[tuple[str, Any, int, str]] = [
    ("/sender/simple", {"numbers": [ANA], "message": "oi", "name": "x"}, 400, "type"),
    ("/sender/simple", {**SIMPLE, "numbers": ["x"]}, 400, "numbers[0]"),
    ("/sender/simple", {**SIMPLE, "text": "\0"}, 400, "text"),
    ("/sender/simple", [SIMPLE], 400, "object"),
    ("/sender/advanced", SIMPLE, 400, "messages"),
    ("/sender/edit", {"action": "stop"}, 400, "folder_id is required"),
    ("/sender/edit", {"folder_id": 5, "action": "stop"}, 400, "folder_id is required"),
    ("/sender/edit", {"folder_id": "r1", "action": "stop"}, 404, "folder_id"),
    ("/sender/edit", {"folder_id": "000000000000", "action": "stop"}, 404, "folder_id"),
    ("/sender/edit", {"folder_id": "zzzzzzzzzzzz", "action": "stop"}, 404, "folder_id"),
    ("/sender/edit", {"folder_id": "0f3k9x2m7q4t"}, 400, "action"),
    ("/sender/edit", {"folder_id": "0f3k9x2m7q4t", "action": ["stop"]}, 400, "action"),
    ("/sender/edit", {"folder_id": "0f3k9x2m7q4t", "action": "explode"}, 400, "action"),
    ("/sender/listmessages", {}, 400, "folder_id is required"),
    ("/sender/listmessages", {"id": "0f3k9x2m7q4t"}, 400, "folder_id is required"),
    ("/sender/cleardone", {"hours": -1}, 400, "hours"),
    ("/sender/cleardone", {"hours": True}, 400, "hours"),
    ("/sender/cleardone", {"hours": 10**12}, 400, "hours"),
    ("/sender/cleardone", [], 400, "object"),
]
WRONG_PAGES: list[dict[str, Any]] = [
    {"page": 0},
    {"page": "x"},
    {"pageSize": 0},
    {"pageSize": 1001},
    {"limit": 0},
    {"offset": -1},
    {"page": 10**30},
    {"messageStatus": "Gone"},
    {"messageStatus": ["Sent"]},
]


def test_bad_input_is_refused_in_their_shape_by_the_name_of_its_field(web: Web) -> None:
    for path, body, status, named in REFUSED:
        with storing_nothing(web):
            answer = web.http.post(path, json=body, headers=LOJA)
        assert answer.status_code == status, (path, body, answer.text)
        assert [*answer.json()] == ["error"]
        assert named in answer.json()["error"], (path, body, answer.text)
    folder = made(web)
    for asked in WRONG_PAGES:
        answer = web.http.post("/sender/listmessages", json={"folder_id": folder, **asked}, headers=LOJA)
        assert (answer.status_code, [*answer.json()]) == (400, ["error"]), asked
        assert next(iter(asked)) in answer.json()["error"]


def test_the_page_of_the_dialect_names_every_call_and_every_word() -> None:
    page = (Path(__file__).parents[2] / "docs/dialects/uazapi.md").read_text()
    paths = {route.path for route in uazapi.router.routes if isinstance(route, APIRoute)}
    words = {"Queued", "Pending", "Sent", "Delivered", "Read", "Failed", "Canceled"}
    words |= {"scheduled", "queued", "sending", "paused", "deleting", "done"}
    words |= {*direct.CALLS, *direct.CALLS.values()}
    assert [path for path in sorted(paths) if f"{path}`" not in page] == []
    assert [word for word in sorted(words) if f"`{word}`" not in page] == []
