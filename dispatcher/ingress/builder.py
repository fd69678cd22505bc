"""Builder's door: a login, campaign actions and acionamentos; errors in FastAPI's own 422 shape.

`Authorization: Bearer` carries what the login gave, or the account's ingress token itself; so does `apikey`.

An acionamento's answer is a bare number. A campaign's number has 60 bits, of which a JavaScript client
would lose the last seven; so those are left out, and the number is good for one account only. Two acionamentos
of one account in the same millisecond share it once in 4096 times; asking for it then answers 404 rather
than somebody else's fate.
"""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dispatcher.domain.account import Account
from dispatcher.domain.trouble import UnknownAccount
from dispatcher.ingress import bodies
from dispatcher.ingress.desk import CampaignView, MessageView
from dispatcher.ingress.door import Body, House, Inside, Key, bearer_of, created, submission, submit, unknown_sender
from dispatcher.ingress.refusals import Refused, not_found, speaking, unauthorised
from dispatcher.ingress.times import iso
from dispatcher.ingress.tokens import ACCESS, REFRESH, holder, issue
from dispatcher.providers.contract import BadRequest
from dispatcher.providers.registry import provider

NAME = "builder"
LOST_BITS = 7  # 60 bits of a campaign's number less 53 that a JavaScript number holds


def shape(refused: Refused) -> Response:
    """FastAPI's shape: problems with the body are 422 with their place, all else is one sentence."""
    if not refused.problems:
        return JSONResponse({"detail": refused.message}, refused.status, refused.headers)
    detail = [{"loc": _place(where), "msg": rule, "type": "value_error"} for where, rule in refused.problems]
    return JSONResponse({"detail": detail}, 422, refused.headers)


def holder_of(house: House, token: str) -> Account:
    """The account behind an access token or an ingress token; raises Refused (401)."""
    name = holder(house.secrecy, token, ACCESS, house.desk.now_ms())
    accounts = house.desk.accounts
    try:
        account = accounts.named(name) if name else accounts.by_token(NAME, token)
    except UnknownAccount:
        account = None
    if account is None or account.provider != NAME:
        raise unauthorised("Could not validate credentials")
    return account


def account_of(request: Request, house: Inside) -> Account:
    return holder_of(house, bearer_of(request))


router = APIRouter(route_class=speaking(shape), tags=["builder"])
Caller = Annotated[Account, Depends(account_of)]


@router.post("/login", openapi_extra=bodies.BUILDER_LOGIN)
def login(house: Inside, body: Body) -> Response:
    """Give a token for `user`, the account's name, and `password`, its ingress token."""
    user, password = _credentials(body.object)
    account = house.desk.accounts.by_token(NAME, password)
    if account is None or account.name != user:
        raise unauthorised("Incorrect user or password")
    now_ms = house.desk.now_ms()
    tokens = {"token": ACCESS, "refresh_token": REFRESH}
    return JSONResponse({name: issue(house.secrecy, account.name, kind, now_ms) for name, kind in tokens.items()})


@router.post("/{organization_name}/{bot_name}/campaign", status_code=201, openapi_extra=bodies.BUILDER_CAMPAIGN)
def campaign_action(request: Request, account: Caller, house: Inside, body: Body, key: Key) -> Response:
    """Create a campaign action; its recipients are in `sheet_values` or `content`."""
    with unknown_sender(lambda: Refused(404, "there is no such bot")):
        receipt = submit(house, submission(request, account, body, key), provider(NAME).parse)
    campaign = receipt.view.campaign
    action = {
        **campaign.options,
        "_id": receipt.id,
        "status": "not_started",
        "creation_date": iso(receipt.accepted.created_at_ms),
    }
    return created(receipt, action, 201)


@router.post("/acionamento", openapi_extra=bodies.BUILDER_ACIONAMENTO)
def create_acionamento(request: Request, account: Caller, house: Inside, body: Body, key: Key) -> Response:
    """Send to the one person in `json`; answers the acionamento's number."""
    receipt = submit(house, submission(request, account, body, key), provider(NAME).parse)
    return created(receipt, receipt.accepted.campaign_id >> LOST_BITS, 200)


@router.get("/acionamento/{number}")
def fetch_acionamento(number: int, house: Inside, apikey: str = "") -> dict[str, Any]:
    """What became of an acionamento."""
    view = _acionamento(house, holder_of(house, apikey), number)
    messages = house.desk.campaigns.messages(view.campaign.id, None, None, 1)
    if messages is None or not messages.items:
        raise not_found("acionamento")
    return _fate(number, messages.items[0])


def _credentials(body: dict[str, Any]) -> tuple[str, str]:
    wrong = [(name, "is required, a text") for name in ("user", "password") if not isinstance(body.get(name), str)]
    if wrong:
        raise BadRequest(*wrong)
    return body["user"], body["password"]


def _acionamento(house: House, account: Account, number: int) -> CampaignView:
    """The account's one campaign whose number begins so."""
    if not 0 < number < 2**53:
        raise not_found("acionamento")
    found = house.desk.campaigns.between(account.id, number << LOST_BITS, (number + 1) << LOST_BITS)
    if len(found) != 1:
        raise not_found("acionamento")
    return found[0]


def _fate(number: int, message: MessageView) -> dict[str, Any]:
    return {
        "id": number,
        "status": message.state.value,
        "reason": message.reason,
        "attempts": message.attempts,
        "sent_at": iso(message.sent_at_ms),
        "delivered_at": iso(message.delivered_at_ms),
        "read_at": iso(message.read_at_ms),
        "answered_at": iso(message.answered_at_ms),
    }


def _place(where: str) -> list[str | int]:
    """`sheet_values[3]` as FastAPI writes it: ["body", "sheet_values", 3]."""
    steps = re.findall(r"[^.\[\]]+", where)
    return ["body", *(int(step) if step.isdigit() else step for step in steps)]
