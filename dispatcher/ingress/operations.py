"""The native API beside campaigns: senders, locks, suppressions, messages in doubt, replies that an app saw itself."""

from typing import Any, Literal

from fastapi import Response

from dispatcher.domain.ids import MalformedId, parse_message
from dispatcher.domain.phone import InvalidPhone, canonical
from dispatcher.domain.trouble import UnknownAccount
from dispatcher.ingress.document import bodies
from dispatcher.ingress.door import Body, Inside
from dispatcher.ingress.inbound import read_reply, read_suppression
from dispatcher.ingress.native import Cursor, Limit, admin_router
from dispatcher.ingress.refusals import Refused, not_found
from dispatcher.ingress.views import audit_json, doubt_json, listing, lock_json, sender_json, suppression_json
from dispatcher.pipeline.desk import Order, Page, Resolution
from dispatcher.providers.contract import BadRequest

router = admin_router("operations")


@router.get("/senders")
def senders(house: Inside, account: str | None = None) -> dict[str, Any]:
    """All senders, with the reason why one is paused."""
    now_ms, accounts = house.desk.now_ms(), house.desk.accounts
    found = accounts.senders(None if account is None else accounts.named(account))
    return listing(Page(tuple(found)), lambda view: sender_json(view, now_ms))


@router.post("/senders/{account}/{sender}/{order}")
def steer(account: str, sender: str, order: Literal["pause", "resume"], house: Inside) -> dict[str, Any]:
    """Pause a sender until it is resumed, or resume it whatever paused it; at most the calls in flight still happen."""
    try:
        found = house.desk.accounts.steer(house.desk.accounts.named(account), sender, Order(order))
    except UnknownAccount:
        raise not_found("account") from None
    if not found:
        raise not_found("sender")
    return sender_json(found[0], house.desk.now_ms())


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


@router.get("/suppressions")
def suppressions(house: Inside, cursor: Cursor = None, limit: Limit = 100) -> dict[str, Any]:
    """Clients who asked not to be contacted, in the order of their numbers."""
    return listing(house.desk.suppressions.page(cursor, limit), suppression_json)


@router.post("/suppressions", status_code=201, openapi_extra=bodies.SUPPRESSION)
def suppress(house: Inside, body: Body, response: Response) -> dict[str, Any]:
    """Never contact a client again; 200 when that was so already, with its first reason."""
    key, reason = read_suppression(body.object)
    if not house.desk.suppressions.add(key, reason):
        response.status_code = 200
    return suppression(key, house)


@router.get("/suppressions/{phone}")
def suppression(phone: str, house: Inside) -> dict[str, Any]:
    """Since when and why a client is not contacted, in any spelling of the number; 404 when it may be."""
    found = house.desk.suppressions.get(_key(phone))
    if found is None:
        raise Refused(404, "this client is not suppressed")
    return suppression_json(found)


@router.delete("/suppressions/{phone}")
def allow(phone: str, house: Inside) -> dict[str, Any]:
    """Let a client be contacted again; 404 when it may be already."""
    key = _key(phone)
    if not house.desk.suppressions.remove(key):
        raise Refused(404, "this client is not suppressed")
    return {"phone": key, "removed": True}


@router.get("/in-doubt")
def in_doubt(house: Inside, cursor: Cursor = None, limit: Limit = 100, undecided: bool = False) -> dict[str, Any]:
    """Messages of which nobody knows whether they reached their recipient, oldest first; with `undecided` only those
    that no provider will be asked about any more."""
    return listing(house.desk.contacts.in_doubt(cursor, limit, undecided), doubt_json)


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


@router.get("/audit")
def audit(house: Inside) -> dict[str, Any]:
    """What the workers' auditor found that does not add up, since when, what it means and what to do."""
    return audit_json(house.desk.house.audit())


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
