"""Where providers tell what happened: `/webhooks/{account}/{secret}`, and whatever they append to it.

The events are stored and the answer given; a job processes them. What is well-formed but not understood is
answered 200 all the same: a provider that gets errors stops telling.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from dispatcher.domain.account import Account
from dispatcher.ingress import bodies
from dispatcher.ingress.body import read_leniently
from dispatcher.ingress.door import Body, Inside
from dispatcher.ingress.refusals import not_found, problem, speaking
from dispatcher.providers.registry import provider

router = APIRouter(route_class=speaking(problem), tags=["webhooks"])


def holder_of(account: str, secret: str, house: Inside) -> Account:
    """The account, if the secret is its own; raises Refused (404) without saying which of the two was wrong."""
    holder = house.desk.accounts.by_webhook(account, secret)
    if holder is None:
        raise not_found("webhook")
    return holder


@router.post("/webhooks/{account}/{secret}", openapi_extra=bodies.EVENT)
@router.post("/webhooks/{account}/{secret}/{appended:path}", include_in_schema=False)
def webhook(holder: Annotated[Account, Depends(holder_of)], house: Inside, body: Body) -> dict[str, Any]:
    """Take a provider's event in its own shape; 404 for a wrong secret."""
    events = provider(holder.provider).read_inbound(holder, read_leniently(body.raw))
    new = house.desk.contacts.receive(holder, events) if events else 0
    return {"events": len(events), "new": new}
