"""What operators do: send again what failed, pause senders, keep clients from being contacted."""

from typing import Any

import pytest

from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.claims import Settled
from dispatcher.domain.ids import parse_campaign
from dispatcher.domain.inbound import InboundEvent, InboundKind
from dispatcher.domain.outcomes import Fate, Outcome
from dispatcher.pipeline.reply import process
from tests.ingress.asks import ANA, BIA
from tests.ingress.conftest import ACCOUNTS, Web
from tests.ingress.test_control import NOBODY, native, walked

LINE = "5511900000091"
SENDER = f"/v1/senders/loja/{LINE}"


def released(web: Web) -> list[tuple[int, int]]:
    """(campaign, seq) of what the clock gives out now."""
    return [(ticket.campaign, ticket.seq) for ticket in web.wiring.clock.release("uazapi", 50, 50).tickets]


def failed(web: Web, campaign: str) -> None:
    """The campaign's only message goes out and is refused for good; the campaign is done."""
    [ticket] = web.wiring.clock.release("uazapi", 10, 10).tickets
    assert web.wiring.clock.begin("uazapi", ticket, 60_000)
    [row] = web.wiring.messages.claim(ticket).rows
    web.wiring.messages.settle(ticket.campaign, [Settled(row.seq, row.attempt, Outcome(Fate.FAILED, "refused"))])
    web.wiring.clock.finish("uazapi", ticket, 0)
    assert web.wiring.campaigns.complete(parse_campaign(campaign))


@pytest.mark.parametrize("forgotten", [True, False], ids=["the clock forgot it", "the clock knows it"])
def test_what_failed_is_sent_again(web: Web, forgotten: bool) -> None:
    campaign = native(web)["id"]
    failed(web, campaign)
    if forgotten:
        web.wiring.clock.forget("uazapi", parse_campaign(campaign))
    again = web.admin.post(f"/v1/campaigns/{campaign}/retry-failed")
    assert (again.status_code, again.json()["state"], again.json()["counts"]["pending"]) == (200, "running", 1)
    assert released(web) == [(parse_campaign(campaign), 0)]


def test_a_campaign_without_failures_is_left_as_it_is(web: Web) -> None:
    campaign = native(web)["id"]
    answer = web.admin.post(f"/v1/campaigns/{campaign}/retry-failed")
    assert (answer.status_code, answer.json()["counts"]["pending"]) == (200, 1)
    assert len(released(web)) == 1
    web.admin.post(f"/v1/campaigns/{campaign}/cancel")
    assert web.admin.post(f"/v1/campaigns/{campaign}/retry-failed").status_code == 409
    assert web.admin.post(f"/v1/campaigns/{NOBODY}/retry-failed").status_code == 404


# ---------------------------------------------------------------- senders


def test_promise_6_nothing_leaves_from_a_paused_sender(web: Web) -> None:
    paused = web.admin.post(f"{SENDER}/pause")
    assert (paused.status_code, paused.json()["state"], paused.json()["reason"]) == (
        200,
        "paused",
        "paused by an operator",
    )
    native(web, senders=[LINE])
    assert released(web) == []
    assert web.admin.post(f"{SENDER}/pause").status_code == 200
    assert web.admin.post(f"{SENDER}/resume").json()["state"] == "active"
    assert len(released(web)) == 1


def test_an_operators_pause_survives_the_loss_of_redis(web: Web) -> None:
    native(web, senders=[LINE])
    web.admin.post(f"{SENDER}/pause")
    web.wiring.redis.flushall()
    assert web.wiring.rebuild_clock()
    assert released(web) == []
    web.admin.post(f"{SENDER}/resume")
    assert len(released(web)) == 1


def test_a_pause_while_redis_is_lost_counts_when_it_is_back(web: Web) -> None:
    native(web, senders=[LINE])
    web.wiring.redis.flushall()
    assert web.admin.post(f"{SENDER}/pause").json()["state"] == "paused"
    assert web.wiring.rebuild_clock()
    assert released(web) == []


def test_a_connection_event_never_lifts_an_operators_pause(web: Web) -> None:
    account = web.desk.accounts.named("loja")
    web.admin.post(f"{SENDER}/pause")
    for number, connected in enumerate((False, True, True)):
        event = InboundEvent(InboundKind.CONNECTION, f"c{number}", 0, sender_name=LINE, connected=connected)
        [stored] = web.wiring.inbound.store(account, [event])
        process(web.wiring.stations, stored)
    [line] = [one for one in web.wiring.accounts.senders(account.id) if one.name == LINE]
    assert line.paused_reason == "paused by an operator"


def test_a_pause_of_the_providers_does_not_replace_an_operators(web: Web) -> None:
    """A call that was in flight may still answer that the line is down, or must rest for an hour."""
    account = web.desk.accounts.named("loja")
    web.admin.post(f"{SENDER}/pause")
    [line] = [one for one in web.wiring.accounts.senders(account.id) if one.name == LINE]
    web.wiring.accounts.halt([line.id], "rate", web.desk.now_ms() + 1)
    assert web.wiring.accounts.sender(line.id).paused_reason == "paused by an operator"
    assert web.wiring.accounts.sender(line.id).paused_until_ms is None


@pytest.mark.parametrize("path", ["nobody/x/pause", "loja/nobody/pause", f"loja/{LINE}/cancel"])
def test_an_unknown_sender_is_404(shared_web: Web, path: str) -> None:
    answer = shared_web.admin.post(f"/v1/senders/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


# ---------------------------------------------------------------- suppressions


def test_a_client_is_suppressed_and_let_go_in_any_spelling(web: Web) -> None:
    first = web.admin.post("/v1/suppressions", json={"phone": "+55 (11) 90000-0001", "reason": "asked"})
    assert (first.status_code, first.json()["phone"], first.json()["reason"]) == (201, ANA, "asked")
    again = web.admin.post("/v1/suppressions", json={"phone": ANA, "reason": "other"})
    assert (again.status_code, again.json()) == (200, first.json())
    assert web.admin.get("/v1/suppressions/11900000001").json() == first.json()
    assert web.admin.delete("/v1/suppressions/+5511900000001").json() == {"phone": ANA, "removed": True}
    assert web.admin.delete(f"/v1/suppressions/{ANA}").status_code == 404
    assert web.admin.get(f"/v1/suppressions/{ANA}").status_code == 404


def test_suppressions_are_listed_by_page(web: Web) -> None:
    for phone in (BIA, ANA):
        web.admin.post("/v1/suppressions", json={"phone": phone})
    assert [(one["phone"], one["reason"]) for one in walked(web, "/v1/suppressions", limit=1)] == [
        (ANA, "operator"),
        (BIA, "operator"),
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "phone"),
        ({"phone": "123"}, "phone"),
        ({"phone": 5511900000001}, "phone"),
        ({"phone": "120363@g.us"}, "phone"),
        ({"phone": ANA, "reason": 7}, "reason"),
        ({"phone": ANA, "reason": "x" * 256}, "reason"),
    ],
)
def test_a_suppression_of_nobody_is_400(shared_web: Web, body: dict[str, Any], field: str) -> None:
    answer = shared_web.admin.post("/v1/suppressions", json=body)
    assert (answer.status_code, [one["field"] for one in answer.json()["errors"]]) == (400, [field])
    assert shared_web.admin.get("/v1/suppressions").json() == {"items": [], "next_cursor": None}


def test_a_cursor_that_was_not_given_out_is_400(shared_web: Web) -> None:
    assert shared_web.admin.get("/v1/suppressions", params={"cursor": "x"}).status_code == 400
    assert shared_web.admin.delete("/v1/suppressions/abc").status_code == 400


# ---------------------------------------------------------------- opt-out words


def heard(web: Web, text: str, account: str | None = "loja") -> None:
    """A reply of Ana's with this text, taken in through the front door and processed."""
    named = {} if account is None else {"account": account}
    reply = {"phone": ANA, "at": "2026-11-07T12:00:00Z", "event_id": text, "text": text, **named}
    assert web.admin.post("/v1/inbound", json=reply).json()["new"]
    for number in web.wiring.inbound.waiting(0, 10):
        process(web.wiring.stations, number)


@pytest.mark.parametrize("account", ["loja", None])
def test_a_client_who_opts_out_is_not_contacted_again(web: Web, account: str | None) -> None:
    heard(web, "obrigada, vou sair agora", account)
    assert web.admin.get(f"/v1/suppressions/{ANA}").status_code == 404
    heard(web, "Saír!", account)
    assert web.admin.get(f"/v1/suppressions/{ANA}").json()["reason"] == "opt_out"
    assert web.wiring.stations.suppressed([ANA, BIA]) == {ANA}


def test_an_account_may_have_opt_out_words_of_its_own(web: Web) -> None:
    own = ACCOUNTS.replace('name = "loja"', 'name = "loja"\noptions = { opt_out_words = ["baja"] }')
    web.wiring.accounts.apply(read_accounts(own, {}))
    heard(web, "SAIR")
    assert web.admin.get(f"/v1/suppressions/{ANA}").status_code == 404
    heard(web, "¡Baja!")
    assert web.admin.get(f"/v1/suppressions/{ANA}").status_code == 200
