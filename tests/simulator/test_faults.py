"""Every kind of fault, over real sockets, with what was delivered underneath."""

import json
from typing import Any

import httpx
import pytest

from dispatcher.simulator.presets import NAMES
from dispatcher.simulator.server import SimulatorClient
from tests.simulator.messages import CPC_PATH, NUMBER, OTHER, cpc_body, folder, text_job, texts
from tests.waiting import wait_until


def send(http: httpx.Client, info: str = "c-1.1", number: str = NUMBER, **more: Any) -> httpx.Response:
    return http.post("/sender/advanced", json=text_job(info, number), **more)


def markers(simulator: SimulatorClient) -> list[str]:
    return [d["marker"] for d in simulator.deliveries()]


# ---------------------------------------------------------------------- broken connections


def test_a_reset_before_delivers_nothing(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set_faults({"kind": "reset_before"})
    with pytest.raises(httpx.TransportError):
        send(http)
    assert simulator.deliveries() == []
    assert [(c["status"], c["fault"]) for c in simulator.calls()] == [(0, "reset_before")]


def test_a_reset_before_can_pick_its_number(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set_faults({"kind": "reset_before", "number": "551188876204"})
    assert send(http).status_code == 200
    with pytest.raises(httpx.TransportError):
        send(http, number=OTHER)
    assert [d["number"] for d in simulator.deliveries()] == [NUMBER]


def test_a_reset_after_has_delivered(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set_faults({"kind": "reset_after", "times": 1})
    with pytest.raises(httpx.TransportError):
        send(http, "c-1.1")
    assert send(http, "c-1.2").status_code == 200
    assert [(d["marker"], d["status"]) for d in simulator.deliveries()] == [("c-1.1", 0), ("c-1.2", 200)]
    assert simulator.summary()["duplicate_count"] == 1


@pytest.mark.parametrize("deliver", [False, True])
def test_a_hang_says_nothing_until_the_client_leaves(
    simulator: SimulatorClient, http: httpx.Client, deliver: bool
) -> None:
    simulator.set_faults({"kind": "hang", "deliver": deliver, "times": 1})
    with pytest.raises(httpx.ReadTimeout):
        send(http, timeout=0.2)
    assert len(simulator.deliveries()) == deliver
    wait_until(lambda: simulator.calls()[0]["ended"] is not None)
    (call,) = simulator.calls()
    assert (call["status"], call["fault"]) == (0, "hang")
    assert 150 < call["ended_mono"] - call["started_mono"] < 10_000
    assert send(http, "c-2.1").status_code == 200
    assert simulator.summary()["overlaps"] == 0


def test_a_hang_ends_by_itself_when_its_time_is_over(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set_faults({"kind": "hang", "seconds": 0.1})
    with pytest.raises(httpx.TransportError):
        send(http)


# ---------------------------------------------------------------------- slow answers


def test_latency_delays_and_then_goes_on(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set_faults({"kind": "latency", "ms": [80, 120]}, {"kind": "latency", "ms": 50, "late": True})
    assert send(http).status_code == 200
    (d,) = simulator.deliveries()
    assert 80 <= d["delivered_mono"] - d["started_mono"] < 10_000
    assert 50 <= d["ended_mono"] - d["delivered_mono"] < 10_000


def test_who_leaves_during_latency_is_delivered_all_the_same(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set_faults({"kind": "latency", "ms": 400, "times": 1})
    with pytest.raises(httpx.ReadTimeout):
        send(http, timeout=0.1)
    wait_until(lambda: simulator.deliveries())
    (d,) = simulator.deliveries()
    wait_until(lambda: simulator.calls()[0]["ended"] is not None)
    call = simulator.calls()[0]
    assert (call["status"], call["ended_mono"] < d["delivered_mono"]) == (0, True)


def test_a_call_after_its_client_left_is_no_overlap(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set_faults({"kind": "latency", "ms": 1000, "times": 1})
    with pytest.raises(httpx.ReadTimeout):
        send(http, "c-1.1", timeout=0.1)
    wait_until(lambda: simulator.calls()[0]["ended"] is not None)
    send(http, "c-2.1")
    assert markers(simulator) == ["c-2.1"]
    wait_until(lambda: markers(simulator) == ["c-2.1", "c-1.1"])
    assert (simulator.summary()["overlaps"], simulator.gaps_ms("line-1")) == (0, [])


# ---------------------------------------------------------------------- bad answers


def test_any_status_body_and_headers(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set_faults(
        {"kind": "status", "status": 429, "body": {"error": "Rate limit exceeded"}, "retry_after_s": 7, "times": 1},
        {"kind": "status", "status": 502, "body": "<html>", "headers": {"content-type": "text/html"}},
    )
    limited, broken = send(http), send(http)
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "7")
    assert limited.json() == {"error": "Rate limit exceeded"}
    assert (broken.status_code, broken.text, broken.headers["content-type"]) == (502, "<html>", "text/html")
    assert simulator.deliveries() == []


@pytest.mark.parametrize("name", NAMES)
def test_each_preset_is_an_answer_of_its_own(simulator: SimulatorClient, http: httpx.Client, name: str) -> None:
    simulator.set_faults({"kind": "preset", "name": name})
    answer = http.post(CPC_PATH, json=cpc_body(NUMBER)) if name.startswith("cpc") else send(http)
    assert answer.status_code >= 400 or answer.json()["status"] == "error"
    assert "{number}" not in answer.text
    assert "{jid}" not in answer.text
    assert simulator.deliveries() == []


def test_the_reachout_timelock_names_its_end(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set_faults({"kind": "preset", "name": "uazapi_463", "until": "2030-01-01T00:00:00Z"})
    answer = send(http)
    assert (answer.status_code, answer.json()["provider_code"]) == (500, 463)
    assert answer.json()["details"]["reachout_timelock"]["until"] == "2030-01-01T00:00:00Z"


def test_presets_name_the_calls_recipients(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set_faults(
        {"kind": "preset", "name": "uazapi_not_on_whatsapp", "provider": "uazapi"},
        {"kind": "preset", "name": "cpc_locked", "hours": 3.5, "provider": "cpc"},
    )
    assert send(http).json() == {"error": f"the number {NUMBER}@s.whatsapp.net is not on WhatsApp"}
    errors = http.post(CPC_PATH, json=cpc_body(NUMBER, OTHER)).json()["errors"]
    assert [e["phone"] for e in errors] == [NUMBER, OTHER]
    assert errors[0]["reason"].endswith("Próximo envio permitido em 3.5 horas")


def test_a_500_after_delivering(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set_faults({"kind": "delivered_500"})
    assert send(http).status_code == 500
    assert markers(simulator) == ["c-1.1"]


def test_a_refusal_stays_a_refusal_under_a_fault_that_delivers(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set_faults({"kind": "delivered_500"})
    assert http.post("/sender/advanced", json={}).status_code == 400


@pytest.mark.parametrize("deliver", [False, True])
def test_garbage_is_answered_whether_the_message_was_delivered_or_not(
    simulator: SimulatorClient, http: httpx.Client, deliver: bool
) -> None:
    simulator.set_faults(
        {"kind": "garbage", "deliver": deliver, "times": 1}, {"kind": "garbage", "deliver": deliver, "body": [1]}
    )
    html, shape = send(http, "c-1.1"), send(http, "c-2.1")
    assert (html.status_code, shape.status_code, shape.json()) == (200, 200, [1])
    with pytest.raises(json.JSONDecodeError):
        html.json()
    assert len(simulator.deliveries()) == 2 * deliver


def test_unauthorized_in_each_providers_shape(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set_faults({"kind": "unauthorized"})
    answers = {
        "uazapi": send(http),
        "kinbox": http.post("/v3/campaigns", json={"name": "x"}),
        "builder": http.post("/acionamento", json={"json": {}}),
        "cpc": http.post(CPC_PATH, json=cpc_body(NUMBER)),
    }
    assert {a.status_code for a in answers.values()} == {401}
    assert [set(a.json()) for a in answers.values()] == [
        {"error"},
        {"statusCode", "message"},
        {"detail"},
        {"message", "error", "statusCode"},
    ]


def test_a_disconnected_instance_refuses_sends_and_says_so(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set_faults({"kind": "disconnected", "sender": "line-1"})
    assert send(http).json() == {"error": True, "message": "WhatsApp disconnected: session is not reconnectable"}
    assert http.get("/instance/status").json()["instance"]["status"] == "disconnected"
    assert send(http, headers={"token": "line-2"}).status_code == 200
    simulator.clear_faults()
    assert http.get("/instance/status").json()["status"]["connected"] is True


def test_a_part_of_the_messages_is_refused(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set_faults({"kind": "partial", "number": OTHER, "reason": "Linha não disponível"})
    counted = http.post("/sender/advanced", json=folder("c-1.1", *texts(NUMBER, OTHER)))
    assert counted.json()["count"] == 1
    answer = http.post(CPC_PATH, json=cpc_body(NUMBER, OTHER)).json()
    assert (answer["status"], answer["processed"]) == ("partial", 1)
    assert answer["errors"] == [{"phone": OTHER, "reason": "Linha não disponível"}]
    assert {d["number"] for d in simulator.deliveries()} == {NUMBER}


# ---------------------------------------------------------------------- which calls, how often


def test_a_rule_can_be_narrowed(simulator: SimulatorClient, http: httpx.Client) -> None:
    fault = {"kind": "status", "status": 503}
    cases: list[tuple[dict[str, Any], list[int]]] = [
        ({"provider": "uazapi"}, [503, 503, 503]),
        ({"provider": "cpc"}, [200, 200, 200]),
        ({"path": "/sender/adv"}, [503, 503, 200]),
        ({"link": "two"}, [200, 503, 200]),
        ({"sends": True}, [503, 503, 200]),
        ({"sender": "line-2"}, [200, 200, 200]),
        ({"after": 1, "times": 1}, [200, 503, 200]),
    ]
    for rule, expected in cases:
        simulator.set_faults({**fault, **rule})
        answers = [send(http), http.post("/p/two/sender/advanced", json=text_job()), http.get("/sender/listfolders")]
        assert [a.status_code for a in answers] == expected, rule


def test_chance_is_repeated_by_its_seed(simulator: SimulatorClient, http: httpx.Client) -> None:
    def run(seed: int) -> list[int]:
        simulator.set(seed=seed)
        simulator.set_faults({"kind": "status", "status": 503, "probability": 0.3})
        return [send(http).status_code for _ in range(60)]

    first, second, other = run(7), run(7), run(8)
    assert first == second != other
    assert 5 < first.count(503) < 35
    assert simulator.faults()[0]["seen"] == 60


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({}, "kind: one of latency"),
        ({"kind": "latency"}, "ms: is needed"),
        ({"kind": "latency", "ms": [5, 1]}, "ms: a number or [from, to]"),
        ({"kind": "status", "status": 99}, "status: an HTTP status"),
        ({"kind": "preset", "name": "x"}, "no such preset"),
        ({"kind": "hang", "seconds": "1"}, "seconds: a number"),
        ({"kind": "reset_after", "ms": 5}, "ms: not known for reset_after"),
        ({"kind": "reset_after", "probability": 1.5}, "probability: from 0 to 1"),
    ],
)
def test_a_wrong_rule_is_refused_in_words(simulator: SimulatorClient, rule: dict[str, Any], words: str) -> None:
    with pytest.raises(httpx.HTTPStatusError) as refused:
        simulator.set_faults(rule)
    assert words in refused.value.response.json()["error"]
