"""uazapi's door: `/sender/…`, the instance token in the header `token` or as `?token=`.

Errors are `{"error": "messages[3].listButton: is required for a list"}`; a folder is a campaign of ours.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dispatcher.domain.account import Account
from dispatcher.domain.ids import MalformedId, parse_campaign
from dispatcher.domain.lifecycle import MessageState
from dispatcher.ingress.document import bodies
from dispatcher.ingress.door import Body, House, Inside, Key, Receipt, created, submission, submit
from dispatcher.ingress.refusals import Refused, speaking
from dispatcher.pipeline.desk import CampaignView, Order
from dispatcher.providers.contract import BadRequest
from dispatcher.providers.uazapi import dialect, folders, simple

NAME = "uazapi"
FIRST_STEPS = ("sender", "send", "message", "chat", "instance", "webhook")
RESUMED = {"status": "scheduled", "message": "Folder resumed successfully"}
MOST_AT_ONCE = 1_000
LAST = 2**31 - 1  # no campaign has more messages
WEEK_H = 168
CENTURY_H = 876_000


def shape(refused: Refused) -> Response:
    return JSONResponse({"error": "; ".join(refused.lines)}, refused.status, refused.headers)


def account_of(request: Request, house: Inside) -> Account:
    """The account that the token stands for. Headers come in any case; real clients use the query as well."""
    token = request.headers.get("token") or request.query_params.get("token", "")
    account = house.desk.accounts.by_token(NAME, token) if token else None
    if account is None:
        raise Refused(401, "Token inválido ou ausente")
    return account


router = APIRouter(route_class=speaking(shape), tags=["uazapi"])
Caller = Annotated[Account, Depends(account_of)]


@router.post("/sender/advanced", openapi_extra=bodies.UAZAPI)
def advanced(request: Request, account: Caller, house: Inside, body: Body, key: Key) -> Response:
    """Create a mass send of messages that are each their own."""
    receipt = submit(house, submission(request, account, body, key), dialect.parse, "messages")
    return created(receipt, _receipt(receipt), 200)


@router.post("/sender/simple", openapi_extra=bodies.UAZAPI_SIMPLE)
def simple_send(request: Request, account: Caller, house: Inside, body: Body, key: Key) -> Response:
    """Create a mass send of one content to many numbers."""
    receipt = submit(house, submission(request, account, body, key), simple.parse)
    return created(receipt, _receipt(receipt), 200)


@router.post("/sender/edit", openapi_extra=bodies.UAZAPI_EDIT)
def edit(account: Caller, house: Inside, body: Body) -> dict[str, Any]:
    """Stop, continue or delete a folder; at most the calls already in flight still happen."""
    given = body.object
    number = _folder_id(given)
    action = given.get("action")
    if not isinstance(action, str) or action not in ("stop", "continue", "delete"):
        raise BadRequest(("action", "must be stop, continue or delete"))
    _folder(house, account, number)
    if action == "delete":
        house.desk.upstream.remove(number)
        return {"status": "deleting", "message": "Folder deletion has been initiated"}
    if not house.desk.steering.steer(number, Order.PAUSE if action == "stop" else Order.RESUME):
        return {"status": "done", "message": "Folder has nothing left to send"}
    return {"status": "paused"} if action == "stop" else dict(RESUMED)


@router.get("/sender/listfolders")
def list_folders(account: Caller, house: Inside, status: str = "") -> Response:
    """The account's folders, newest first; `status=Archived`: those that were deleted or cleared."""
    found = house.desk.folders.folders(account, status.lower() == "archived")
    now_ms = house.desk.now_ms()
    return JSONResponse(
        [
            folders.folder_object(view.campaign, view.counts, receipts, _owner(view), view.started_at_ms, now_ms)
            for view, receipts in found
        ]
    )


@router.post("/sender/listmessages", openapi_extra=bodies.UAZAPI_MESSAGES)
def list_messages(account: Caller, house: Inside, body: Body) -> dict[str, Any]:
    """A folder's messages in the order they were handed over, by page; `limit` and `offset` are understood too."""
    given = body.object
    view = _folder(house, account, _folder_id(given))
    states = _states(given.get("messageStatus"))
    size, offset = _window(given)
    total = folders.how_many(view.counts, states or tuple(view.counts))
    lines = house.desk.folders.part(view.campaign.id, states, offset, size)
    direct = account.mode == "direct"
    return {
        "messages": [folders.message_object(line, view.campaign, _owner(view), direct) for line in lines],
        "pagination": {
            "total": total,
            "page": offset // size + 1,
            "pageSize": size,
            "lastPage": max(1, -(-total // size)),
        },
    }


@router.post("/sender/cleardone", openapi_extra=bodies.UAZAPI_CLEARDONE)
def clear_done(account: Caller, house: Inside, body: Body) -> dict[str, Any]:
    """Archive the folders that ended more than `hours` ago (168); no body is as good as an empty one."""
    given = body.object if body.raw.strip() else {}
    hours = _whole(given, "hours", WEEK_H, 0, CENTURY_H)
    house.desk.folders.clear(account, house.desk.now_ms() - hours * 3_600_000)
    return {"status": "cleanup started"}


@router.delete("/sender/clearall")
def clear_all(account: Caller, house: Inside) -> dict[str, Any]:
    """Cancel whatever the account still has to send, and archive all of its folders."""
    cleared = house.desk.folders.clear(account, None)
    return {"status": "processed", "messages_deleted": cleared.messages, "folders_deleted": cleared.folders}


def _receipt(receipt: Receipt) -> dict[str, Any]:
    """`count` is what was accepted: none of it is lost from here on."""
    status = "scheduled" if receipt.scheduled else "queued"
    return {"folder_id": receipt.id, "count": receipt.accepted.accepted, "status": status}


def _folder_id(given: dict[str, Any]) -> int:
    text = given.get("folder_id")
    if not isinstance(text, str) or not text.strip():
        raise Refused(400, "folder_id is required")
    try:
        return parse_campaign(text.strip())
    except MalformedId:
        raise _no_folder() from None


def _folder(house: House, account: Account, number: int) -> CampaignView:
    view = house.desk.folders.folder(account, number)
    if view is None:
        raise _no_folder()
    return view


def _no_folder() -> Refused:
    return Refused(404, "folder_id: there is no such folder")


def _owner(view: CampaignView) -> str:
    """Their folder has one number; of a wallet the first is named."""
    return view.senders[0] if view.senders else view.account


def _states(word: Any) -> tuple[MessageState, ...]:
    """The states that a `messageStatus` asks for; none: all."""
    if word in (None, ""):
        return ()
    if not isinstance(word, str) or word.lower() not in folders.LISTED:
        raise BadRequest(("messageStatus", "must be Scheduled, Sent or Failed"))
    return folders.LISTED[word.lower()]


def _window(given: dict[str, Any]) -> tuple[int, int]:
    """(how many, from where on)"""
    if "page" not in given and given.keys() & {"limit", "offset"}:
        return _whole(given, "limit", MOST_AT_ONCE, 1, MOST_AT_ONCE), _whole(given, "offset", 0, 0, LAST)
    size = _whole(given, "pageSize", MOST_AT_ONCE, 1, MOST_AT_ONCE)
    return size, (_whole(given, "page", 1, 1, LAST // MOST_AT_ONCE) - 1) * size


def _whole(given: dict[str, Any], name: str, default: int, least: int, most: int) -> int:
    """A whole number; digits in a text are read as well."""
    value = given.get(name)
    if value is None:
        return default
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadRequest((name, f"must be a whole number from {least} to {most}"))
    return value
