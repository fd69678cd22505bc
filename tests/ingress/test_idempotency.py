"""One key, one campaign: under concurrency, while the first is still being taken in, through every way in."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from dispatcher.domain.campaign import KeyReused
from dispatcher.producer import submit
from dispatcher.providers.contract import BadRequest
from tests.ingress.asks import ANA, CREATING, Ask
from tests.ingress.conftest import Web
from tests.ingress.test_refusals import lines
from tests.slowfile import slow_file
from tests.waiting import wait_until

every_dialect = pytest.mark.parametrize(("dialect", "ask"), CREATING.items(), ids=CREATING)
AT_ONCE = 50
NAMES = ("loja", "caixa", "obra")


def keyed(ask: Ask, key: str = "k-1") -> Ask:
    return ask._replace(headers={**ask.headers, "Idempotency-Key": key})


def post(web: Web, ask: Ask, **changed: Any) -> httpx.Response:
    return web.http.post(ask.path, json={**ask.body, **changed}, headers=ask.headers)


def campaigns(web: Web) -> list[str]:
    return [one["id"] for one in web.admin.get("/v1/campaigns").json()["items"]]


@every_dialect
def test_fifty_requests_at_once_with_one_key_make_one_campaign_and_have_one_answer(
    web: Web, dialect: str, ask: Ask
) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda _: post(web, keyed(ask)), range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {ask.status}
    assert len({answer.content for answer in answers}) == 1
    assert campaigns(web) == [answers[0].headers["x-campaign-id"]]
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert web.admin.get(f"/v1/campaigns/{campaigns(web)[0]}").json()["total"] == 1


@every_dialect
def test_a_key_with_another_body_is_refused_in_the_dialects_shape(web: Web, dialect: str, ask: Ask) -> None:
    assert post(web, keyed(ask)).status_code == ask.status
    other = post(web, keyed(ask), x=1)
    assert other.status_code == 422
    assert lines(dialect, other) == ["Idempotency-Key: was used for another request"]
    assert len(campaigns(web)) == 1


def test_fifty_requests_at_once_with_one_key_and_two_bodies_make_one_campaign(web: Web) -> None:
    ask = keyed(CREATING["native"])
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda number: post(web, ask, name=f"{number % 2}"), range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {201, 422}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert len(campaigns(web)) == 1


def test_a_key_belongs_to_its_account(web: Web) -> None:
    ways = ["uazapi", "kinbox", "builder campaign", "cpc"]
    numbers = {post(web, keyed(CREATING[way])).headers["x-campaign-id"] for way in ways}
    assert len(numbers) == len(ways)
    others = {post(web, keyed(CREATING["native"], "k-2"), account=name).headers["x-campaign-id"] for name in NAMES}
    assert len(numbers | others) == len(ways) + len(NAMES)


@every_dialect
def test_a_request_that_was_refused_has_not_used_its_key(web: Web, dialect: str, ask: Ask) -> None:
    assert web.http.post(ask.path, json={}, headers=keyed(ask).headers).status_code in (400, 422)
    assert post(web, keyed(ask)).status_code == ask.status


def test_a_request_that_comes_while_the_first_is_taken_in_waits_for_it(web: Web) -> None:
    ask = keyed(CREATING["kinbox"])
    with slow_file() as file, ThreadPoolExecutor(3) as pool:
        body = {"leads": None, "leadsAssetUrl": file.url}
        first = pool.submit(post, web, ask, **body)
        wait_until(file.asked.is_set)
        others = [pool.submit(post, web, ask, **body) for _ in range(2)]
        assert campaigns(web) == []
        assert web.http.get("/healthz").is_success
        file.let.set()
        answers = [one.result() for one in (first, *others)]
    assert {answer.status_code for answer in answers} == {201}
    assert {answer.headers["x-campaign-id"] for answer in answers} == set(campaigns(web))
    assert len(campaigns(web)) == 1


# ---------------------------------------------------------------- the producer


def body(**changed: Any) -> dict[str, Any]:
    return {**CREATING["uazapi"].body, **changed}


def test_fifty_threads_of_a_producer_with_one_key_make_one_campaign(web: Web) -> None:
    stations = web.wiring.stations
    with ThreadPoolExecutor(AT_ONCE) as pool:
        taken = list(pool.map(lambda _: submit(stations, "loja", body(), "k-1"), range(AT_ONCE)))
    assert len({one.campaign_id for one in taken}) == len(campaigns(web)) == 1
    assert sum(not one.replayed for one in taken) == 1
    with pytest.raises(KeyReused):
        submit(stations, "loja", body(info="other"), "k-1")


def test_a_body_is_the_same_however_its_fields_are_ordered(web: Web) -> None:
    shuffled = dict(reversed(list(body().items())))
    first, again = (submit(web.wiring.stations, "loja", one, "k-1") for one in (body(), shuffled))
    assert again.campaign_id == first.campaign_id


DEEP: list[Any] = []
for _ in range(10_000):
    DEEP = [DEEP]
ITSELF: dict[str, Any] = {}
ITSELF["x"] = ITSELF


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(
    ("account", "given", "key", "named"),
    [
        (None, body(), None, "account: is required"),
        ("", body(), None, "account: is required"),
        ("loja", None, None, "the body must be a JSON object"),
        ("loja", [body()], None, "the body must be a JSON object"),
        ("loja", "{}", None, "the body must be a JSON object"),
        ("loja", {}, None, "known dialects"),
        ("loja", body(delayMin=float("nan")), None, "NaN"),
        ("loja", body(delayMin=float("inf")), None, "an infinity"),
        ("loja", body(x={1, 2}), None, "JSON has no word for"),
        ("loja", body(x=b"x"), None, "JSON has no word for"),
        ("loja", body(x=ITSELF), None, "itself"),
        ("loja", body(x=DEEP), None, "nested too deep"),
        ("loja", body(info="a\0b"), None, "info: holds a NUL character"),
        ("loja", body(info="\ud83d"), None, "info: holds a NUL character or half a surrogate pair"),
        ("loja", body(delayMin=9, delayMax=3), None, "delayMin: must not be over delayMax"),
        ("loja", body(messages=[{"number": "123", "type": "text", "text": "x"}]), None, "messages[0].number"),
        ("loja", body(), "", "idempotency_key: must be a text of 1 to 255 characters"),
        ("loja", body(), "k" * 256, "idempotency_key: must be"),
        ("loja", body(), 7, "idempotency_key: must be"),
        ("loja", {**CREATING["native"].body, "recipients": [{"phone": ANA}], "text": 5}, None, "text: "),
    ],
)
def test_a_producers_bad_input_is_one_clear_error_and_nothing_is_stored(
    shared_web: Web, account: Any, given: Any, key: Any, named: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        submit(shared_web.wiring.stations, account, given, key)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)
