"""Disparo CPC's door: one endpoint, a bearer token, and a word at once about recipients that will not be written to."""

from math import ceil
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dispatcher.domain.account import Account
from dispatcher.domain.campaign import Accepted, Refusal
from dispatcher.ingress.document import bodies
from dispatcher.ingress.door import Body, Inside, Key, bearer_of, created, submission, submit, unknown_sender
from dispatcher.ingress.refusals import Refused, speaking
from dispatcher.providers.registry import provider

NAME = "cpc"
FIRST_STEPS = ("api",)

REASONS = {
    "invalid_number": "Número inválido",
    "contact_open": "Bloqueado por regra CPC",
    "suppressed": "Número na lista de bloqueio",
}
"""Our reason words in the words of this system (PROVIDERS 4.2); the first is the seed's own."""

IN_CONTACT = "Cliente já recebeu mensagem há menos de 24h. Próximo envio permitido em {hours:.1f} horas"
TENTH_OF_AN_HOUR_MS = 360_000


def shape(refused: Refused) -> Response:
    if refused.status in (401, 404, 405):
        body: dict[str, Any] = {"message": refused.message, "error": refused.title, "statusCode": refused.status}
    else:
        message = "Erro de validação" if refused.problems else refused.message
        body = {"status": "error", "statusCode": refused.status, "message": message, "errors": refused.lines}
    return JSONResponse(body, refused.status, refused.headers)


def account_of(request: Request, house: Inside) -> Account:
    try:
        account = house.desk.accounts.by_token(NAME, bearer_of(request))
    except Refused:
        account = None
    if account is None:
        raise Refused(401, "Token de autenticação inválido", headers={"WWW-Authenticate": "Bearer"})
    return account


router = APIRouter(route_class=speaking(shape), tags=["cpc"])
Caller = Annotated[Account, Depends(account_of)]


@router.post("/api/messages/massivocpc", openapi_extra=bodies.CPC)
def massivocpc(request: Request, account: Caller, house: Inside, body: Body, key: Key) -> Response:
    """Queue messages of a campaign; posts of the same campaign and tag on one day feed one campaign."""

    with unknown_sender(lambda: Refused(404, f"Tag '{body.object.get('tag')}' não encontrada")):
        receipt = submit(house, submission(request, account, body, key), provider(NAME).parse)
    return created(receipt, _result(receipt.accepted), 200)


def _result(accepted: Accepted) -> dict[str, Any]:
    """Total failure has no `processed`, as in the seed."""
    errors = [{"phone": one.phone, "reason": _reason(one)} for one in accepted.refused]
    if not errors:
        return _done("success", "Mensagens enviadas com sucesso", accepted.queued, 0)
    if accepted.queued:
        message = f"{accepted.queued} mensagens processadas, {len(errors)} com erro"
        return _done("partial", message, accepted.queued, errors)
    return {"status": "error", "message": "Falha ao processar requisição", "errors": errors}


def _done(status: str, message: str, processed: int, errors: Any) -> dict[str, Any]:
    return {"status": status, "message": message, "processed": processed, "errors": errors}


def _reason(refusal: Refusal) -> str:
    """With the hours that are left where they are known, rounded up: nobody is told to come back too early."""
    if refusal.left_ms:
        return IN_CONTACT.format(hours=ceil(refusal.left_ms / TENTH_OF_AN_HOUR_MS) / 10)
    return REASONS.get(refusal.reason, refusal.reason)
