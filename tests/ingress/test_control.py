"""Looking at campaigns and steering them, senders, locks, doubts, replies: the native API."""

import re
from typing import Any

import pytest

from dispatcher.domain.claims import Settled
from dispatcher.domain.followups import STEP
from dispatcher.domain.ids import MessageId, parse_campaign, parse_message
from dispatcher.domain.outcomes import Fate, Outcome
from dispatcher.domain.tickets import Ticket
from tests.heldlocks import is_held
from tests.ingress.asks import ANA, BIA, CREATING
from tests.ingress.conftest import Web
from tests.ledger.steps import run
from tests.waiting import wait_until

NOBODY = "0f3k9x2m7q4t"


def native(web: Web, **changed: Any) -> dict[str, Any]:
    answer = web.admin.post("/v1/campaigns", json={**CREATING["native"].body, **changed})
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


def walked(web: Web, path: str, **params: Any) -> list[dict[str, Any]]:
    """All items of a list, page by page."""
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        asked = {**params, **({"cursor": cursor} if cursor else {})}
        page = web.admin.get(path, params=asked).json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


def test_a_campaign_tells_the_truth(web: Web) -> None:
    recipients = [{"phone": f"551190000{number:04}", "name": "x"} for number in range(10)]
    pace = {"delay_min": 2, "delay_max": 4, "chunk_size": 5, "seconds_between_chunks": 30, "senders": ["5511900000091"]}
    campaign = web.admin.get(f"/v1/campaigns/{native(web, name='N', recipients=recipients, **pace)['id']}").json()
    assert (campaign["account"], campaign["provider"], campaign["name"]) == ("loja", "uazapi", "N")
    assert (campaign["total"], campaign["progress"], campaign["rate"]) == (10, 0.0, 0.0)
    assert campaign["counts"]["pending"] == 10
    assert campaign["chunks"] == {"size": 5, "count": 2, "done": 0, "seconds_between": 30.0}
    assert campaign["pacing"] == {"delay_min": 2.0, "delay_max": 4.0, "batch": 1}
    assert campaign["senders"] == ["5511900000091"]
    assert campaign["finish_prediction"] > campaign["created_at"]


def test_what_was_cancelled_counts_neither_as_sent_nor_as_a_chunk_that_is_done(web: Web) -> None:
    recipients = [{"phone": f"551190000{number:04}", "name": "x"} for number in range(10)]
    number = native(web, recipients=recipients, chunk_size=2)["id"]
    (ticket,) = web.wiring.clock.release("uazapi", 10, 1).tickets
    (row,) = web.wiring.messages.claim(ticket).rows
    web.wiring.messages.settle(ticket.campaign, [Settled(row.seq, row.attempt, Outcome(Fate.SENT))])
    campaign = web.admin.post(f"/v1/campaigns/{number}/cancel").json()
    assert (campaign["counts"]["sent"], campaign["counts"]["cancelled"], campaign["progress"]) == (1, 9, 1.0)
    assert campaign["chunks"]["done"] == 0
    assert 0 < campaign["rate"] <= 60


def test_campaigns_are_listed_newest_first_by_page(web: Web) -> None:
    made = [native(web)["id"] for _ in range(5)]
    assert [one["id"] for one in walked(web, "/v1/campaigns", limit=2)] == made[::-1]
    web.admin.post(f"/v1/campaigns/{made[0]}/pause")
    assert [one["id"] for one in walked(web, "/v1/campaigns", state="paused")] == made[:1]
    assert walked(web, "/v1/campaigns", account="caixa") == []
    assert len(walked(web, "/v1/campaigns", account="loja", state="running")) == 4


def test_messages_are_listed_in_their_order_by_page(web: Web) -> None:
    recipients = [{"phone": f"551190000{number:04}", "name": "x"} for number in range(7)]
    path = f"/v1/campaigns/{native(web, recipients=recipients)['id']}/messages"
    items = walked(web, path, limit=3)
    assert [one["seq"] for one in items] == list(range(7))
    assert [one["phone"] for one in items] == [one["phone"] for one in recipients]
    assert walked(web, path, state="sent") == []


@pytest.mark.parametrize(
    "params",
    [
        *({"cursor": "x"}, {"cursor": "é"}, {"state": "gone"}, {"limit": 0}, {"limit": "many"}, {"limit": 10_000}),
        {"account": "loja\0"},
    ],
)
def test_a_question_that_makes_no_sense_is_400(shared_web: Web, params: dict[str, Any]) -> None:
    answer = shared_web.admin.get("/v1/campaigns", params=params)
    assert answer.status_code == 400
    assert [one["field"] for one in answer.json()["errors"]] == list(params)


def test_a_campaign_is_paused_resumed_and_cancelled(web: Web) -> None:
    campaign = native(web)["id"]
    for order, state in [
        ("pause", "paused"),
        ("pause", "paused"),
        ("resume", "running"),
        ("resume", "running"),
        ("pause", "paused"),
        ("cancel", "cancelled"),
        ("cancel", "cancelled"),
    ]:
        answer = web.admin.post(f"/v1/campaigns/{campaign}/{order}")
        assert (answer.status_code, answer.json()["state"]) == (200, state)
    assert answer.json()["counts"]["cancelled"] == 1
    assert answer.json()["progress"] == 1.0
    refused = web.admin.post(f"/v1/campaigns/{campaign}/resume")
    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "a campaign that is cancelled cannot be told to resume",
    )


def test_what_is_paused_is_not_released(web: Web) -> None:
    campaign = native(web)["id"]
    web.admin.post(f"/v1/campaigns/{campaign}/pause")
    assert web.wiring.clock.release("uazapi", 10, 10).tickets == ()
    web.admin.post(f"/v1/campaigns/{campaign}/resume")
    [ticket] = web.wiring.clock.release("uazapi", 10, 10).tickets
    assert ticket.campaign == parse_campaign(campaign)


@pytest.mark.parametrize("campaign", [NOBODY, "x", "0f3k9x2m7q4u"])
def test_an_unknown_campaign_is_404(shared_web: Web, campaign: str) -> None:
    for path in ("", "/messages"):
        assert shared_web.admin.get(f"/v1/campaigns/{campaign}{path}").status_code == 404
    for order in ("pause", "resume", "cancel", "retry-failed", "explode"):
        assert shared_web.admin.post(f"/v1/campaigns/{campaign}/{order}").status_code == 404


def test_senders_are_listed_with_the_reason_why_one_is_paused(web: Web) -> None:
    first = web.wiring.accounts.senders(web.desk.accounts.named("loja").id)[0]
    web.wiring.accounts.halt([first.id], "disconnected", None)
    listed = {one["sender"]: one for one in web.admin.get("/v1/senders").json()["items"]}
    assert set(listed) == {"5511900000091", "5511900000092", "canal-1", "bot-1", "emp1"}
    assert (listed["5511900000091"]["state"], listed["5511900000091"]["reason"]) == ("paused", "disconnected")
    assert (listed["emp1"]["state"], listed["emp1"]["account"]) == ("active", "cobranca")
    assert len(web.admin.get("/v1/senders", params={"account": "loja"}).json()["items"]) == 2


def test_a_lock_is_shown_and_lifted_in_any_spelling(web: Web) -> None:
    holder = MessageId(parse_campaign(native(web)["id"]), 0)
    now_ms = web.desk.now_ms()
    until_ms = now_ms + 3_600_000
    web.wiring.lock_book.take("global", ANA, holder, now_ms, until_ms)
    web.wiring.locks.take("global", ANA, holder, until_ms)
    shown = web.admin.get("/v1/locks/+55 (11) 90000-0001")
    assert shown.status_code == 200
    [lock] = shown.json()["locks"]
    assert (shown.json()["phone"], lock["scope"], lock["message_id"]) == (ANA, "global", str(holder))
    assert lock["until"] > lock["taken_at"]
    assert web.admin.delete("/v1/locks/11900000001").json() == {"phone": ANA, "lifted": 1}
    assert not is_held(web.wiring, "global", ANA)
    assert web.admin.get(f"/v1/locks/{ANA}").status_code == 404
    assert web.admin.delete(f"/v1/locks/{ANA}").status_code == 404


def test_a_lock_of_no_phone_number_is_400(shared_web: Web) -> None:
    assert shared_web.admin.get("/v1/locks/123").json()["errors"][0]["field"] == "phone"
    assert shared_web.admin.delete("/v1/locks/abc").status_code == 400


def test_a_reply_is_stored_once(web: Web) -> None:
    reply = {"phone": BIA, "at": "2026-11-07T12:00:00.250Z", "event_id": "e-1", "text": "oi", "account": "loja"}
    assert web.admin.post("/v1/inbound", json=reply).json() == {"accepted": True, "new": True}
    assert web.admin.post("/v1/inbound", json=reply).json() == {"accepted": True, "new": False}
    assert web.admin.post("/v1/inbound", json={**reply, "account": "nobody"}).status_code == 400
    assert web.admin.post("/v1/inbound", json={}).status_code == 400


def doubtful(web: Web, phone: str = ANA, key: str = ANA) -> str:
    """A message of a guarded campaign whose call was cut off: its id."""
    recipients = [{"phone": phone, "name": "Ana"}]
    campaign = parse_campaign(native(web, cpc=True, recipients=recipients)["id"])
    [ticket] = web.wiring.clock.release("uazapi", 10, 10).tickets
    assert web.wiring.clock.begin("uazapi", ticket, 60_000)
    [row] = web.wiring.messages.claim(ticket).rows
    message = MessageId(campaign, row.seq)
    now_ms = web.desk.now_ms()
    web.wiring.lock_book.take("global", key, message, now_ms, now_ms + 3_600_000)
    web.wiring.locks.take("global", key, message, now_ms + 3_600_000)
    cut_off = Settled(row.seq, row.attempt, Outcome(Fate.IN_DOUBT, "cut_off"))
    assert web.wiring.messages.settle(campaign, [cut_off]) == 1
    web.wiring.clock.finish("uazapi", ticket, 0)
    return str(message)


def state_of(web: Web, message: str) -> str:
    [found] = web.admin.get(f"/v1/campaigns/{message.partition('-')[0]}/messages").json()["items"]
    return str(found["state"])


def test_messages_in_doubt_are_listed(web: Web) -> None:
    message = doubtful(web)
    [listed] = walked(web, "/v1/in-doubt", limit=1)
    assert (listed["id"], listed["state"], listed["account"], listed["reason"]) == (
        message,
        "in_doubt",
        "loja",
        "cut_off",
    )
    assert (listed["phone"], listed["sender"] in ("5511900000091", "5511900000092")) == (ANA, True)


def test_how_many_doubts_wait_for_an_operator_is_told_with_what_does_not_add_up(web: Web) -> None:
    message = doubtful(web)
    assert len(walked(web, "/v1/in-doubt", undecided=True)) == 1
    seen = web.admin.get("/v1/audit").json()
    assert (seen["in_doubt"]["messages"], seen["in_doubt"]["undecided"], seen["findings"]) == (1, 1, [])
    figures = web.http.get("/metrics").text
    assert "dispatcher_in_doubt_undecided 1.0" in figures
    assert re.search(r"^dispatcher_in_doubt_oldest_seconds \d+\.\d", figures, re.MULTILINE)
    run(web.wiring.engine, "UPDATE message SET due_at = now() + interval '1 min' WHERE state = 'in_doubt'")
    assert web.admin.get("/v1/audit").json()["in_doubt"] == {"messages": 1, "undecided": 0, "undecided_oldest_s": 0}
    assert walked(web, "/v1/in-doubt", undecided=True) == []
    web.admin.post(f"/v1/in-doubt/{message}", json={"as": "sent"})
    assert web.admin.get("/v1/audit").json()["in_doubt"]["messages"] == 0


@pytest.mark.parametrize(("word", "state", "held"), [("sent", "sent", True), ("failed", "failed", False)])
def test_a_doubt_is_settled_and_its_lock_kept_or_given_back(web: Web, word: str, state: str, held: bool) -> None:
    message = doubtful(web)
    assert web.admin.post(f"/v1/in-doubt/{message}", json={"as": word}).json() == {"id": message, "resolved_as": word}
    assert state_of(web, message) == state
    assert is_held(web.wiring, "global", ANA) is held
    assert bool(web.wiring.lock_book.of(ANA, web.desk.now_ms())) is held
    assert web.admin.post(f"/v1/in-doubt/{message}", json={"as": word}).status_code == 409


def test_promise_5_a_failed_doubt_gives_back_a_lock_that_redis_knows_of_alone(web: Web) -> None:
    """Its worker died after it had taken the lock in Redis, and before the ledger heard of it."""
    message = doubtful(web)
    run(web.wiring.engine, "DELETE FROM contact_lock")
    assert is_held(web.wiring, "global", ANA)
    web.admin.post(f"/v1/in-doubt/{message}", json={"as": "failed"})
    assert not is_held(web.wiring, "global", ANA)


def test_promise_5_a_failed_doubt_gives_back_the_lock_of_a_number_from_abroad(web: Web) -> None:
    key = "4532123456"
    message = doubtful(web, phone="+45 32 12 34 56", key=key)
    web.admin.post(f"/v1/in-doubt/{message}", json={"as": "failed"})
    assert web.wiring.lock_book.of(key, web.desk.now_ms()) == []
    assert not is_held(web.wiring, "global", key)


def test_a_doubt_is_sent_again(web: Web) -> None:
    message = doubtful(web)
    assert web.admin.post(f"/v1/in-doubt/{message}", json={"as": "retry"}).status_code == 200
    assert state_of(web, message) == "pending"
    released: list[Ticket] = []

    def is_released() -> bool:
        released.extend(web.wiring.clock.release("uazapi", 10, 10).tickets)
        return bool(released)

    wait_until(is_released)
    assert [(ticket.campaign, ticket.seq) for ticket in released] == [parse_message(message)]


@pytest.mark.parametrize("body", [{}, {"as": "gone"}, {"as": None}, {"as": ["sent"]}])
def test_a_doubt_needs_a_word_that_is_known(shared_web: Web, body: dict[str, Any]) -> None:
    answer = shared_web.admin.post(f"/v1/in-doubt/{NOBODY}-0", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "as")


@pytest.mark.parametrize("message", [f"{NOBODY}-0", "x", f"{NOBODY}-", f"{NOBODY}-999999999"])
def test_an_unknown_message_is_404(shared_web: Web, message: str) -> None:
    assert shared_web.admin.post(f"/v1/in-doubt/{message}", json={"as": "sent"}).status_code == 404


def test_a_campaign_is_not_through_before_the_last_that_waits_is_due(web: Web) -> None:
    number = native(web)["id"]
    run(web.wiring.engine, "UPDATE message SET due_at = '2099-01-02T03:04:05Z'")
    assert web.admin.get(f"/v1/campaigns/{number}").json()["finish_prediction"].startswith("2099-01-02T03:04:05")


def test_follow_ups_count_and_are_listed_behind_those_that_they_follow(web: Web) -> None:
    number = native(web, follow_ups=[{"after_s": 60, "text": "oi?"}])["id"]
    before = web.admin.get(f"/v1/campaigns/{number}").json()["total"]
    (ticket,) = web.wiring.clock.release("uazapi", 10, 1).tickets
    (row,) = web.wiring.messages.claim(ticket).rows
    told = Settled(row.seq, row.attempt, Outcome(Fate.SENT), follow_up_ms=4_000_000_000_000)
    web.wiring.messages.settle(ticket.campaign, [told])
    campaign = web.admin.get(f"/v1/campaigns/{number}").json()
    assert campaign["total"] == sum(campaign["counts"].values()) == before + 1
    lines = walked(web, f"/v1/campaigns/{number}/messages", limit=1)
    assert [line["follows"] for line in lines] == [None] * before + [row.seq]
    assert lines[-1]["seq"] == row.seq + STEP
    header, *_, last = web.admin.get(f"/v1/campaigns/{number}/messages.csv").text.splitlines()
    assert header.split(",")[:3] == ["id", "seq", "follows"]
    assert last.split(",")[1:3] == [str(row.seq + STEP), str(row.seq)]
