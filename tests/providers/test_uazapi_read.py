"""A canned answer in, exactly these outcomes out."""

from typing import Any

import pytest

from dispatcher.domain.outcomes import Fate, Halt, Scope
from dispatcher.providers.uazapi.read import read, read_lookup, read_probe
from tests.providers.jobs import CAMPAIGN, PHONES, answer, job, parcels, sender

JOB = f"{CAMPAIGN}-12.1"
NOT_THERE = {"error": f"the number {PHONES[1]}@s.whatsapp.net is not on WhatsApp"}
TIMELOCK = {
    "error": "error sending message: server returned error 463",
    "provider_code": 463,
    "error_key": "WHATSAPP_REACHOUT_TIMELOCK",
    "details": {"reachout_timelock": {"until": "2025-11-24T18:00:00Z"}},
}
TIMELOCK_ENDS_MS = 1_764_007_200_999
DOWN = {"error": True, "message": "WhatsApp disconnected: session is not reconnectable"}
TIMELOCKED = Halt(Scope.SENDER, "reachout_timelock", TIMELOCK_ENDS_MS)
DISCONNECTED = Halt(Scope.SENDER, "disconnected")
UNAUTHORISED = Halt(Scope.ACCOUNT, "unauthorised")


def folder(count: Any, **other: Any) -> dict[str, Any]:
    return {"folder_id": "r1", "count": count, "status": "queued", **other}


ONE = [
    # status  body                                                      fate            reason                halt
    (200, folder(1), Fate.SENT, "", None),
    (200, folder(1, status="scheduled"), Fate.SENT, "", None),
    (201, folder(1), Fate.SENT, "", None),
    (200, folder(0), Fate.FAILED, "refused_by_provider", None),
    (200, folder("1"), Fate.IN_DOUBT, "unreadable_answer", None),
    (200, folder(True), Fate.IN_DOUBT, "unreadable_answer", None),
    (200, {"status": "queued"}, Fate.IN_DOUBT, "unreadable_answer", None),
    (200, [folder(1)], Fate.IN_DOUBT, "unreadable_answer", None),
    (200, b"<html>It works!</html>", Fate.IN_DOUBT, "unreadable_answer", None),
    (200, b"", Fate.IN_DOUBT, "unreadable_answer", None),
    (204, b"", Fate.IN_DOUBT, "unreadable_answer", None),
    (302, b"", Fate.DEFERRED, "redirected", Halt(Scope.ACCOUNT, "redirected")),
    (400, {"error": "Formato de número inválido"}, Fate.FAILED, "refused_by_provider", None),
    (401, {"error": "Token inválido ou ausente"}, Fate.DEFERRED, "unauthorised", UNAUTHORISED),
    (404, b"not found", Fate.DEFERRED, "endpoint_not_found", Halt(Scope.ACCOUNT, "endpoint_not_found")),
    (409, {"error": "campaign already exists"}, Fate.FAILED, "refused_by_provider", None),
    (413, b"", Fate.FAILED, "too_large", None),
    (429, {"error": "Rate limit exceeded"}, Fate.RETRY, "rate_limited", None),
    (500, {"error": "Failed to send message"}, Fate.IN_DOUBT, "server_error", None),
    (500, b"", Fate.IN_DOUBT, "server_error", None),
    (500, NOT_THERE, Fate.FAILED, "not_on_whatsapp", None),
    (400, NOT_THERE, Fate.FAILED, "not_on_whatsapp", None),
    (500, TIMELOCK, Fate.DEFERRED, "reachout_timelock", TIMELOCKED),
    (500, {"error": "failed to get group members: gone"}, Fate.FAILED, "group_not_found", None),
    (500, DOWN, Fate.IN_DOUBT, "disconnected", DISCONNECTED),
    (502, b"<html>", Fate.IN_DOUBT, "gateway_error", None),
    (503, DOWN, Fate.DEFERRED, "disconnected", DISCONNECTED),
    (503, b"<html>", Fate.RETRY, "provider_unavailable", None),
    (504, b"<html>", Fate.IN_DOUBT, "gateway_error", None),
    (599, b"", Fate.IN_DOUBT, "unexpected_status", None),
]


@pytest.mark.parametrize(("status", "body", "fate", "reason", "halt"), ONE)
def test_the_answer_to_one_message(status: int, body: Any, fate: Fate, reason: str, halt: Halt | None) -> None:
    reading = read(job("uazapi"), answer(status, body))
    assert [(one.fate, one.reason) for one in reading.outcomes] == [(fate, reason)]
    assert reading.halt == halt


S, F, R, D, P = Fate.SENT, Fate.FAILED, Fate.RETRY, Fate.IN_DOUBT, Fate.DEFERRED
BATCH = [
    (200, folder(3), (S, S, S)),
    (200, folder(2), (D, D, D)),
    (200, folder(0), (R, R, R)),
    (400, {"error": "Formato de número inválido"}, (R, R, R)),
    (500, NOT_THERE, (D, F, D)),
    (500, TIMELOCK, (D, D, D)),
    (500, {"error": "Failed to send message"}, (D, D, D)),
    (503, DOWN, (P, P, P)),
    (429, {"error": "Rate limit exceeded"}, (R, R, R)),
]


@pytest.mark.parametrize(("status", "body", "fates"), BATCH)
def test_a_batch_is_never_failed_for_one_of_it(status: int, body: Any, fates: tuple[Fate, ...]) -> None:
    reading = read(job("uazapi", *parcels(PHONES)), answer(status, body))
    assert tuple(one.fate for one in reading.outcomes) == fates


def test_what_was_taken_carries_the_folder_that_holds_it() -> None:
    assert read(job("uazapi"), answer(200, folder(1))).outcomes[0].provider_ref == "r1"


def test_a_token_of_the_senders_own_halts_the_sender_alone() -> None:
    reading = read(job("uazapi", sender=sender(token="own")), answer(401, {"error": "Invalid token"}))
    assert reading.halt == Halt(Scope.SENDER, "unauthorised")


def test_no_number_gets_into_a_detail() -> None:
    detail = read(job("uazapi"), answer(500, NOT_THERE)).outcomes[0].detail
    assert "not on WhatsApp" in detail
    assert "90000" not in detail


def test_an_unavailable_server_sends_the_job_to_the_next_base_url() -> None:
    assert read(job("uazapi"), answer(503, b"")).base_url_down
    assert not read(job("uazapi"), answer(503, DOWN)).base_url_down


# ---------------------------------------------------------------- looking up

OURS = {"id": "r1", "info": JOB, "status": "done", "log_total": 1, "log_sucess": 1}
OTHER = {"id": "r2", "info": f"{CAMPAIGN}-12.2", "status": "queued", "log_total": 1}

LOOKUPS = [
    (200, [OTHER, OURS], (Fate.SENT, "found_at_provider", "r1")),
    (200, [{"info": JOB}], (Fate.SENT, "found_at_provider", None)),
    (200, [{**OURS, "log_total": 0}], None),
    (200, [OTHER], (Fate.RETRY, "not_at_provider", None)),
    (200, [], (Fate.RETRY, "not_at_provider", None)),
    (200, None, None),
    (200, {"error": "…"}, None),
    (200, ["r1"], None),
    (200, b"<html>", None),
    (401, {"error": "Invalid token"}, None),
    (500, [], None),
]


@pytest.mark.parametrize(("status", "body", "found"), LOOKUPS)
def test_a_look_up_tells_only_what_is_certain(
    status: int, body: Any, found: tuple[Fate, str, str | None] | None
) -> None:
    outcomes = read_lookup(job("uazapi"), answer(status, body))
    expected = None if found is None else [found]
    assert expected == (outcomes and [(one.fate, one.reason, one.provider_ref) for one in outcomes])


def test_a_batch_that_was_taken_in_part_stays_in_doubt() -> None:
    batch = job("uazapi", *parcels(PHONES))
    assert read_lookup(batch, answer(200, [{**OURS, "log_total": 2}])) is None
    found = read_lookup(batch, answer(200, [{**OURS, "log_total": 3}]))
    assert [one.fate for one in found or ()] == [Fate.SENT] * 3


@pytest.mark.parametrize(
    ("status", "body", "up"),
    [
        (200, {"instance": {"status": "connected"}, "status": {"connected": True}}, True),
        (200, {"instance": {"status": "connected"}, "status": {"connected": False}}, False),
        (200, {"instance": {"status": "hibernated"}}, False),
        (200, {"instance": {"status": "connecting"}}, None),
        (200, {"instance": "x"}, None),
        (200, b"", None),
        (401, {"error": "Invalid token"}, None),
    ],
)
def test_a_line_is_up_or_down_or_does_not_say(status: int, body: Any, up: bool | None) -> None:
    assert read_probe(answer(status, body)) is up
