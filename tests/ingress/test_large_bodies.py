"""A large JSON body: stored while it is read, and refused whole all the same, in the words of a small one."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from dispatcher.providers.jsonpieces import LARGE
from tests.ingress.conftest import Web, rows_of

MANY = 2_500
Spoil = Callable[[list[dict[str, Any]]], Any]


def messages(count: int = MANY) -> list[dict[str, Any]]:
    return [{"number": f"55119{number:08d}", "type": "text", "text": "Olá" * 60} for number in range(count)]


def post(web: Web, body: bytes, **headers: str) -> httpx.Response:
    assert len(body) > LARGE
    return web.http.post("/sender/advanced", content=body, headers={"token": "loja-token", **headers}, timeout=60)


def in_json(given: list[dict[str, Any]], **more: Any) -> bytes:
    return json.dumps({"delayMin": 3, "messages": given, "delayMax": 6, **more}).encode()


def test_a_large_body_is_stored_whole_with_what_stands_behind_its_messages(web: Web) -> None:
    given = messages()
    given[1_700] = {"number": given[1_700]["number"], "type": "location", "latitude": 1, "longitude": 2.5}
    body = in_json(given, info="Lançamento")
    first, again = post(web, body, **{"Idempotency-Key": "k-1"}), post(web, body, **{"Idempotency-Key": "k-1"})
    assert (first.status_code, first.json()["count"]) == (200, MANY)
    assert again.headers["x-campaign-id"] == first.headers["x-campaign-id"]
    campaign = web.admin.get(f"/v1/campaigns/{first.headers['x-campaign-id']}").json()
    assert (campaign["total"], campaign["name"]) == (MANY, "Lançamento")
    listed = {"folder_id": first.json()["folder_id"], "limit": 2, "offset": 1_699}
    told = web.http.post("/sender/listmessages", json=listed, headers={"token": "loja-token"}).json()["messages"]
    assert [one["chatid"].partition("@")[0] for one in told] == [one["number"] for one in given[1_699:1_701]]


@pytest.mark.parametrize(
    ("spoil", "refusal"),
    [
        (lambda given: given[-1].update(number="123"), f"messages[{MANY - 1}].number: too short"),
        (lambda given: given[1_000].update(text=" "), "messages[1000].text: is required for a text"),
        (lambda given: given.append({**given[0], "type": "fax"}), f"messages[{MANY}].type: must be one of"),
        (lambda given: given[2_000].update(text=float("inf")), "not valid JSON"),
        (lambda given: given[2_000].update(text="\0"), "messages[2000].text: holds a NUL"),
    ],
)
def test_a_large_body_with_one_mistake_leaves_nothing_behind(web: Web, spoil: Spoil, refusal: str) -> None:
    given = messages()
    spoil(given)
    before = rows_of(web)
    answer = post(web, in_json(given), **{"Idempotency-Key": "k-1"})
    assert answer.status_code == 400
    assert refusal in answer.json()["error"]
    assert rows_of(web) == before
    assert post(web, in_json(messages()), **{"Idempotency-Key": "k-1"}).status_code == 200, "the key was not used up"


@pytest.mark.parametrize("tail", [b"", b"]", b'], "delayMin": 4}', b'], "delayMax": "x"}'])
def test_a_large_body_whose_end_is_wrong_leaves_nothing_behind(web: Web, tail: bytes) -> None:
    before = rows_of(web)
    body = b'{"delayMin": 3, "messages": ' + json.dumps(messages()).encode()[:-1] + tail
    assert post(web, body).status_code == 400
    assert rows_of(web) == before
