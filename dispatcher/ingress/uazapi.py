"""uazapi's door: `/sender/…`, the instance token in the header `token` or as `?token=`.

Errors are `{"error": "messages[3].listButton: is required for a list"}`; a folder is a campaign of ours.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dispatcher.domain.account import Account
from dispatcher.ingress import bodies
from dispatcher.ingress.door import Body, Inside, Key, Receipt, created, submission, submit
from dispatcher.ingress.refusals import Refused, speaking
from dispatcher.providers.registry import provider

NAME = "uazapi"


def shape(refused: Refused) -> Response:
    return JSONResponse({"error": "; ".join(refused.lines)}, refused.status, refused.headers)


def account_of(request: Request, house: Inside) -> Account:
    """The account that the token stands for. Headers come in any case; real clients use the query as well."""
    token = request.headers.get("token") or request.query_params.get("token", "")
    account = house.desk.accounts.by_token(NAME, token) if token else None
    if account is None:
        raise Refused(401, "Token inválido ou ausente")
    return account


router = APIRouter(route_class=speaking(shape), tags=["uazapi"])
Caller = Annotated[Account, Depends(account_of)]


@router.post("/sender/advanced", openapi_extra=bodies.UAZAPI)
def advanced(request: Request, account: Caller, house: Inside, body: Body, key: Key) -> Response:
    """Create a mass send of messages that are each their own."""
    receipt = submit(house, submission(request, account, body, key), provider(NAME).parse)
    return created(receipt, _folder(receipt), 200)


def _folder(receipt: Receipt) -> dict[str, Any]:
    """`count` is what was accepted: none of it is lost from here on."""
    status = "scheduled" if receipt.scheduled else "queued"
    return {"folder_id": receipt.id, "count": receipt.accepted.accepted, "status": status}
