"""Paths as upstream apps join them: `https://host/` and `/v3/campaigns`, or a slash at the end.

Providers' servers take these as they take the plain path. A redirect instead would lose the body or the token of
most clients, and behind a proxy it may name an address without TLS.
"""

from starlette.types import ASGIApp, Receive, Scope, Send


class PlainPaths:
    """Without further slashes before and after; those within belong to names."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "path": "/" + scope["path"].strip("/")}
        await self._app(scope, receive, send)
