"""A canned answer in, exactly these outcomes out."""

from typing import Any

import pytest

from dispatcher.domain.outcomes import Fate, Halt, Scope
from dispatcher.providers.cpc.read import read
from dispatcher.providers.cpc.reasons import meaning_of
from tests.providers.jobs import PHONES, answer, job, parcels, sender

TAG = sender("emp1")
B, D, F, P, R, S = Fate.BLOCKED, Fate.IN_DOUBT, Fate.FAILED, Fate.DEFERRED, Fate.RETRY, Fate.SENT


def success(processed: Any = 1, errors: Any = 0) -> dict[str, Any]:
    return {"status": "success", "message": "Mensagens enviadas com sucesso", "processed": processed, "errors": errors}


def failed(*errors: Any, status: str = "error", **other: Any) -> dict[str, Any]:
    return {"status": status, "message": "Falha ao processar requisição", "errors": [*errors], **other}


def error(phone: str = PHONES[0], reason: str = "Número inválido") -> dict[str, str]:
    return {"phone": phone, "reason": reason}


TAG_UNKNOWN = {"message": "Tag 'x' não encontrada", "error": "Not Found", "statusCode": 404}
NO_KEY = {"message": "Token de autenticação inválido", "error": "Unauthorized", "statusCode": 401}
INVALID = {"statusCode": 400, "message": "Erro de validação", "errors": ["messages.0.phone: should not be empty"]}

ONE = [
    (200, success(), S, ""),
    (201, success(), S, ""),
    (201, success(errors=[]), S, ""),
    (201, {"status": "success"}, S, ""),
    (201, success(processed=0), D, "accepted_in_part"),
    (201, success(processed=0, errors=1), D, "accepted_in_part"),
    (201, failed(error()), F, "invalid_number"),
    (400, failed(error()), F, "invalid_number"),
    (500, failed(error()), F, "invalid_number"),
    (201, failed(error("", "Número inválido")), F, "invalid_number"),
    (201, failed({"reason": "Número inválido"}), F, "invalid_number"),
    (201, failed({"phone": PHONES[0]}), F, "refused_by_provider"),
    (201, failed(status="partial"), D, "accepted_in_part"),
    (201, failed(), F, "refused_by_provider"),
    (201, failed(processed=1), D, "accepted_in_part"),
    (201, {"status": "error", "errors": 1, "message": "Número inválido"}, F, "invalid_number"),
    (201, {"status": "done"}, D, "unreadable_answer"),
    (201, [success()], D, "unreadable_answer"),
    (200, b"<html>", D, "unreadable_answer"),
    (200, b"", D, "unreadable_answer"),
    (400, INVALID, F, "refused_by_provider"),
    (401, NO_KEY, P, "unauthorised"),
    (404, TAG_UNKNOWN, P, "unknown_tag"),
    (404, b"<html>", P, "endpoint_not_found"),
    (413, b"", F, "too_large"),
    (429, {"statusCode": 429, "message": "ThrottlerException: Too Many Requests"}, R, "rate_limited"),
    (500, {"statusCode": 500, "message": "Internal server error"}, D, "server_error"),
    (503, b"", R, "provider_unavailable"),
    (504, b"", D, "gateway_error"),
]


@pytest.mark.parametrize(("status", "body", "fate", "reason"), ONE)
def test_the_answer_to_one_message(status: int, body: Any, fate: Fate, reason: str) -> None:
    (outcome,) = read(job("cpc", sender=TAG), answer(status, body)).outcomes
    assert (outcome.fate, outcome.reason) == (fate, reason)


LOCKED = "Cliente já recebeu mensagem há menos de 24h. Próximo envio permitido em {} horas"
REASONS = [
    (LOCKED.format("3.5"), B, "contact_open", 3.5 * 3600),
    (LOCKED.format("3,5"), B, "contact_open", 3.5 * 3600),
    (LOCKED.format("24.0"), B, "contact_open", 24 * 3600),
    (LOCKED.format("90"), B, "contact_open", 24 * 3600),
    ("Cliente já recebeu mensagem há menos de 24h", B, "contact_open", 24 * 3600),
    ("Bloqueado por regra CPC", B, "contact_open", 24 * 3600),
    ("Número inválido", F, "invalid_number", None),
    ("Número de telefone inválido. Verifique o formato do número.", F, "invalid_number", None),
    ("Número ou CPF na lista de bloqueio", F, "on_block_list", None),
    ("Número está na lista de bloqueio", F, "on_block_list", None),
    ("Número não possui WhatsApp", F, "not_on_whatsapp", None),
    ("Template com ID 7 não encontrado", F, "template_not_found", None),
    ("Operador com specialistCode 'admin' não encontrado", F, "operator_not_found", None),
    ("Nenhuma linha disponível para atribuir ao operador 'a@b.c'", F, "no_line_for_operator", None),
    ("Nenhuma linha disponível para o operador", F, "no_line_for_operator", None),
    ("Não foi possível atribuir linha ao operador", F, "no_line_for_operator", None),
    ("Operador sem linha", F, "no_line_for_operator", None),
    ("Linha sem app ou token", P, "line_not_configured", None),
    ("Linha do operador não disponível", R, "line_unavailable", None),
    ("Linha não disponível", R, "line_unavailable", None),
    ("Evolution não encontrada", R, "line_unavailable", None),
    ("Limite de mensagens atingido para esta linha", R, "line_limit_reached", None),
    ("Falha ao enviar mensagem via Evolution", D, "send_failed", None),
    ("Falha ao enviar template", D, "send_failed", None),
    ("timeout of 30000ms exceeded", D, "send_failed", None),
    ("Erro ao processar mensagem", D, "provider_error", None),
    ("Cliente inativo", F, "refused_by_provider", None),
    ("", F, "refused_by_provider", None),
]


@pytest.mark.parametrize(("reason", "fate", "word", "lock_s"), REASONS)
def test_a_reason_means(reason: str, fate: Fate, word: str, lock_s: float | None) -> None:
    found = meaning_of(reason)
    assert (found.outcome.fate, found.outcome.reason, found.outcome.lock_s) == (fate, word, lock_s)
    assert found.outcome.detail == reason
    assert found.halts == (fate is P)


def test_a_reasons_numbers_are_taken_out() -> None:
    assert "90000" not in meaning_of("Número +55 11 90000-0001 inválido").outcome.detail


A, B2, C = PHONES
BATCH = [
    (success(3), (S, S, S)),
    (success(2), (D, D, D)),
    (success(2, 1), (D, D, D)),
    (failed(error(B2), status="partial", processed=2), (S, F, S)),
    (failed(error("+55 (11) 90000-0002"), status="partial", processed=2), (S, F, S)),
    (failed(error(B2), error(B2), status="partial", processed=2), (S, F, S)),
    (failed(error(B2), status="partial"), (S, F, S)),
    (failed(error(B2), status="partial", processed=1), (D, F, D)),
    (failed(error(B2), error("5511900000077"), status="partial", processed=2), (D, F, D)),
    (failed(error(B2), status="error"), (D, F, D)),
    (failed(error(A), error(B2, "Bloqueado por regra CPC"), error(C), status="error"), (F, B, F)),
    (failed(status="partial", processed=2), (D, D, D)),
    ({"status": "partial", "processed": 2, "errors": 1}, (D, D, D)),
    ({"status": "error", "errors": 3}, (F, F, F)),
]


@pytest.mark.parametrize(("body", "fates"), BATCH)
def test_errors_find_their_messages_by_the_phone(body: Any, fates: tuple[Fate, ...]) -> None:
    reading = read(job("cpc", *parcels(PHONES), sender=TAG), answer(201, body))
    assert tuple(one.fate for one in reading.outcomes) == fates


@pytest.mark.parametrize(
    ("errors", "fates"),
    [
        ((error(A), error(A)), (F, F, S)),
        ((error(A),), (D, D, S)),
    ],
)
def test_one_error_does_not_tell_which_of_two_messages_to_a_phone(errors: Any, fates: tuple[Fate, ...]) -> None:
    body = failed(*errors, status="partial", processed=3 - len(errors))
    reading = read(job("cpc", *parcels((A, A, B2)), sender=TAG), answer(201, body))
    assert tuple(one.fate for one in reading.outcomes) == fates


@pytest.mark.parametrize(
    ("status", "body", "halt"),
    [
        (401, NO_KEY, Halt(Scope.ACCOUNT, "unauthorised")),
        (404, TAG_UNKNOWN, Halt(Scope.SENDER, "unknown_tag")),
        (201, failed(error(reason="Linha sem token")), Halt(Scope.SENDER, "line_not_configured")),
        (201, success(), None),
    ],
)
def test_what_concerns_more_than_the_message_halts(status: int, body: Any, halt: Halt | None) -> None:
    assert read(job("cpc", sender=TAG), answer(status, body)).halt == halt


def test_an_unavailable_link_sends_the_job_to_the_other() -> None:
    assert read(job("cpc", sender=TAG), answer(503, b"")).base_url_down
