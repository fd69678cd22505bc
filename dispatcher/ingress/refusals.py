"""A request that is refused: one value, and a shape for it in each dialect.

Whatever a handler raises becomes a `Refused` here, in one place; a dialect's routes turn it into the
words that its clients know. The text never repeats what a caller sent.

    raised                                              status
    Refused                                             its own
    BadRequest, RequestValidationError                  400, with (field, rule) pairs; 404 for a part of the path
    UnknownAccount, UnknownSender,
    EmptyCampaign, CampaignFull                         400, naming the native field
    NoSenderLeft                                        409
    KeyReused                                           422
    DispatcherTrouble: a server underneath is away      503, Retry-After
    no place, no room for the body (ingress/places.py)  429 or 503, Retry-After
    anything else                                       500, logged by its type
"""

from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from dispatcher.domain.campaign import CampaignFull, EmptyCampaign, KeyReused, NoSenderLeft, UnknownSender
from dispatcher.domain.trouble import DispatcherTrouble, UnknownAccount
from dispatcher.ingress.pieces import drain
from dispatcher.providers.contract import BadRequest
from dispatcher.telemetry import emit

_RETRY_AFTER_S = 2  # the embedded servers are back by then


class Refused(Exception):
    """`message` says why to people, `problems` are (field, rule) pairs."""

    def __init__(
        self,
        status: int,
        message: str,
        problems: tuple[tuple[str, str], ...] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        self.status = status
        self.message = message
        self.problems = problems
        self.headers = headers or {}
        super().__init__(message)

    @property
    def title(self) -> str:
        return HTTPStatus(self.status).phrase

    @property
    def lines(self) -> list[str]:
        """The problems a line each, or the message where there are none."""
        return [f"{where}: {rule}" if where else rule for where, rule in self.problems] or [self.message]


Shape = Callable[[Refused], Response]


def unauthorised(message: str) -> Refused:
    return Refused(401, message, headers={"WWW-Authenticate": "Bearer"})


def not_found(what: str) -> Refused:
    return Refused(404, f"there is no such {what}")


def problem(refused: Refused) -> Response:
    """The native shape: RFC 9457."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": refused.title,
        "status": refused.status,
        "detail": refused.message,
    }
    if refused.problems:
        body["errors"] = [{"field": where, "rule": rule} for where, rule in refused.problems]
    return JSONResponse(body, refused.status, refused.headers, media_type="application/problem+json")


def as_refused(error: Exception) -> Refused:
    """What a caller is told about an exception."""
    match error:
        case Refused():
            return error
        case BadRequest():
            return Refused(400, str(error), tuple(error.problems))
        case RequestValidationError():
            return _invalid(error)
        case UnknownAccount() | UnknownSender() | EmptyCampaign() | CampaignFull():
            return _about(400, *_MISSING[type(error)])
        case NoSenderLeft():
            return Refused(409, str(error))
        case KeyReused():
            return _about(422, "Idempotency-Key", "was used for another request")
        case DispatcherTrouble():
            return Refused(503, "not available now, try again", headers={"Retry-After": str(_RETRY_AFTER_S)})
        case HTTPException():
            return Refused(error.status_code, str(error.detail), headers=dict(error.headers or {}))
        case _:
            return Refused(500, "internal error")


def speaking(shape: Shape) -> type[APIRoute]:
    """A route that takes a place for each request (ingress/places.py), and whose refusals have that shape."""

    class SpeakingRoute(APIRoute):
        async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
            with ExitStack() as stay:
                try:
                    stay.enter_context(scope["app"].state.house.door.place(scope, self.path))
                except Refused as refused:
                    await drain(receive)
                    return await shape(refused)(scope, receive, send)
                await super().handle(scope, receive, send)

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def handler(request: Request) -> Response:
                try:
                    _refuse_nul(request)
                    return await handle(request)
                except ClientDisconnect:
                    raise
                except Exception as error:
                    return shape(told(error, self.path))

            return handler

    return SpeakingRoute


def _refuse_nul(request: Request) -> None:
    """A NUL in the address, which nothing in the ledger can be called; raises Refused (404) or BadRequest."""
    if "\0" in request.scope["path"]:
        raise not_found("thing")
    for name, value in request.query_params.multi_items():
        if "\0" in value:
            raise BadRequest((name, "holds a NUL character"))


def told(error: Exception, route: str) -> Refused:
    """What the caller is told; what only we should see is logged."""
    refused = as_refused(error)
    if refused.status >= 500:
        emit("http.broke", "error", route=route, error=type(error).__name__, exc_info=refused.status == 500)
    return refused


_MISSING: dict[type[Exception], tuple[str, str]] = {
    UnknownAccount: ("account", "is not known"),
    UnknownSender: ("senders", "names one that the account does not have"),
    EmptyCampaign: ("messages", "there is not one"),
    CampaignFull: ("messages", "are more than the 100,000,000 of one campaign"),
}


def _about(status: int, field: str, rule: str) -> Refused:
    return Refused(status, f"{field}: {rule}", ((field, rule),))


def _invalid(error: RequestValidationError) -> Refused:
    problems = error.errors()
    if any(one["loc"][0] == "path" for one in problems):
        return not_found("thing")
    return Refused(400, "the request is not valid", tuple(map(_rule, problems)))


def _rule(error: Any) -> tuple[str, str]:
    where = ".".join(str(step) for step in error["loc"][1:]) or "body"
    return where, str(error["msg"])
