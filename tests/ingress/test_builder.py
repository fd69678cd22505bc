"""Builder's door: logins that end and are renewed, actions and acionamentos looked at, refusals in FastAPI's words."""

from typing import Any

import httpx
import pytest

from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.claims import Settled
from dispatcher.domain.outcomes import Fate, Outcome
from dispatcher.ingress.tokens import ACCESS, REFRESH, issue
from tests.ingress.asks import ANA, BIA, CREATING, bearer
from tests.ingress.conftest import ACCOUNTS, Web
from tests.waiting import wait_until

ACTION, ACIONAMENTO = CREATING["builder campaign"], CREATING["builder acionamento"]
HELD = bearer("obra-token")
STRANGER = {"detail": "Could not validate credentials"}


def login(web: Web) -> dict[str, str]:
    answer = web.http.post("/login", json={"user": "obra", "password": "obra-token"})
    assert answer.status_code == 200
    given: dict[str, str] = answer.json()
    return given


def renew(web: Web, token: str) -> httpx.Response:
    return web.http.post("/refresh", json={"refresh_token": token})


def told(web: Web, headers: dict[str, str]) -> int:
    return web.http.post(ACTION.path, json={}, headers=headers).status_code


def old(web: Web, kind: str) -> str:
    """A token that was good until this moment."""
    return issue(web.wiring.secrecy, web.desk.accounts.named("obra"), kind, web.desk.now_ms())


LET_IN = 422  # an empty action is looked at, so its sender was let in


# ---------------------------------------------------------------- tokens


def test_a_refresh_token_is_good_for_fresh_ones_and_for_nothing_else(shared_web: Web) -> None:
    first = login(shared_web)
    again = renew(shared_web, first["refresh_token"])
    assert (again.status_code, set(again.json())) == (200, {"token", "refresh_token"})
    assert told(shared_web, bearer(again.json()["token"])) == LET_IN
    assert told(shared_web, bearer(again.json()["refresh_token"])) == 401
    assert renew(shared_web, again.json()["token"]).status_code == 401
    assert renew(shared_web, again.json()["refresh_token"]).status_code == 200


def test_a_token_that_is_over_is_refused_in_builders_shape(shared_web: Web) -> None:
    late = shared_web.http.post(ACTION.path, json=ACTION.body, headers=bearer(old(shared_web, ACCESS)))
    assert (late.status_code, late.json(), late.headers["www-authenticate"]) == (401, STRANGER, "Bearer")
    renewed = renew(shared_web, old(shared_web, REFRESH))
    assert (renewed.status_code, renewed.json()) == (401, STRANGER)


def test_how_long_a_token_is_good_is_the_accounts_to_say(web: Web) -> None:
    spent = ACCOUNTS.replace('name = "obra"', 'name = "obra"\noptions = { token_lifetime_s = 1 }')
    web.wiring.accounts.apply(read_accounts(spent, {}))
    given = login(web)
    assert told(web, bearer(given["token"])) == LET_IN
    wait_until(lambda: told(web, bearer(given["token"])) == 401, 5)
    assert renew(web, given["refresh_token"]).status_code == 200


def test_a_changed_ingress_token_ends_every_login(web: Web) -> None:
    given = login(web)
    web.wiring.accounts.apply(read_accounts(ACCOUNTS.replace("obra-token", "another"), {}))
    assert told(web, bearer(given["token"])) == 401
    assert renew(web, given["refresh_token"]).status_code == 401
    assert told(web, bearer("another")) == LET_IN


def test_a_removed_account_is_nobody(web: Web) -> None:
    given = login(web)
    web.wiring.accounts.remove("obra")
    assert told(web, bearer(given["token"])) == 401
    assert renew(web, given["refresh_token"]).status_code == 401


@pytest.mark.parametrize(
    ("header", "spelling"),
    [
        ("Authorization", "Bearer {}"),
        ("authorization", "bearer {}"),
        ("Authorization", "Token {}"),
        ("Authorization", "{}"),
        ("Token", "{}"),
        ("token", "Bearer {}"),
    ],
)
def test_the_token_comes_in_any_spelling(shared_web: Web, header: str, spelling: str) -> None:
    assert told(shared_web, {header: spelling.format(login(shared_web)["token"])}) == LET_IN
    assert told(shared_web, {header: spelling.format("wrong")}) == 401


def test_an_acionamento_is_taken_with_the_apikey_alone(shared_web: Web) -> None:
    def told_with(key: str, headers: dict[str, str] | None = None) -> int:
        return shared_web.http.post("/acionamento", params={"apikey": key}, json={}, headers=headers).status_code

    assert told_with("obra-token") == told_with(login(shared_web)["token"]) == LET_IN
    assert told_with("wrong") == told_with("") == 401
    assert told_with("obra-token", {"Authorization": "Bearer wrong"}) == 401


# ---------------------------------------------------------------- what is refused

BAD = [
    # (method and path, the body, where FastAPI says it is, what kind)
    ("POST /login", {"user": "obra"}, ["body", "password"], "value_error.missing"),
    ("POST /login", {"user": 5, "password": "x"}, ["body", "user"], "type_error.str"),
    ("POST /refresh", {}, ["body", "refresh_token"], "value_error.missing"),
    ("POST /refresh", {"refresh_token": ["x"]}, ["body", "refresh_token"], "type_error.str"),
    ("POST /acionamento", {}, ["body", "json"], "value_error.missing"),
    ("POST /acionamento", {"json": "x"}, ["body", "json"], "type_error.dict"),
    ("POST /acionamento", {"json": {"message": "oi"}}, ["body", "json", "phone"], "value_error.missing"),
    ("POST /acionamento", {"json": {"celular": "12"}}, ["body", "json", "celular"], "value_error"),
    ("POST /acionamento", {"json": {"phone": ANA, "message": 5}}, ["body", "json", "message"], "type_error.str"),
    ("POST /o/bot-1/campaign", {}, ["body", "sheet_values"], "value_error.missing"),
    ("POST /o/bot-1/campaign", {"sheet_values": {}}, ["body", "sheet_values"], "type_error.list"),
    ("POST /o/bot-1/campaign", {"sheet_values": ["phone", 5]}, ["body", "sheet_values", 1], "type_error.str"),
    ("POST /o/bot-1/campaign", {"content": "phone", "status": "x"}, ["body", "status"], "type_error.enum"),
    ("POST /o/bot-1/campaign", {**ACTION.body, "scheduled_date": "x"}, ["body", "scheduled_date"], "value_error"),
    ("GET /acionamento/5", None, ["query", "apikey"], "value_error.missing"),
    ("GET /acionamento/5?apikey=%00", None, ["query", "apikey"], "value_error"),
]


@pytest.mark.parametrize(("call", "body", "where", "kind"), BAD)
def test_what_breaks_a_rule_is_a_422_that_names_it(
    shared_web: Web, call: str, body: Any, where: Any, kind: str
) -> None:
    method, path = call.split()
    answer = shared_web.http.request(method, path, json=body, headers=HELD)
    assert answer.status_code == 422
    [problem] = answer.json()["detail"]
    assert (problem["loc"], problem["type"]) == (where, kind)
    assert problem["msg"]


def test_a_body_that_is_no_json_is_a_422_and_so_is_a_key_that_is_too_long(shared_web: Web) -> None:
    cut = shared_web.http.post("/acionamento", content=b"{", headers=HELD)
    assert (cut.status_code, cut.json()["detail"][0]["type"]) == (422, "value_error.jsondecode")
    headers = {**HELD, "Idempotency-Key": "k" * 256}
    [problem] = shared_web.http.post("/acionamento", json=ACIONAMENTO.body, headers=headers).json()["detail"]
    assert problem["loc"] == ["header", "Idempotency-Key"]


# ---------------------------------------------------------------- looking


def settle(web: Web, fate: Fate) -> None:
    """Take the next message and give it this fate."""
    [ticket] = web.wiring.clock.release("builder", 10, 10).tickets
    [row] = web.wiring.messages.claim(ticket).rows
    web.wiring.messages.settle(ticket.campaign, [Settled(row.seq, row.attempt, Outcome(fate, "why"))])


def seen(web: Web, number: str) -> dict[str, Any]:
    answer = web.http.get(f"/org/bot-1/campaign/{number}", headers=HELD)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_an_action_can_be_watched(web: Web) -> None:
    sheet = ["phone,message", f"{ANA},Olá", f"{BIA},Oi"]
    made = web.http.post(ACTION.path, json={"name": "N", "sheet_values": sheet, "file": "x"}, headers=HELD).json()
    first = seen(web, made["_id"])
    kept = {name: value for name, value in made.items() if name != "sheet_values"}
    assert {name: first[name] for name in kept} == kept
    assert (first["sheet_values"], first["state"], first["counts"]["pending"]) == ([], "running", 2)
    settle(web, Fate.SENT)
    assert (seen(web, made["_id"])["status"], seen(web, made["_id"])["counts"]["sent"]) == ("in_progress", 1)
    web.admin.post(f"/v1/campaigns/{made['_id']}/cancel")
    last = seen(web, made["_id"])
    assert (last["status"], last["state"], last["counts"]["cancelled"]) == ("concluded", "cancelled", 1)


def test_a_campaign_that_was_created_in_another_way_is_shown_by_its_name(web: Web) -> None:
    native = {**CREATING["native"].body, "account": "obra", "name": "Nossa"}
    made = web.admin.post("/v1/campaigns", json=native).json()["id"]
    assert (seen(web, made)["campaign_name"], seen(web, made)["name"]) == ("Nossa", None)
    gathered = web.http.post(ACIONAMENTO.path, json=ACIONAMENTO.body, headers=HELD).headers["x-campaign-id"]
    assert seen(web, gathered)["campaign_name"].startswith("Acionamentos ")


def test_an_action_is_its_own_accounts_to_watch(web: Web) -> None:
    native = web.admin.post("/v1/campaigns", json=CREATING["native"].body).json()["id"]
    for number in (native, "0f3k9x2m7q4t", "x", "x%00"):
        answer = web.http.get(f"/org/bot-1/campaign/{number}", headers=HELD)
        assert answer.status_code == 404
        assert isinstance(answer.json()["detail"], str)
    assert web.http.get(f"/org/bot-1/campaign/{native}").status_code == 401


def triggered(web: Web) -> tuple[int, str]:
    """A new acionamento's number, and its campaign."""
    answer = web.http.post(ACIONAMENTO.path, json=ACIONAMENTO.body, headers=HELD)
    return answer.json(), answer.headers["x-campaign-id"]


def cancelled_within_its_second(web: Web) -> tuple[int, int]:
    """The number in a campaign of acionamentos that was cancelled, and the first of the next that began as early."""
    for _ in range(20):
        first, campaign = triggered(web)
        web.admin.post(f"/v1/campaigns/{campaign}/cancel").raise_for_status()
        second, campaign = triggered(web)
        if first == second:
            return first, second
        web.admin.post(f"/v1/campaigns/{campaign}/cancel").raise_for_status()
    raise AssertionError("no two campaigns began within a second")


def test_two_campaigns_of_one_second_do_not_hide_each_others_acionamentos(web: Web) -> None:
    both, _ = cancelled_within_its_second(web)
    later, _ = triggered(web)
    asked = {number: web.http.get(f"/acionamento/{number}?apikey=obra-token") for number in (both, later)}
    assert asked[later].json()["status"] == "pending"
    assert asked[both].status_code == 404, "whose it is cannot be told"


def test_an_acionamento_tells_what_became_of_it(web: Web) -> None:
    number = web.http.post(ACIONAMENTO.path, json=ACIONAMENTO.body, headers=HELD).json()
    settle(web, Fate.FAILED)
    for key in ("obra-token", login(web)["token"]):
        found = web.http.get(f"/acionamento/{number}", params={"apikey": key}).json()
        assert (found["id"], found["status"], found["reason"], found["attempts"]) == (number, "failed", "why", 1)
        assert (found["sent_at"], found["answered_at"]) == (None, None)
    assert web.http.get(f"/acionamento/{number}", params={"apikey": old(web, ACCESS)}).json() == STRANGER
