"""The native API's campaigns: `/v1/campaigns`, for whoever holds the admin token. Errors are RFC 9457."""

import hmac
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from dispatcher.domain.account import Account
from dispatcher.domain.ids import MalformedId, parse_campaign
from dispatcher.domain.lifecycle import CampaignState, MessageState
from dispatcher.ingress.document import bodies
from dispatcher.ingress.door import Body, House, Inside, Key, Receipt, bearer_of, created, submission, submit
from dispatcher.ingress.export import csv_of
from dispatcher.ingress.following import Looks, follow
from dispatcher.ingress.refusals import Refused, not_found, problem, speaking, unauthorised
from dispatcher.ingress.views import campaign_json, change_json, listing, message_json
from dispatcher.pipeline.desk import CampaignView, Order
from dispatcher.providers import native
from dispatcher.providers.contract import BadRequest
from dispatcher.providers.native_change import read_change, read_scope


def administrator(request: Request, house: Inside) -> None:
    """Let nobody in without the admin token; raises Refused (401)."""
    expected = house.settings.admin_token.get_secret_value()
    if not expected or not hmac.compare_digest(bearer_of(request).encode(), expected.encode()):
        raise unauthorised("the admin token is needed")


def admin_router(tag: str) -> APIRouter:
    return APIRouter(prefix="/v1", route_class=speaking(problem), dependencies=[Depends(administrator)], tags=[tag])


Limit = Annotated[int, Query(ge=1, le=1_000)]
Cursor = Annotated[str | None, Query(max_length=200)]

router = admin_router("campaigns")


@router.post("/campaigns", status_code=201, openapi_extra=bodies.NATIVE)
def create(request: Request, house: Inside, body: Body, key: Key) -> Response:
    """Create a campaign in the native form; answers the campaign as it is then, and how many of its messages wait."""
    account = _account(house, body.object)
    receipt = submit(house, submission(request, account, body, key), native.parse)
    shown = campaign_json(_newborn(receipt), receipt.accepted.created_at_ms)
    taken = {"accepted": receipt.accepted.accepted, "queued": receipt.accepted.queued}
    return created(receipt, {**shown, **taken}, 201)


@router.get("/campaigns")
def campaigns(
    house: Inside,
    state: CampaignState | None = None,
    account: str | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Campaigns, newest first."""
    now_ms = house.desk.now_ms()
    page = house.desk.campaigns.page(state, account, cursor, limit)
    return listing(page, lambda view: campaign_json(view, now_ms))


@router.get("/campaigns/{campaign_id}")
def campaign(campaign_id: str, house: Inside) -> dict[str, Any]:
    """A campaign: its state, how many messages are in which state, how far it is and when it will be through."""
    shown = campaign_json(_view(house, campaign_id), house.desk.now_ms())
    return {**shown, "changes": [change_json(one) for one in house.desk.steering.changes(_number(campaign_id))]}


@router.patch("/campaigns/{campaign_id}", openapi_extra=bodies.CHANGE)
def change(campaign_id: str, house: Inside, body: Body) -> dict[str, Any]:
    """Give a campaign another pace, priority or name while it is under way; answers the campaign."""
    view = _view(house, campaign_id)
    asked = read_change(body.object, view.campaign)
    if not asked.is_empty and not house.desk.steering.change(view.campaign.id, asked):
        raise Refused(409, f"a campaign that is {view.campaign.state.value} cannot be changed")
    return campaign(campaign_id, house)


@router.get("/campaigns/{campaign_id}/messages")
def messages(
    campaign_id: str, house: Inside, state: MessageState | None = None, cursor: Cursor = None, limit: Limit = 100
) -> dict[str, Any]:
    """A campaign's messages, one for each recipient, in the order they were handed over."""
    page = house.desk.campaigns.messages(_number(campaign_id), state, cursor, limit)
    if page is None:
        raise not_found("campaign")
    return listing(page, message_json)


@router.get("/campaigns/{campaign_id}/messages.csv", response_class=StreamingResponse)
def export(campaign_id: str, house: Inside) -> Response:
    """All of a campaign's messages as CSV, however many; no cell starts a formula."""
    lines = house.desk.campaigns.lines(_number(campaign_id))
    if lines is None:
        raise not_found("campaign")
    named = {"Content-Disposition": f'attachment; filename="{campaign_id}.csv"'}
    return StreamingResponse(csv_of(lines), headers=named, media_type="text/csv; charset=utf-8")


@router.get("/campaigns/{campaign_id}/events", response_class=StreamingResponse)
def events(campaign_id: str, request: Request, house: Inside) -> Response:
    """Server-sent events: the campaign's state and counts, at once and as they change, until it is over."""
    _view(house, campaign_id)
    looks: Looks = request.app.state.looks
    look = partial(looks.at, campaign_id, partial(campaign, campaign_id, house))
    stream = follow(look, lambda: bool(request.app.state.leaving))
    unbuffered = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, headers=unbuffered, media_type="text/event-stream")


@router.post("/campaigns/{campaign_id}/resume", openapi_extra=bodies.RESUME)
def resume(campaign_id: str, house: Inside, body: Body) -> dict[str, Any]:
    """Let a campaign go on. `scope` says what of it: what waits (if nothing is said), what failed, what is in doubt."""
    view = _view(house, campaign_id)
    scope = read_scope(body.object.get("scope") if body.raw.strip() else None)
    if not house.desk.steering.resume(view.campaign.id, scope):
        raise _not_allowed(view, Order.RESUME)
    return campaign_json(_view(house, campaign_id), house.desk.now_ms())


@router.post("/campaigns/{campaign_id}/{order}")
def steer(campaign_id: str, order: Order, house: Inside) -> dict[str, Any]:
    """Pause, cancel, or send again what failed; answers the campaign. Calls in flight still happen."""
    done = house.desk.steering.steer(_number(campaign_id), order)  # before it is looked at, which takes longer
    view = _view(house, campaign_id)
    if not done:
        raise _not_allowed(view, order)
    return campaign_json(view, house.desk.now_ms())


def _not_allowed(view: CampaignView, order: Order) -> Refused:
    return Refused(409, f"a campaign that is {view.campaign.state.value} cannot be told to {order.value}")


def _account(house: House, body: dict[str, Any]) -> Account:
    name = body.get("account")
    if not isinstance(name, str):
        raise BadRequest(("account", "is required, a text"))
    return house.desk.accounts.named(name)


def _newborn(receipt: Receipt) -> CampaignView:
    """The campaign as it was when it had just been accepted, however far it is by now."""
    accepted, campaign = receipt.accepted, receipt.view.campaign
    if accepted.queued:
        campaign = replace(campaign, state=CampaignState.RUNNING, paused_reason=None, finished_at_ms=None)
    counts = {MessageState.PENDING: accepted.queued, MessageState.FAILED: accepted.accepted - accepted.queued}
    return replace(receipt.view, campaign=campaign, counts=counts, started_at_ms=None)


def _number(campaign_id: str) -> int:
    try:
        return parse_campaign(campaign_id)
    except MalformedId:
        raise not_found("campaign") from None


def _view(house: House, campaign_id: str) -> CampaignView:
    view = house.desk.campaigns.get(_number(campaign_id))
    if view is None:
        raise not_found("campaign")
    return view
