"""The demo's verdict, on a real simulator that gets what the dispatcher would send it, and what it should not."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from dispatcher.cli.demo.accounts import INSTANCE
from dispatcher.cli.demo.leads_server import leads_server
from dispatcher.cli.demo.posts import Arrival, Post, kinbox_arrivals, leads, leads_file, payload, without
from dispatcher.cli.demo.verdict import Finding, gaps, verdict
from dispatcher.simulator.server import SimulatorProcess
from tests.simulator import seeds

SHORT = {"delayMin": 0, "delayMax": 1}


@pytest.fixture(scope="module")
def process() -> Iterator[SimulatorProcess]:
    with SimulatorProcess() as started:
        yield started


@pytest.fixture
def simulator(process: SimulatorProcess) -> SimulatorProcess:
    process.client.clear()
    return process


def uazapi_post() -> Post:
    body = payload("uazapi.json")
    expected = tuple(Arrival(one["number"], without(one, "number")) for one in body["messages"])
    return Post("uazapi", "uazapi", "0f3k9x2m7q4t", "200", expected)


def send(simulator: SimulatorProcess, messages: list[dict[str, Any]]) -> None:
    """A call for each message, as the dispatcher makes them, without its pauses."""
    for seq, message in enumerate(messages):
        body = {**SHORT, "messages": [message], "info": f"0f3k9x2m7q4t-{seq}.1"}
        httpx.post(f"{simulator.url}/sender/advanced", json=body, headers={"token": INSTANCE}).raise_for_status()


def finding(simulator: SimulatorProcess, what: str, post: Post | None = None) -> Finding:
    found = verdict([post or uazapi_post()], simulator.client)
    return next(one for one in found if one.what == what)


def test_the_payloads_are_those_of_the_seeds() -> None:
    assert payload("uazapi.json") == seeds.UAZAPI
    assert payload("cpc.json") == seeds.CPC
    assert set(seeds.KINBOX) <= set(payload("kinbox.json"))


def test_everything_once_and_as_sent_is_fine(simulator: SimulatorProcess) -> None:
    send(simulator, payload("uazapi.json")["messages"])
    assert finding(simulator, "uazapi").problem == ""
    assert finding(simulator, "uazapi").messages == "5 of 5"
    assert finding(simulator, "all together").problem == ""


def test_a_message_that_is_missing_is_named_by_its_place(simulator: SimulatorProcess) -> None:
    send(simulator, payload("uazapi.json")["messages"][:4])
    assert "message 4" in finding(simulator, "uazapi").problem


def test_a_changed_content_is_noticed(simulator: SimulatorProcess) -> None:
    messages = payload("uazapi.json")["messages"]
    messages[0]["text"] += "!"
    send(simulator, messages)
    assert finding(simulator, "uazapi").problem == "message 0 arrived with other content"


def test_a_second_delivery_is_noticed(simulator: SimulatorProcess) -> None:
    messages = payload("uazapi.json")["messages"]
    send(simulator, messages)
    send(simulator, messages[:1])
    assert "should not have" in finding(simulator, "uazapi").problem
    assert "1 delivered twice" in finding(simulator, "all together").problem


def test_calls_that_come_too_early_are_noticed(simulator: SimulatorProcess) -> None:
    send(simulator, payload("uazapi.json")["messages"])
    assert finding(simulator, "uazapi: gaps on the lane").problem == "too early"


def test_a_machine_held_up_for_a_moment_is_told_and_a_lane_that_was_forgotten_is_wrong() -> None:
    held_up, forgotten = gaps("lane", [3_100.0, 6_400.0], 3_000, 6_000), gaps("lane", [3_100.0, 8_100.0], 3_000, 6_000)
    assert "0.40 s late" in held_up.found
    assert (held_up.problem, forgotten.problem) == ("", "too late")
    assert "late" not in gaps("lane", [3_100.0, 6_200.0], 3_000, 6_000).found


def test_the_leads_are_served_as_long_as_they_are_needed() -> None:
    with leads_server() as url:
        assert httpx.get(url).content == leads_file()
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_every_lead_has_its_own_text() -> None:
    texts = [arrival.content["message"] for arrival in kinbox_arrivals(payload("kinbox.json")["message"])]
    assert texts[0] == "Olá Ana, seu pedido 1001 saiu para entrega."
    assert texts[4] == "Olá cliente, seu pedido 1005 saiu para entrega."
    assert len(set(texts)) == len(leads()) == 5
