"""The native API's callbacks: what upstream apps were not told, and telling them again."""

from typing import Annotated, Any

from fastapi import Path

from dispatcher.domain.callbacks import CallbackState
from dispatcher.ingress.door import Inside
from dispatcher.ingress.native import Cursor, Limit, admin_router
from dispatcher.ingress.refusals import Refused, not_found
from dispatcher.ingress.views import callback_json, listing

router = admin_router("operations")

Number = Annotated[int, Path(ge=1, lt=10**18)]


@router.get("/callbacks")
def callbacks(
    house: Inside, state: CallbackState | None = None, cursor: Cursor = None, limit: Limit = 100
) -> dict[str, Any]:
    """Callbacks, oldest first: those that wait, that were delivered in the last day, that failed in the last seven."""
    return listing(house.desk.callbacks.page(state, cursor, limit), callback_json)


@router.post("/callbacks/send-again")
def send_all_again(house: Inside, account: str | None = None) -> dict[str, Any]:
    """Post again what failed, an account's or all; URLs that were disabled are called again."""
    return {"sent_again": house.desk.callbacks.send_all_again(account)}


@router.post("/callbacks/{callback_id}/send-again")
def send_again(callback_id: Number, house: Inside) -> dict[str, Any]:
    """Post one again that failed."""
    done = house.desk.callbacks.send_again(callback_id)
    if done is None:
        raise not_found("callback")
    if not done:
        raise Refused(409, "this callback has not failed, or its account names no URL")
    return {"sent_again": 1}
