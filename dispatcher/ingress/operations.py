"""The native API beside campaigns: senders, locks, messages in doubt, replies that an app saw by itself."""

from typing import Any

from dispatcher.domain.ids import MalformedId, parse_message
from dispatcher.domain.phone import InvalidPhone, canonical
from dispatcher.ingress import bodies
from dispatcher.ingress.door import Body, Inside
from dispatcher.ingress.inbound import read_reply
from dispatcher.ingress.native import Cursor, Limit, admin_router
from dispatcher.ingress.refusals import Refused, not_found
from dispatcher.ingress.views import doubt_json, listing, lock_json, sender_json
from dispatcher.pipeline.desk import Page, Resolution
from dispatcher.providers.contract import BadRequest

router = admin_router("operations")


@router.get("/senders")
def senders(house: Inside, account: str | None = None) -> dict[str, Any]:
    """All senders, with the reason why one is paused."""
    now_ms, accounts = house.desk.now_ms(), house.desk.accounts
    found = accounts.senders(None if account is None else accounts.named(account))
    return listing(Page(tuple(found)), lambda view: sender_json(view, now_ms))


@router.get("/locks/{phone}")
def locks(phone: str, house: Inside) -> dict[str, Any]:
    """Who holds a client, in any spelling of the number; 404 when the client is free."""
    key = _key(phone)
    held = house.desk.contacts.locks(key)
    if not held:
        raise Refused(404, "this client is free")
    return {"phone": key, "locks": [lock_json(lock) for lock in held]}


@router.delete("/locks/{phone}")
def lift(phone: str, house: Inside) -> dict[str, Any]:
    """Free a client in every scope, as a reply would; 404 when it is free."""
    key = _key(phone)
    lifted = house.desk.contacts.lift(key)
    if not lifted:
        raise Refused(404, "this client is free")
    return {"phone": key, "lifted": lifted}


@router.get("/in-doubt")
def in_doubt(house: Inside, cursor: Cursor = None, limit: Limit = 100) -> dict[str, Any]:
    """Messages of which nobody knows whether they reached their recipient, oldest first."""
    return listing(house.desk.contacts.in_doubt(cursor, limit), doubt_json)


@router.post("/in-doubt/{message_id}", openapi_extra=bodies.RESOLUTION)
def resolve(message_id: str, house: Inside, body: Body) -> dict[str, Any]:
    """Settle a message in doubt `{"as": "sent" | "failed" | "retry"}`; retry means it may reach its recipient twice."""
    resolution = _resolution(body.object.get("as"))
    try:
        message = parse_message(message_id)
    except MalformedId:
        raise not_found("message") from None
    done = house.desk.contacts.resolve(message, resolution)
    if done is None:
        raise not_found("message")
    if not done:
        raise Refused(409, "this message is not in doubt")
    return {"id": str(message), "resolved_as": resolution.value}


@router.post("/inbound", status_code=202, openapi_extra=bodies.REPLY)
def inbound(house: Inside, body: Body) -> dict[str, Any]:
    """Tell of a client's reply that an app saw itself: it lifts the client's locks. The same `event_id` counts once."""
    name, event = read_reply(body.object)
    account = None if name is None else house.desk.accounts.named(name)
    return {"accepted": True, "new": house.desk.contacts.receive(account, (event,)) > 0}


def _key(phone: str) -> str:
    try:
        return canonical(phone)
    except InvalidPhone as invalid:
        raise BadRequest(("phone", str(invalid))) from None


def _resolution(word: Any) -> Resolution:
    if word not in list(Resolution):
        raise BadRequest(("as", "must be sent, failed or retry"))
    return Resolution(word)
