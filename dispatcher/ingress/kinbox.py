"""Kinbox's door: `/v3/campaigns`, a bearer token, errors in NestJS's shape."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dispatcher.domain.account import Account
from dispatcher.domain.forecast import chunk_count, finish_ms
from dispatcher.ingress import bodies
from dispatcher.ingress.door import Body, Inside, Key, Receipt, bearer_of, created, submission, submit, unknown_sender
from dispatcher.ingress.refusals import Refused, speaking, unauthorised
from dispatcher.ingress.times import iso
from dispatcher.providers.contract import BadRequest
from dispatcher.providers.registry import provider

NAME = "kinbox"

ECHOED = (
    "channelId",
    "operatorName",
    "businessHoursId",
    "channelType",
    "leadType",
    "scheduledTo",
    "originalScheduledTo",
    "leadsAssetUrl",
    "message",
    "textRaw",
    "assetsUrls",
    "chunksCount",
    "secondsBetweenMessages",
    "secondsBetweenChunks",
    "chunkSize",
    "template",
)
"""Fields of the request that come back as they were sent; null where they were not."""


TRACK_MAX_HOURS = 96  # Kinbox's own default: how long an answer counts as one to the campaign

_HEALTHY = {
    "messagesProcessed": 0,
    "lastMessageProcessedAt": None,
    "healthCheckExecutions": 0,
    "jobId": None,
    "chunkId": None,
    "nextHealthCheckAt": None,
    "lastHealthCheckAt": None,
}


def shape(refused: Refused) -> Response:
    body = {"statusCode": refused.status, "message": refused.lines, "error": refused.title}
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
    """A campaign as it is when it was just accepted, with every field that Kinbox gives it."""
    campaign, born = receipt.view.campaign, receipt.accepted.created_at_ms
    created_at = iso(born)
    start = campaign.scheduled_for_ms if receipt.scheduled else born
    end = finish_ms(campaign.pacing, start or born, 0, receipt.accepted.queued, receipt.view.lanes)
    echo = {name: campaign.options.get(name) for name in ECHOED}
    return {
        "id": receipt.id,
        "_id": receipt.id,
        "name": campaign.name,
        "operatorId": None,
        **echo,
        "chunksCount": chunk_count(receipt.accepted.accepted, campaign.pacing.chunk_size),
        "chunkSize": campaign.pacing.chunk_size or receipt.accepted.accepted,
        "nextScheduledTo": iso(start),
        "finishedAtPrediction": iso(end),
        "active": True,
        "shouldCreateConversation": False,
        "status": "scheduled" if receipt.scheduled else "processing",
        "leadsCount": receipt.accepted.accepted,
        "trackAllChannels": False,
        "trackMaxHours": TRACK_MAX_HOURS,
        "progress": 0,
        "resultCounts": {"sent": 0, "received": 0, "read": 0, "answered": 0, "chunksExecuted": 0, "byChunkId": {}},
        "messagesProcessed": 0,
        "lastMessageProcessedAt": None,
        "healthCheckData": _HEALTHY,
        "workspaceId": campaign.account_id,
        "createdAt": created_at,
        "lastUpdateAt": created_at,
        "updatedAt": created_at,
    }
