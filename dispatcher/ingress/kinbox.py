"""Kinbox's door: `/v3/campaigns`, a bearer token, errors in NestJS's shape.

A caller sees its own account's campaigns, whichever way they came in, but for those that it deleted.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from dispatcher.domain.account import Account
from dispatcher.domain.changes import Wanted
from dispatcher.domain.followups import STEP
from dispatcher.domain.forecast import finish_ms
from dispatcher.domain.hours import not_before, opens
from dispatcher.domain.ids import MalformedId, parse_campaign
from dispatcher.domain.lifecycle import OPEN, CampaignState, MessageState, campaign_state
from dispatcher.ingress.document import bodies
from dispatcher.ingress.door import (
    Body,
    House,
    Inside,
    Key,
    Receipt,
    bearer_of,
    created,
    submission,
    submit,
    unknown_sender,
)
from dispatcher.ingress.refusals import Refused, not_found, speaking, unauthorised
from dispatcher.pipeline.desk import Order, UpstreamView
from dispatcher.pipeline.sweep import SWEEP_EVERY_S
from dispatcher.providers.contract import BadRequest
from dispatcher.providers.kinbox.change import check_results, read_change
from dispatcher.providers.kinbox.render import Progress, campaign_object, error_object, lead_object
from dispatcher.providers.kinbox.search import wanted_by
from dispatcher.providers.registry import provider

NAME = "kinbox"
FIRST_STEPS = ("v3",)

_DECIMAL_DIGITS = range(13, 19)  # a campaign's id has 12 letters and digits; as a plain number it is longer
_OVER = (CampaignState.DONE, CampaignState.CANCELLED)

Status = Literal[
    "",
    "processing",
    "scheduled",
    "executing",
    "paused",
    "awaiting-chunk",
    "awaiting-business-hours",
    "awaiting-other-campaign",
    "canceled",
    "failed",
    "done",
    "done-sent",
]


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


@router.get("/v3/campaigns")
def campaigns(
    account: Caller,
    house: Inside,
    limit: Annotated[int, Query(ge=1, le=500)] = 20,
    offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
    name: str = "",
    channelId: str = "",
    status: Status = "",
) -> dict[str, Any]:
    """The account's campaigns, newest first: those whose name contains `name`, of one channel, in one status."""
    upstream = house.desk.upstream
    wanted = wanted_by(
        status, upstream.between_chunks(account) if status else (), _closed(account, house.desk.now_ms())
    )
    total, views = upstream.find(account, replace(wanted, name=name, sender=channelId), offset, limit)
    return {"totalCount": total, "data": [_shown(view, house.desk.now_ms()) for view in views]}


@router.get("/v3/campaigns/{campaign_id}")
def campaign(campaign_id: str, account: Caller, house: Inside) -> dict[str, Any]:
    """A campaign, and how far it is."""
    return _shown(_own(house, account, campaign_id), house.desk.now_ms())


@router.patch("/v3/campaigns/{campaign_id}", openapi_extra=bodies.KINBOX_CHANGE)
def change(campaign_id: str, account: Caller, house: Inside, body: Body) -> dict[str, Any]:
    """Change schedule, hours or pace of what is not sent yet."""
    view = _own(house, account, campaign_id)
    asked = read_change(body.object, view.seen.campaign, account, house.desk.now_ms())
    if not asked.is_empty and not house.desk.upstream.change(view.seen.campaign.id, asked):
        raise _over(view, "changed")
    return campaign(campaign_id, account, house)


@router.patch("/v3/campaigns/{campaign_id}/results", openapi_extra=bodies.KINBOX_RESULTS)
def results(campaign_id: str, account: Caller, house: Inside, body: Body) -> dict[str, Any]:
    """Answers the campaign with the results that were counted here; a count that somebody else reports changes none."""
    view = _own(house, account, campaign_id)
    check_results(body.object)
    return _shown(view, house.desk.now_ms())


@router.post("/v3/campaigns/test-event", status_code=201, response_class=Response)
def test_event(account: Caller) -> Response:
    """Shows that address and token are right; whatever the body is, nothing comes of it."""
    return Response(status_code=201)


@router.delete("/v3/campaigns/{campaign_id}")
def delete(campaign_id: str, account: Caller, house: Inside) -> dict[str, Any]:
    """Cancel what is not sent yet and show the campaign no more; answers it as it was last."""
    number = _own(house, account, campaign_id).seen.campaign.id
    house.desk.steering.steer(number, Order.CANCEL)
    last = campaign(campaign_id, account, house)
    house.desk.upstream.remove(number)
    return last


@router.post("/v3/campaigns/{campaign_id}/pause", status_code=201, response_class=Response)
def pause(campaign_id: str, account: Caller, house: Inside) -> Response:
    """Send nothing more until it is resumed; at most the calls already in flight still happen."""
    return _steered(house, _own(house, account, campaign_id), Order.PAUSE, "paused")


@router.post("/v3/campaigns/{campaign_id}/resume", status_code=201, response_class=Response)
def resume(campaign_id: str, account: Caller, house: Inside) -> Response:
    """Go on."""
    return _steered(house, _own(house, account, campaign_id), Order.RESUME, "resumed")


@router.get("/v3/campaigns/{campaign_id}/chunk-leads")
def chunk_leads(campaign_id: str, account: Caller, house: Inside) -> Response:
    """Every recipient with its chunk and what became of it; follow-ups are no leads of their own."""
    found = _own(house, account, campaign_id).seen.campaign
    lines = house.desk.campaigns.lines(found.id) or iter(())
    first = takewhile(lambda message: message.id.seq < STEP, lines)
    leads = (lead_object(message, found.pacing.chunk_size) for message in first)
    return StreamingResponse(_array(leads), media_type="application/json")


def _own(house: House, account: Account, campaign_id: str) -> UpstreamView:
    """The account's campaign of that id, which may also be its plain number; raises Refused (404)."""
    try:
        is_plain = campaign_id.isascii() and campaign_id.isdigit() and len(campaign_id) in _DECIMAL_DIGITS
        number = int(campaign_id) if is_plain else parse_campaign(campaign_id)
    except MalformedId:
        raise not_found("campaign") from None
    _, found = house.desk.upstream.find(account, Wanted(numbers=(number,)))
    if not found:
        raise not_found("campaign")
    return found[0]


def _steered(house: House, view: UpstreamView, order: Order, word: str) -> Response:
    if not house.desk.steering.steer(view.seen.campaign.id, order):
        raise _over(view, word)
    return Response(status_code=201)


def _over(view: UpstreamView, word: str) -> Refused:
    return Refused(409, f"a campaign that is {view.seen.campaign.state.value} cannot be {word}")


def _array(items: Iterator[dict[str, Any]]) -> Iterator[str]:
    opening = "["
    for item in items:
        yield opening + json.dumps(item, ensure_ascii=False)
        opening = ","
    yield "[]" if opening == "[" else "]"


def _shown(view: UpstreamView, now_ms: int) -> dict[str, Any]:
    campaign = view.seen.campaign
    state = campaign_state(campaign.state, campaign.scheduled_for_ms, now_ms)
    chunks = view.chunks.values()
    last_ms = max((one.last_ms for one in chunks if one.last_ms is not None), default=None)
    moments = (campaign.created_at_ms, last_ms, view.changed_ms, campaign.finished_at_ms)
    counts = {word.value: number for word, number in view.seen.counts.items()}
    counts |= {word: sum(getattr(one, word) for one in chunks) for word in ("sent", "delivered", "read", "answered")}
    progress = Progress(
        updated_at_ms=max(moment for moment in moments if moment is not None),
        last_message_at_ms=last_ms,
        finish_ms=_finish_ms(view, now_ms),
        gate_ms=view.gate_ms,
        looks=view.looks,
        next_look_ms=_next_look_ms(view),
        opens_ms=_opens_ms(view, now_ms),
        chunks=view.chunks,
    )
    return campaign_object(replace(campaign, state=state), campaign.created_at_ms, counts, progress)


def _closed(account: Account, now_ms: int) -> tuple[str, ...]:
    """Which of the account's hours it is outside of; "" are its own."""
    named = {name: account.hours_for(name) for name in ("", *account.business_hours)}
    return tuple(name for name, hours in named.items() if hours is not None and not opens(hours, now_ms))


def _opens_ms(view: UpstreamView, now_ms: int) -> int | None:
    hours = view.seen.hours
    return None if hours is None or opens(hours, now_ms) else not_before(hours, now_ms).ms


def _next_look_ms(view: UpstreamView) -> int | None:
    """While it runs: a sweep after the last one, or sooner where there are several workers."""
    if view.looks is None or view.seen.campaign.state is not CampaignState.RUNNING:
        return None
    return view.looks.last_ms + int(SWEEP_EVERY_S * 1000)


def _finish_ms(view: UpstreamView, now_ms: int) -> int | None:
    """When the campaign ended, or will end; a paused one, if it went on now."""
    campaign = view.seen.campaign
    waiting = sum(view.seen.counts.get(state, 0) for state in OPEN)
    if campaign.state in _OVER or not waiting:
        return campaign.finished_at_ms
    start_ms = max(now_ms, campaign.scheduled_for_ms or 0, view.gate_ms or 0)
    settled, seen = view.seen.total - waiting, view.seen
    paced_ms = finish_ms(campaign.pacing, start_ms, settled, waiting, seen.crews, hours=seen.hours)
    return None if paced_ms is None else max(view.seen.waits_until_ms, paced_ms)


def _newborn(receipt: Receipt) -> dict[str, Any]:
    """The campaign as it was when it had just been accepted."""
    accepted, campaign = receipt.accepted, receipt.view.campaign
    state = CampaignState.SCHEDULED if receipt.scheduled else CampaignState.RUNNING
    start_ms = (campaign.scheduled_for_ms if receipt.scheduled else None) or accepted.created_at_ms
    end_ms = finish_ms(campaign.pacing, start_ms, 0, accepted.queued, receipt.view.crews, hours=receipt.view.hours)
    counts = {
        MessageState.PENDING.value: accepted.queued,
        MessageState.FAILED.value: accepted.accepted - accepted.queued,
    }
    return campaign_object(replace(campaign, state=state), accepted.created_at_ms, counts, Progress(finish_ms=end_ms))
