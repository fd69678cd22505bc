"""Builder's door: a login, campaign actions and acionamentos; errors in FastAPI's own 422 shape.

`Authorization: Bearer` carries what the login gave, or the account's ingress token itself; so does `apikey`.

An acionamento's answer is a bare number, good for its account. All acionamentos of a day are one campaign, and
the number says when that campaign began (seconds since 2024, 30 bits) and which message of it this is (23 bits):
together the 53 bits that JavaScript reads exactly. They last until 2058, and for 8,388,608 acionamentos a day.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dispatcher.domain.account import Account
from dispatcher.domain.campaign import Accepted
from dispatcher.domain.ids import CHANCE_BITS, MessageId
from dispatcher.domain.trouble import UnknownAccount
from dispatcher.domain.views import MessageView
from dispatcher.ingress import bodies
from dispatcher.ingress.door import Body, House, Inside, Key, bearer_of, created, submission, submit, unknown_sender
from dispatcher.ingress.refusals import Refused, not_found, speaking, unauthorised
from dispatcher.ingress.tokens import ACCESS, REFRESH, holder, issue
from dispatcher.providers.builder.dialect import ACIONAMENTOS
from dispatcher.providers.builder.render import action_object, invalid_object
from dispatcher.providers.contract import BadRequest
from dispatcher.providers.registry import provider
from dispatcher.providers.stamps import iso

NAME = "builder"
FIRST_STEPS = ("login", "refresh", "acionamento")
SEQ_BITS = 23
SECOND = 1000 << CHANCE_BITS  # campaign numbers of one second


def shape(refused: Refused) -> Response:
    """FastAPI's shape: problems with the body are 422 with their place, all else is one sentence."""
    if not refused.problems:
        return JSONResponse({"detail": refused.message}, refused.status, refused.headers)
    return JSONResponse(invalid_object(refused.problems), 422, refused.headers)


def is_action(steps: list[str]) -> bool:
    """Is this the path of a campaign action, whose first two steps are any names?"""
    return len(steps) in (3, 4) and steps[2] == "campaign"


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
    created_at = iso(receipt.accepted.created_at_ms) or ""
    return created(receipt, action_object(body.object, request.path_params, receipt.id, created_at), 201)


@router.post("/acionamento", openapi_extra=bodies.BUILDER_ACIONAMENTO)
def create_acionamento(request: Request, account: Caller, house: Inside, body: Body, key: Key) -> Response:
    """Send to the one person in `json`; answers the acionamento's number."""
    receipt = submit(house, submission(request, account, body, key), provider(NAME).parse)
    return created(receipt, _number(receipt.accepted), 200)


@router.get("/acionamento/{number}")
def fetch_acionamento(number: int, house: Inside, apikey: str = "") -> dict[str, Any]:
    """What became of an acionamento."""
    message = _acionamento(house, holder_of(house, apikey), number)
    if message is None:
        raise not_found("acionamento")
    return _fate(number, message)


def _credentials(body: dict[str, Any]) -> tuple[str, str]:
    wrong = [(name, "is required, a text") for name in ("user", "password") if not isinstance(body.get(name), str)]
    if wrong:
        raise BadRequest(*wrong)
    return body["user"], body["password"]


def _number(accepted: Accepted) -> int:
    return accepted.campaign_id // SECOND << SEQ_BITS | accepted.first_seq


def _acionamento(house: House, account: Account, number: int) -> MessageView | None:
    """The message with that number in the account's campaign of acionamentos that began in that second."""
    second, seq = number >> SEQ_BITS, number % (1 << SEQ_BITS)
    if not 0 < second < 1 << 30:
        return None
    found = house.desk.campaigns.between(account.id, second * SECOND, (second + 1) * SECOND)
    gathered = [view.campaign.id for view in found if ACIONAMENTOS in view.campaign.options]
    return house.desk.campaigns.message(MessageId(gathered[0], seq)) if len(gathered) == 1 else None


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
