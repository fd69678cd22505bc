"""Disparo CPC's endpoint: a word at once about everybody, and one campaign for all posts of a day."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.ids import MessageId
from dispatcher.ledger.suppressions import Suppressions
from tests.ingress.asks import ANA, BIA, CAIO, CREATING, bearer
from tests.ingress.conftest import ACCOUNTS, Web, running, settings_for

ASK = CREATING["cpc"]
[GOOD] = ASK.body["messages"]
HOUR_MS = 3_600_000
NOWHERE = "127.0.0.1:9"  # nobody listens there
RULE = "Bloqueado por regra CPC"


def post(web: Web, *phones: str, **changed: Any) -> httpx.Response:
    """A post to these clients; `key` is its Idempotency-Key."""
    headers = {**ASK.headers, "Idempotency-Key": changed.pop("key")} if "key" in changed else ASK.headers
    body = {**ASK.body, "messages": [{**GOOD, "phone": phone} for phone in phones], **changed}
    answer = web.http.post(ASK.path, json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


def shown(web: Web, answer: httpx.Response) -> dict[str, Any]:
    """The campaign behind an answer: its state, and how many messages are in which state."""
    found = web.admin.get(f"/v1/campaigns/{answer.headers['x-campaign-id']}").json()
    return {"state": found["state"], **{state: number for state, number in found["counts"].items() if number}}


def lock(web: Web, phone: str, hours: float, scope: str = "global") -> None:
    now_ms = web.desk.now_ms()
    web.wiring.lock_book.take(scope, phone, MessageId(1, 0), now_ms, now_ms + int(hours * HOUR_MS))


def refused(reason: str, *phones: str) -> list[dict[str, str]]:
    return [{"phone": phone, "reason": reason} for phone in phones]


def hours(number: float) -> str:
    return f"Cliente já recebeu mensagem há menos de 24h. Próximo envio permitido em {number} horas"


# ---------------------------------------------------------------- the answer


def test_the_answer_is_the_seeds(web: Web) -> None:
    answer = web.http.post(ASK.path, json=ASK.body, headers=ASK.headers)
    success = {"status": "success", "message": "Mensagens enviadas com sucesso", "processed": 1, "errors": 0}
    assert (answer.status_code, answer.json()) == (200, success)


def test_who_cannot_be_dialled_comes_back_at_once(web: Web) -> None:
    invalid = refused("Número inválido", "5514123")
    assert post(web, ANA, "5514123").json() == {
        "status": "partial",
        "message": "1 mensagens processadas, 1 com erro",
        "processed": 1,
        "errors": invalid,
    }
    failed = {"status": "error", "message": "Falha ao processar requisição", "errors": invalid}
    assert post(web, "5514123").json() == failed


def test_who_is_in_contact_or_wants_none_comes_back_at_once(web: Web) -> None:
    lock(web, ANA, 3.42)
    Suppressions(web.wiring.engine).add(BIA)
    answer = post(web, "+55 (11) 90000-0001", BIA, CAIO)
    assert (answer.json()["status"], answer.json()["processed"]) == ("partial", 1)
    in_contact = refused(hours(3.5), "+55 (11) 90000-0001")
    assert answer.json()["errors"] == [*in_contact, *refused("Número na lista de bloqueio", BIA)]
    assert shown(web, answer) == {"state": "running", "blocked": 1, "suppressed": 1, "pending": 1}


@pytest.mark.parametrize(("left", "told"), [(24, 24.0), (23.99, 24.0), (0.11, 0.2), (0.01, 0.1)])
def test_nobody_is_told_to_come_back_too_early(web: Web, left: float, told: float) -> None:
    lock(web, ANA, left)
    assert post(web, ANA).json()["errors"] == refused(hours(told), ANA)


def test_the_hours_that_were_told_are_told_again_for_the_same_key(web: Web) -> None:
    lock(web, ANA, 3.42)
    first = post(web, ANA, BIA, key="k")
    web.wiring.lock_book.lift(ANA, web.desk.now_ms() + 1)
    assert post(web, ANA, BIA, key="k").content == first.content


def test_where_each_tag_has_its_own_contacts_only_those_of_the_posts_tag_count(web: Web) -> None:
    tags = (
        ACCOUNTS.replace('provider = "cpc"', 'provider = "cpc"\ncpc_scope = "tag"')
        + '[[account.sender]]\nname = "emp2"'
    )
    web.wiring.accounts.apply(read_accounts(tags, {}))
    account = web.wiring.accounts.named("cobranca")
    [first] = [one for one in web.wiring.accounts.senders(account.id) if one.name == "emp1"]
    lock(web, ANA, 3, f"sender:{first.id}")
    assert post(web, ANA).json()["errors"] == refused(hours(3.0), ANA)
    assert post(web, ANA, tag="emp2").json()["processed"] == 1


def test_an_account_that_waits_for_the_end_of_a_contact_queues_all(web: Web) -> None:
    patient = ACCOUNTS.replace('provider = "cpc"', 'provider = "cpc"\non_locked = "defer"')
    web.wiring.accounts.apply(read_accounts(patient, {}))
    lock(web, ANA, 3)
    assert post(web, ANA, ANA, BIA).json()["processed"] == 3


# ---------------------------------------------------------------- without Redis


def test_promise_5_who_is_in_contact_comes_back_while_redis_is_empty(web: Web) -> None:
    lock(web, ANA, 3)
    web.wiring.redis.flushall()
    assert post(web, ANA, BIA).json()["errors"] == refused(hours(3.0), ANA)


@pytest.fixture
def without_redis(ledger_url: str) -> Iterator[Web]:
    with running(settings_for(ledger_url, f"redis://{NOWHERE}/0"), rebuild=False) as web:
        yield web


def test_promise_5_who_is_in_contact_comes_back_while_redis_is_away(without_redis: Web) -> None:
    lock(without_redis, ANA, 3)
    answer = post(without_redis, ANA, BIA)
    assert answer.json()["errors"] == refused(hours(3.0), ANA)
    assert shown(without_redis, answer) == {"state": "running", "blocked": 1, "pending": 1}


# ---------------------------------------------------------------- one campaign for a day


def test_posts_of_one_campaign_and_tag_feed_one_campaign(web: Web) -> None:
    first, second = post(web, ANA), post(web, BIA)
    assert first.headers["x-campaign-id"] == second.headers["x-campaign-id"]
    assert post(web, CAIO, campaign="Outra").headers["x-campaign-id"] != first.headers["x-campaign-id"]
    assert shown(web, first) == {"state": "running", "pending": 2}


def test_posts_at_the_same_moment_feed_one_campaign(web: Web) -> None:
    phones = [f"55119{number:08}" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda at: post(web, *phones[at : at + 4], "5514123"), range(0, 40, 4)))
    assert {one.json()["status"] for one in answers} == {"partial"}
    assert len({one.headers["x-campaign-id"] for one in answers}) == 1
    assert shown(web, answers[0]) == {"state": "running", "pending": 40, "failed": 10}


def test_a_client_who_is_named_twice_in_a_post_is_written_to_once(web: Web) -> None:
    answer = post(web, ANA, BIA, "551190000-0001")
    assert answer.json()["errors"] == refused(RULE, "551190000-0001")
    assert shown(web, answer) == {"state": "running", "pending": 2, "blocked": 1}


def test_promise_1_a_post_that_comes_again_without_a_key_reaches_nobody_twice(web: Web) -> None:
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: post(web, ANA, BIA), range(2)))
    assert sorted(one.json()["status"] for one in answers) == ["error", "success"]
    assert shown(web, answers[0]) == {"state": "running", "pending": 2, "blocked": 2}


def test_an_account_without_the_guard_sends_every_message(web: Web) -> None:
    free = ACCOUNTS.replace('provider = "cpc"', 'provider = "cpc"\ncpc = false')
    web.wiring.accounts.apply(read_accounts(free, {}))
    lock(web, BIA, 3)
    assert post(web, ANA, ANA, BIA).json()["processed"] == 3


def test_a_campaign_that_was_done_runs_again(web: Web) -> None:
    answer = post(web, "5514123")
    assert shown(web, answer) == {"state": "done", "failed": 1}
    assert post(web, ANA).headers["x-campaign-id"] == answer.headers["x-campaign-id"]
    assert shown(web, answer) == {"state": "running", "failed": 1, "pending": 1}


def test_a_paused_campaign_takes_messages_and_stays_paused(web: Web) -> None:
    first = post(web, ANA)
    campaign = first.headers["x-campaign-id"]
    web.admin.post(f"/v1/campaigns/{campaign}/pause")
    assert post(web, BIA).headers["x-campaign-id"] == campaign
    assert shown(web, first) == {"state": "paused", "pending": 2}
    web.admin.post(f"/v1/campaigns/{campaign}/resume")
    assert shown(web, first) == {"state": "running", "pending": 2}


def test_after_a_cancel_the_next_post_begins_another_campaign(web: Web) -> None:
    first = post(web, ANA)
    web.admin.post(f"/v1/campaigns/{first.headers['x-campaign-id']}/cancel")
    again = post(web, ANA)
    assert again.headers["x-campaign-id"] != first.headers["x-campaign-id"]
    assert shown(web, first) == {"state": "cancelled", "cancelled": 1}
    assert shown(web, again) == {"state": "running", "pending": 1}


def test_empty_texts_are_told_in_the_campaigns_log(web: Web) -> None:
    post(web, ANA)
    answer = post(web, BIA, messages=[{**GOOD, "phone": BIA, "mainTemplate": ""}])
    found = web.admin.get(f"/v1/campaigns/{answer.headers['x-campaign-id']}").json()
    assert found["warnings"] == ["messages with an empty mainTemplate, which are sent empty: 1"]


# ---------------------------------------------------------------- refusals


@pytest.mark.usefixtures("nothing_stored")
def test_more_messages_than_a_post_may_have_are_refused_whole(shared_web: Web) -> None:
    body = {**ASK.body, "messages": [GOOD] * 100_001}
    answer = shared_web.http.post(ASK.path, json=body, headers=ASK.headers)
    assert (answer.status_code, answer.json()) == (
        400,
        {
            "status": "error",
            "statusCode": 400,
            "message": "Erro de validação",
            "errors": ["messages: must not be more than 100000 in one post"],
        },
    )


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("token", ["x", "loja-token"])
def test_a_wrong_token_is_answered_in_their_words(shared_web: Web, token: str) -> None:
    answer = shared_web.http.post(ASK.path, json=ASK.body, headers=bearer(token))
    wanted = {"message": "Token de autenticação inválido", "error": "Unauthorized", "statusCode": 401}
    assert (answer.status_code, answer.json()) == (401, wanted)
