"""Fintalk Builder: login, campaign actions, acionamentos (PROVIDERS.md 3 and 10)."""

from typing import Any

import httpx
import pytest

from dispatcher.simulator.server import SimulatorClient
from tests.simulator.messages import OTHER
from tests.simulator.seeds import BUILDER

DATA = {"phone": OTHER, "message": "Olá", "job_id": "c-7.1"}


def login(http: httpx.Client) -> dict[str, str]:
    given = http.post("/login", json={"user": "ana", "password": "x"}).json()
    assert set(given) == {"token", "refresh_token"}
    return dict(given)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_the_seeds_campaign_action_reaches_each_line(simulator: SimulatorClient, http: httpx.Client) -> None:
    answer = http.post("/loja/bot-1/campaign", json=BUILDER, headers=bearer(login(http)["token"]))
    assert (answer.status_code, answer.json()) == (201, BUILDER)
    first, second = simulator.deliveries()
    assert (first["sender"], first["number"], first["marker"]) == ("bot-1", OTHER, "string")
    assert first["content"] == {"phone": OTHER, "name": "Ana", "message": "Olá, Ana"}
    assert second["number"] == "5511988876205"


def test_an_acionamento_is_a_bare_number_that_can_be_fetched(simulator: SimulatorClient, http: httpx.Client) -> None:
    headers = bearer(login(http)["token"])
    answer = http.post("/acionamento", json={"json": DATA}, headers=headers)
    assert isinstance(answer.json(), int)
    (delivery,) = simulator.deliveries()
    assert (delivery["sender"], delivery["marker"], delivery["content"]) == ("ana", "c-7.1", DATA)
    fetched = http.get(f"/acionamento/{answer.json()}", params={"apikey": "k"})
    assert (fetched.json()["status"], fetched.json()["json"]) == ("concluded", DATA)
    assert http.get(f"/acionamento/{answer.json()}").status_code == 422
    assert http.get("/acionamento/999999", params={"apikey": "k"}).status_code == 404


def test_a_bot_named_in_the_data_is_the_sender(simulator: SimulatorClient, http: httpx.Client) -> None:
    http.post("/acionamento", json={"json": {**DATA, "bot": "bot-2"}}, headers=bearer(login(http)["token"]))
    assert simulator.deliveries()[0]["sender"] == "bot-2"


def test_a_token_expires_and_can_be_refreshed_once(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set(builder_token_s=0.0)
    given = login(http)
    expired = http.post("/acionamento", json={"json": DATA}, headers=bearer(given["token"]))
    assert (expired.status_code, expired.json()) == (401, {"detail": "Could not validate credentials"})
    simulator.set(builder_token_s=60)
    fresh = http.post("/refresh", json={"refresh_token": given["refresh_token"]}).json()
    assert http.post("/acionamento", json={"json": DATA}, headers=bearer(fresh["token"])).status_code == 200
    assert http.post("/refresh", json={"refresh_token": given["refresh_token"]}).status_code == 401
    assert len(simulator.deliveries()) == 1


def test_a_wrong_password_is_refused(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set(builder_users={"ana": "right"}, builder_apikeys=["k"])
    assert http.post("/login", json={"user": "ana", "password": "x"}).status_code == 401
    assert http.post("/login", json={"user": "ana", "password": "right"}).status_code == 200
    assert http.get("/acionamento/1", params={"apikey": "other"}).status_code == 401


@pytest.mark.parametrize(
    ("path", "body", "where"),
    [
        ("/login", {"user": "ana"}, ["body", "password"]),
        ("/login", [], ["body"]),
        ("/refresh", {}, ["body", "refresh_token"]),
        ("/acionamento", {"json": "x"}, ["body", "json"]),
        ("/loja/bot-1/campaign", {"status": "paused"}, ["body", "status"]),
        ("/loja/bot-1/campaign", {"sheet_values": ["phone", 5]}, ["body", "sheet_values"]),
        ("/loja/bot-1/campaign", {"name": 5}, ["body", "name"]),
    ],
)
def test_wrong_bodies_are_refused_in_fastapis_shape(
    simulator: SimulatorClient, http: httpx.Client, path: str, body: Any, where: list[str]
) -> None:
    answer = http.post(path, json=body, headers=bearer(login(http)["token"]))
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == where
    assert simulator.deliveries() == []


def test_lines_without_a_phone_column_reach_nobody(simulator: SimulatorClient, http: httpx.Client) -> None:
    body = {"name": "c-1.1", "sheet_values": ["nome", "Ana"]}
    assert http.post("/loja/bot-1/campaign", json=body, headers=bearer(login(http)["token"])).status_code == 201
    assert simulator.deliveries() == []
    assert "names no phones" in simulator.summary()["notes"][0]
