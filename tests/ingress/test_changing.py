"""`PATCH /v1/campaigns/{id}` and the scope of a resume, over HTTP."""

from typing import Any

import pytest

from tests.ingress.conftest import Web, storing_nothing

BODY = {"account": "loja", "name": "junho", "text": "Olá", "delay_min": 2, "delay_max": 4, "chunk_size": 2}


def made(web: Web, **more: Any) -> str:
    recipients = [{"phone": f"551190000000{number}"} for number in range(3)]
    answer = web.admin.post("/v1/campaigns", json={**BODY, "recipients": recipients, **more})
    return str(answer.raise_for_status().json()["id"])


def test_pace_priority_and_name_change_while_it_runs_and_are_written_down(web: Web) -> None:
    number = made(web)
    changed = web.admin.patch(
        f"/v1/campaigns/{number}", json={"delay_max": 9.5, "secondsBetweenChunks": 60, "priority": 7, "name": "julho"}
    )
    shown = changed.raise_for_status().json()
    assert (shown["pacing"]["delay_max"], shown["priority"], shown["name"]) == (9.5, 7, "julho")
    [change] = shown["changes"]
    assert change["was"] == {"delay_max": 4, "seconds_between_chunks": 0, "priority": 0, "name": "junho"}
    assert change["now"] == {"delay_max": 9.5, "seconds_between_chunks": 60, "priority": 7, "name": "julho"}
    assert web.admin.get(f"/v1/campaigns/{number}").json()["changes"] == [change]


def test_what_is_so_already_is_no_change(web: Web) -> None:
    number = made(web)
    same = web.admin.patch(f"/v1/campaigns/{number}", json={"delay_min": 2, "chunk_size": 2, "priority": None})
    assert same.raise_for_status().json()["changes"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "Adeus"}, "text"),
        ({"recipients": []}, "recipients"),
        ({"validityS": 5, "delay_min": 1}, "validityS"),
        ({"delay_min": 4.5}, "delay_min"),
        ({"delay_max": -1}, "delayMax"),
        ({"delay_max": "9"}, "delayMax"),
        ({"priority": 101}, "priority"),
        ({"colour": "red"}, "colour"),
        ({}, ""),
    ],
)
def test_what_cannot_be_changed_is_named_and_nothing_is_changed(shared_web: Web, body: Any, field: str) -> None:
    shared_web.wiring.rebuild_clock()
    number = made(shared_web)
    with storing_nothing(shared_web):
        refused = shared_web.admin.patch(f"/v1/campaigns/{number}", json=body)
    assert refused.status_code == 400
    named = refused.json()["errors"][0]["field"]
    assert named.replace("_", "").lower() == field.replace("_", "").lower()
    assert shared_web.admin.get(f"/v1/campaigns/{number}").json()["changes"] == []


def test_what_is_over_is_not_changed(web: Web) -> None:
    number = made(web)
    web.admin.post(f"/v1/campaigns/{number}/cancel")
    assert web.admin.patch(f"/v1/campaigns/{number}", json={"delay_max": 60}).status_code == 409
    assert web.admin.patch("/v1/campaigns/0f3k9x2m7q4t", json={"delay_max": 60}).status_code == 404


def test_a_resume_names_its_scope(web: Web) -> None:
    number = made(web)
    web.admin.post(f"/v1/campaigns/{number}/pause")
    failed = web.admin.post(f"/v1/campaigns/{number}/resume", json={"scope": ["failed"]}).raise_for_status().json()
    assert failed["state"] == "paused", "what waits was not in scope"
    for body in ({"scope": ["pending", "in_doubt"]}, {}, None):
        resumed = web.admin.post(f"/v1/campaigns/{number}/resume", json=body) if body is not None else None
        resumed = resumed or web.admin.post(f"/v1/campaigns/{number}/resume")
        assert resumed.raise_for_status().json()["state"] == "running"
    for scope in ([], ["sent"], "failed", [1], {"failed": True}):
        wrong = web.admin.post(f"/v1/campaigns/{number}/resume", json={"scope": scope})
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, "scope")
    web.admin.post(f"/v1/campaigns/{number}/cancel")
    over = web.admin.post(f"/v1/campaigns/{number}/resume", json={"scope": ["pending", "failed"]})
    assert (over.status_code, "cancelled" in over.json()["detail"]) == (409, True)


def test_a_campaign_without_senders_cannot_go_on_and_says_so(web: Web) -> None:
    number = made(web)
    web.wiring.remove_account("loja")
    assert "sender" in web.admin.get(f"/v1/campaigns/{number}").json()["paused_reason"]
    refused = web.admin.post(f"/v1/campaigns/{number}/resume")
    assert (refused.status_code, "sender" in refused.json()["detail"]) == (409, True)
