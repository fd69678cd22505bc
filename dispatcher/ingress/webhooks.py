"""Where providers tell what happened: `/webhooks/{account}/{secret}`, and whatever they append to it.

The events are stored and the answer given; a job processes them. What is well-formed but not understood is
answered 200 all the same: a provider that gets errors stops telling.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request

from dispatcher.domain.account import Account
from dispatcher.domain.inbound import InboundEvent
from dispatcher.ingress.body import read_leniently
from dispatcher.ingress.document import bodies
from dispatcher.ingress.door import Body, Inside
from dispatcher.ingress.metrics import InboundMeter
from dispatcher.ingress.refusals import not_found, problem, speaking
from dispatcher.providers.registry import provider
from dispatcher.telemetry import emit


async def meter_of(request: Request) -> InboundMeter:
    meter: InboundMeter = request.app.state.inbound
    return meter


Metered = Annotated[InboundMeter, Depends(meter_of)]

router = APIRouter(route_class=speaking(problem), tags=["webhooks"])


def holder_of(account: str, secret: str, house: Inside) -> Account:
    """The account, if the secret is its own; raises Refused (404) without saying which of the two was wrong."""
    holder = house.desk.accounts.by_webhook(account, secret)
    if holder is None:
        raise not_found("webhook")
    return holder


@router.post("/webhooks/{account}/{secret}", openapi_extra=bodies.EVENT)
@router.post("/webhooks/{account}/{secret}/{appended:path}", include_in_schema=False)
def webhook(
    holder: Annotated[Account, Depends(holder_of)], house: Inside, body: Body, meter: Metered
) -> dict[str, Any]:
    """Take a provider's event in its own shape; 404 for a wrong secret."""
    events = _events(holder, read_leniently(body.raw))
    if not events:
        meter.not_understood(holder.provider)
        return {"events": 0, "new": 0}
    new = house.desk.contacts.receive(holder, events)
    meter.came(holder.provider, events[0].kind.value, len(events), new)  # a body is of one kind
    return {"events": len(events), "new": new}


def _events(holder: Account, body: Any) -> tuple[InboundEvent, ...]:
    """None where a reader breaks: a provider that is told so would send the same body again."""
    try:
        return provider(holder.provider).read_inbound(holder, body)
    except Exception as error:
        emit("provider.unreadable", "error", provider=holder.provider, job="", error=type(error).__name__)
        return ()
