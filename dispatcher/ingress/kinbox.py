"""Kinbox's door: `/v3/campaigns`, a bearer token, errors in NestJS's shape."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dispatcher.domain.account import Account
from dispatcher.domain.forecast import finish_ms
from dispatcher.domain.lifecycle import CampaignState, MessageState
from dispatcher.ingress import bodies
from dispatcher.ingress.door import (
    Body,
    Inside,
    Key,
    Receipt,
    bearer_of,
    created,
    submission,
    submit,
    unknown_sender,
)
from dispatcher.ingress.refusals import Refused, speaking, unauthorised
from dispatcher.providers.contract import BadRequest
from dispatcher.providers.kinbox.render import Progress, campaign_object, error_object
from dispatcher.providers.registry import provider

NAME = "kinbox"


def shape(refused: Refused) -> Response:
    body = error_object(refused.status, refused.problems or (("", refused.message),))
    return JSONResponse(body, refused.status, refused.headers)


def account_of(request: Request, house: Inside) -> Account:
    account = house.desk.accounts.by_token(NAME, bearer_of(request))
    if account is None:
        raise unauthorised("Unauthorized")
    return account


router = APIRouter(route_class=speaking(shape), tags=["kinbox"])
Caller = Annotated[Account, Depends(account_of)]


@router.post("/v3/campaigns", status_code=201, openapi_extra=bodies.KINBOX)
def create(request: Request, account: Caller, house: Inside, body: Body, key: Key) -> Response:
    """Create a campaign, its leads inline or in a file."""
    with unknown_sender(lambda: BadRequest(("channelId", "there is no such channel"))):
        receipt = submit(house, submission(request, account, body, key), provider(NAME).parse)
    return created(receipt, _newborn(receipt), 201)


def _newborn(receipt: Receipt) -> dict[str, Any]:
    """The campaign as it was when it had just been accepted."""
    accepted, campaign = receipt.accepted, receipt.view.campaign
    state = CampaignState.SCHEDULED if receipt.scheduled else CampaignState.RUNNING
    start_ms = campaign.scheduled_for_ms if receipt.scheduled else None
    end_ms = finish_ms(campaign.pacing, start_ms or accepted.created_at_ms, 0, accepted.queued, receipt.view.lanes)
    counts = {
        MessageState.PENDING.value: accepted.queued,
        MessageState.FAILED.value: accepted.accepted - accepted.queued,
    }
    return campaign_object(replace(campaign, state=state), accepted.created_at_ms, counts, Progress(finish_ms=end_ms))
