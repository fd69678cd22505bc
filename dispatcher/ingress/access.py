"""One log line and one measurement for each request: its route's template, never its path.

Paths carry webhook secrets and phone numbers, queries carry tokens; neither is written anywhere.
"""

from time import monotonic

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dispatcher.ingress.metrics import RequestMeter
from dispatcher.telemetry import emit

_UNKNOWN = "none"
_WATCHED = frozenset({"/healthz", "/readyz", "/metrics"})  # asked every few seconds: counted, not logged


class AccessLog:
    def __init__(self, app: ASGIApp, meter: RequestMeter) -> None:
        self._app = app
        self._meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = monotonic(), 0

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            self._log(scope, status, monotonic() - begun)

    def _log(self, scope: Scope, status: int, took_s: float) -> None:
        """Status 0: the client went away before there was an answer."""
        route = getattr(scope.get("route"), "path", _UNKNOWN)
        method = scope["method"] if route != _UNKNOWN else _UNKNOWN
        self._meter.answered(method, route, status, took_s)
        if route not in _WATCHED:
            emit("http.answered", method=method, route=route, status=status, took_ms=round(took_s * 1000))
