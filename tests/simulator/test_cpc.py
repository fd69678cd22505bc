"""Disparo CPC (PROVIDERS.md 4)."""

from typing import Any

import httpx
import pytest

from dispatcher.simulator.server import SimulatorClient
from tests.simulator.messages import CPC_PATH, OTHER, cpc_body
from tests.simulator.seeds import CPC

SUCCESS = {"status": "success", "message": "Mensagens enviadas com sucesso", "processed": 1, "errors": 0}


@pytest.mark.parametrize("link", ["", "/link1", "/link2", "/p/other"])
def test_the_seeds_request_gets_the_seeds_answer(simulator: SimulatorClient, http: httpx.Client, link: str) -> None:
    answer = http.post(link + CPC_PATH, json=CPC)
    assert (answer.status_code, answer.json()) == (201, SUCCESS)
    (delivery,) = simulator.deliveries()
    assert (delivery["sender"], delivery["marker"], delivery["content"]) == ("emp1", "1234", CPC["messages"][0])
    assert delivery["link"] == link.rpartition("/")[2]


def test_an_empty_template_is_sent_empty(simulator: SimulatorClient, http: httpx.Client) -> None:
    assert http.post(CPC_PATH, json=cpc_body(OTHER, mainTemplate="")).json() == SUCCESS
    assert simulator.deliveries()[0]["content"]["mainTemplate"] == ""


def test_errors_are_a_list_and_http_is_201_all_the_same(simulator: SimulatorClient, http: httpx.Client) -> None:
    mixed = http.post(CPC_PATH, json=cpc_body(OTHER, "123"))
    assert (mixed.status_code, mixed.json()) == (
        201,
        {
            "status": "partial",
            "message": "1 mensagens processadas, 1 com erro",
            "processed": 1,
            "errors": [{"phone": "123", "reason": "Número inválido"}],
        },
    )
    failed = http.post(CPC_PATH, json=cpc_body("123")).json()
    assert (failed["status"], failed["message"]) == ("error", "Falha ao processar requisição")
    assert [d["number"] for d in simulator.deliveries()] == [OTHER]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({**CPC, "delay": 5}, "delay: property delay should not exist"),
        ({**CPC, "campaign": ""}, "campaign: should not be empty"),
        ({**CPC, "messages": []}, "messages: must contain at least 1 element"),
        (cpc_body(OTHER, useOfficialTemplate=True), "messages.0.useOfficialTemplate: property"),
        (cpc_body(OTHER, closeTicket=False), "messages.0.closeTicket: must be true"),
        (cpc_body(OTHER, closeTicket="true"), "messages.0.closeTicket: must be true"),
        (cpc_body(OTHER, specialistCode=None), "messages.0.specialistCode: should not be empty"),
        (cpc_body(OTHER, idMessage="7"), "messages.0.idMessage: must be a number"),
        (cpc_body(OTHER, mainTemplate=None), "messages.0.mainTemplate: must be a string"),
        ([], "body: must be an object"),
    ],
)
def test_a_body_that_is_not_as_documented_is_refused(
    simulator: SimulatorClient, http: httpx.Client, body: Any, error: str
) -> None:
    answer = http.post(CPC_PATH, json=body)
    assert (answer.status_code, answer.json()["message"]) == (400, "Erro de validação")
    assert answer.json()["errors"][0].startswith(error)
    assert simulator.deliveries() == []


def test_keys_and_wallets_can_be_known(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set(cpc_tags=["emp2"])
    unknown = http.post(CPC_PATH, json=CPC)
    assert (unknown.status_code, unknown.json()["message"]) == (404, "Tag 'emp1' não encontrada")
    simulator.set(cpc_tokens=["right"])
    assert http.post(CPC_PATH, json=CPC).json()["message"] == "Token de autenticação inválido"


def test_the_providers_own_rule_locks_until_a_reply(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set(cpc_rule=True)
    assert http.post(CPC_PATH, json=cpc_body(OTHER)).json()["status"] == "success"
    locked = http.post(CPC_PATH, json=cpc_body("551188876204")).json()
    assert locked["errors"][0]["reason"] == (
        "Cliente já recebeu mensagem há menos de 24h. Próximo envio permitido em 24.0 horas"
    )
    simulator.reply("cpc", OTHER, group=True)
    assert http.post(CPC_PATH, json=cpc_body(OTHER)).json()["status"] == "error"
    simulator.reply("cpc", OTHER)
    assert http.post(CPC_PATH, json=cpc_body(OTHER)).json()["status"] == "success"


def test_breaches_of_the_rule_are_counted_even_when_it_is_off(simulator: SimulatorClient, http: httpx.Client) -> None:
    for phone in (OTHER, "551188876204", "5511977776666"):
        assert http.post(CPC_PATH, json=cpc_body(phone)).json()["status"] == "success"
    assert simulator.summary()["cpc_breaches"] == 1
