"""Listens: uvicorn with a socket of our own, so that the port is known before anyone asks."""

import socket

import uvicorn

from dispatcher.simulator.app import App, Protocol

BACKLOG = 4096  # a storm of clients must reach the application, not the kernel's refusal


def serve(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # named TCP: asyncio sets TCP_NODELAY only then, and without it each answer waits 40 ms for an ACK
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(BACKLOG)
    name = f"[{host}]" if family == socket.AF_INET6 else host
    print(f"simulator: http://{name}:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(
        App(),
        http=Protocol,
        ws="none",
        lifespan="off",
        access_log=False,
        proxy_headers=False,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=75,  # as long as a usual proxy's; a client that reuses a connection finds it open
        timeout_graceful_shutdown=1,  # calls that hang on purpose do not hold up the end
    )
    uvicorn.Server(config).run(sockets=[listener])
