"""Runs the web: one uvicorn process. Several of them, on several hosts, may serve one installation."""

import logging
import sys
from socket import socket

import uvicorn
from fastapi import FastAPI

from dispatcher.circles import look_rarely

_KEEP_ALIVE_S = 30
_SHUTDOWN_S = 25  # answers under way are finished; a platform's SIGKILL comes after 30 s

_SWITCH_S = 0.001  # Python's 5 ms, waited for at each turn of a request, add up beside a file that is being read


def settle_in() -> None:
    """For the process of a web, once everything is loaded: what is there stays, and threads take turns quickly."""
    look_rarely()
    sys.setswitchinterval(_SWITCH_S)


class Server(uvicorn.Server):
    """Tells the application when it is to leave: an answer that would go on for hours ends itself."""

    def __init__(self, app: FastAPI, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self._app.state.leaving = True
        await super().shutdown(sockets)


def server(app: FastAPI, host: str, port: int) -> uvicorn.Server:
    """A server that is ready to run. Its own access log is off, whoever listens: it would write paths and queries."""
    logging.getLogger("uvicorn.access").disabled = True
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_SHUTDOWN_S,
    )
    return Server(app, config)
