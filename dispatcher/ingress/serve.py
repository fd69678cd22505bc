"""Runs the web: one uvicorn process. Several of them, on several hosts, may serve one installation."""

import uvicorn
from fastapi import FastAPI

_KEEP_ALIVE_S = 30
_SHUTDOWN_S = 60  # a request that takes in a file of a million leads is let finish


def server(app: FastAPI, host: str, port: int) -> uvicorn.Server:
    """A server that is ready to run. Its own access log is off: it would write paths and queries."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=True,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_SHUTDOWN_S,
    )
    return uvicorn.Server(config)
