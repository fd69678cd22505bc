"""Builder's door: a login, campaign actions and acionamentos; errors in FastAPI's own 422 shape.

The token of a call is what the login gave, or the account's ingress token itself; so is `apikey`. Builder's
document says "Token" and no more: it is read from `Authorization`, with or without a scheme, and from `token`.

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
from dispatcher.domain.ids import CHANCE_BITS, MalformedId, MessageId, parse_campaign
from dispatcher.domain.trouble import UnknownAccount
from dispatcher.domain.views import MessageView
from dispatcher.ingress.document import bodies
from dispatcher.ingress.door import Body, House, Inside, Key, created, submission, submit, unknown_sender
from dispatcher.ingress.refusals import Refused, not_found, speaking, unauthorised
from dispatcher.ingress.tokens import ACCESS, REFRESH, REFRESH_LIFETIME_S, is_good, issue, named_in
from dispatcher.providers.builder.dialect import ACIONAMENTOS, REQUIRED
from dispatcher.providers.builder.names import names_of
from dispatcher.providers.builder.render import acionamento_object, action_now, action_object, invalid_object
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
    account = issued_to(house, token, ACCESS) or house.desk.accounts.by_token(NAME, token)
    if account is None:
        raise unauthorised("Could not validate credentials")
    return account


def issued_to(house: House, token: str, kind: str) -> Account | None:
    """The account that a token of this kind was issued to; None when it is not ours or is over."""
    try:
        account = house.desk.accounts.named(name) if (name := named_in(token)) else None
    except UnknownAccount:
        return None
    if account is None or account.provider != NAME:
        return None
    return account if is_good(house.secrecy, token, kind, account, house.desk.now_ms()) else None


def account_of(request: Request, house: Inside) -> Account:
    given = request.headers.get("authorization") or request.headers.get("token", "")
    token = given.strip().rpartition(" ")[2]
    if not token:
        raise unauthorised("Not authenticated")
    return holder_of(house, token)


def account_of_acionamento(request: Request, house: Inside, apikey: str | None = None) -> Account:
    """By a token, or by the `apikey` with which acionamentos are asked for: the document names no token for them."""
    has_token = request.headers.get("authorization") or request.headers.get("token")
    return holder_of(house, apikey) if apikey and not has_token else account_of(request, house)


router = APIRouter(route_class=speaking(shape), tags=["builder"])
Caller = Annotated[Account, Depends(account_of)]
Trigger = Annotated[Account, Depends(account_of_acionamento)]


@router.post("/login", openapi_extra=bodies.BUILDER_LOGIN)
def login(house: Inside, body: Body) -> Response:
    """Give a token for `user`, the account's name, and `password`, its ingress token."""
    given = _texts(body.object, "user", "password")
    account = house.desk.accounts.by_token(NAME, given["password"])
    if account is None or account.name != given["user"]:
        raise unauthorised("Incorrect user or password")
    return _tokens(house, account)


@router.post("/refresh", openapi_extra=bodies.BUILDER_REFRESH)
def refresh(house: Inside, body: Body) -> Response:
    """Give a fresh token, and a fresh refresh token, for a refresh token; the old ones stay good for their time."""
    given = _texts(body.object, "refresh_token")
    account = issued_to(house, given["refresh_token"], REFRESH)
    if account is None:
        raise unauthorised("Could not validate credentials")
    return _tokens(house, account)


@router.post("/{organization_name}/{bot_name}/campaign", status_code=201, openapi_extra=bodies.BUILDER_CAMPAIGN)
def campaign_action(request: Request, account: Caller, house: Inside, body: Body, key: Key) -> Response:
    """Create a campaign action; its recipients are in `sheet_values` or `content`."""
    with unknown_sender(lambda: Refused(404, "there is no such bot")):
        receipt = submit(house, submission(request, account, body, key), provider(NAME).parse)
    created_at = iso(receipt.accepted.created_at_ms) or ""
    return created(receipt, action_object(body.object, request.path_params, receipt.id, created_at), 201)


@router.get("/{organization_name}/{bot_name}/campaign/{campaign_id}")
def fetch_action(campaign_id: str, account: Caller, house: Inside) -> dict[str, Any]:
    """How far a campaign action is; an addition of ours."""
    try:
        view = house.desk.folders.folder(account, parse_campaign(campaign_id))
    except MalformedId:
        view = None
    if view is None:
        raise not_found("campaign action")
    return action_now(view.campaign, view.counts, house.desk.now_ms())


@router.post("/acionamento", openapi_extra=bodies.BUILDER_ACIONAMENTO)
def create_acionamento(request: Request, account: Trigger, house: Inside, body: Body, key: Key) -> Response:
    """Send to the one person in `json`; answers the acionamento's number."""
    receipt = submit(house, submission(request, account, body, key), provider(NAME).parse)
    return created(receipt, _number(receipt.accepted), 200)


@router.get("/acionamento/{number}")
def fetch_acionamento(number: int, house: Inside, apikey: str | None = None) -> dict[str, Any]:
    """What became of an acionamento."""
    if apikey is None:
        raise BadRequest(("apikey", REQUIRED))
    message = _acionamento(house, holder_of(house, apikey), number)
    if message is None:
        raise not_found("acionamento")
    return acionamento_object(number, message)


def _texts(body: dict[str, Any], *names: str) -> dict[str, str]:
    """These fields; raises BadRequest unless each is there, and a text."""
    given = {name: body.get(name) for name in names}
    wrong = [(name, value) for name, value in given.items() if not isinstance(value, str)]
    if wrong:
        raise BadRequest(*((name, REQUIRED if value is None else "str type expected") for name, value in wrong))
    return {name: str(value) for name, value in given.items()}


def _tokens(house: House, account: Account) -> Response:
    """A token and a refresh token, as the login answers them."""
    now_ms = house.desk.now_ms()
    lifetimes_s = {ACCESS: names_of(account).token_lifetime_s, REFRESH: REFRESH_LIFETIME_S}
    token, refresh_token = (
        issue(house.secrecy, account, kind, now_ms + 1000 * seconds) for kind, seconds in lifetimes_s.items()
    )
    return JSONResponse({"token": token, "refresh_token": refresh_token})


def _number(accepted: Accepted) -> int:
    return accepted.campaign_id // SECOND << SEQ_BITS | accepted.first_seq


def _acionamento(house: House, account: Account, number: int) -> MessageView | None:
    """The message with that number in the account's campaign of acionamentos that began in that second.

    There are two such campaigns where one was cancelled within its first second: a number that both have is nobody's.
    """
    second, seq = number >> SEQ_BITS, number % (1 << SEQ_BITS)
    if not 0 < second < 1 << 30:
        return None
    found = house.desk.campaigns.between(account.id, second * SECOND, (second + 1) * SECOND)
    gathered = [view.campaign.id for view in found if ACIONAMENTOS in view.campaign.options]
    messages = [house.desk.campaigns.message(MessageId(campaign, seq)) for campaign in gathered]
    known = [message for message in messages if message is not None]
    return known[0] if len(known) == 1 else None
