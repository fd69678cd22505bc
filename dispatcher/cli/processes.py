"""`web`, `worker`, `flower`, `simulate`: one process each, for the Procfile, compose and `dispatcher up`."""

import os
import sys
from typing import Annotated

import typer

from dispatcher.cli.installation import needed
from dispatcher.cli.trouble import Problem

LOOPBACK, EVERYWHERE = "127.0.0.1", "0.0.0.0"
WEB_PORT, FLOWER_PORT = 8000, 5555
FLOWER_USER = "admin"

Host = Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1, or all where $PORT is set.")]


def web(
    host: Host = None,
    port: Annotated[int, typer.Option(envvar="PORT", min=0, max=65535)] = WEB_PORT,
) -> None:
    """The web process: the four dialects, the native API, webhooks, the dashboard."""
    settings = needed("admin_token")
    from dispatcher.ingress.app import create_app
    from dispatcher.ingress.serve import server, settle_in
    from dispatcher.telemetry import configure, emit
    from dispatcher.wiring import Wiring
    from dispatcher.wiring.counter import desk_of

    configure(settings.log_level, settings.log_format)
    emit("process.started", process="web")
    wiring = Wiring(settings)
    try:
        made = server(create_app(desk_of(wiring), settings), host or listening_address(), port)
        settle_in()
        made.run()
    finally:
        wiring.close()


def worker(
    queues: Annotated[str | None, typer.Option("-Q", "--queues", help="Only these, e.g. send.uazapi,events.")] = None,
    concurrency: Annotated[int | None, typer.Option("-c", "--concurrency", min=1, help="Calls at once.")] = None,
    name: Annotated[str | None, typer.Option("-n", "--name", help="Tells workers of one host apart.")] = None,
) -> None:
    """A Celery worker with its pacer; run as many as you like, on as many hosts."""
    needed()
    options = ["--without-gossip", "--without-mingle"]  # nobody asks about other workers; both cost at scale
    options += ["-Q", queues] if queues else []
    options += ["-c", str(concurrency)] if concurrency else []
    options += ["-n", name if "@" in name else f"{name}@%h"] if name else []
    _become("worker", *options)


def flower(
    host: Host = None,
    port: Annotated[int, typer.Option(envvar=["FLOWER_PORT", "PORT"], min=1, max=65535)] = FLOWER_PORT,
) -> None:
    """Flower, which shows the jobs; log in as admin with $DISPATCHER_ADMIN_TOKEN."""
    settings = needed("admin_token")
    token = settings.admin_token.get_secret_value()
    if "," in token:
        raise Problem("Flower takes a comma in DISPATCHER_ADMIN_TOKEN for the end of it: choose one without")
    defaults = {
        # In the environment, and not among the arguments, which every user of the machine can read.
        "FLOWER_BASIC_AUTH": f"{FLOWER_USER}:{token}",
        "FLOWER_ADDRESS": listening_address(),
        "FLOWER_MAX_TASKS": "10000",
        "FLOWER_PERSISTENT": "false",
    }
    os.environ.update({key: value for key, value in defaults.items() if not os.environ.get(key)})
    os.environ["FLOWER_PORT"] = str(port)
    if host is not None:
        os.environ["FLOWER_ADDRESS"] = host
    _become("flower")


def simulate(
    host: Annotated[str, typer.Option()] = LOOPBACK,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 9100,
) -> None:
    """The four provider APIs, to try against: remembers what it received and makes trouble on demand."""
    from dispatcher.simulator import run

    run(host, port)


def listening_address() -> str:
    """A platform that hands out $PORT calls from outside; on one's own machine nobody else should."""
    return EVERYWHERE if os.environ.get("PORT") else LOOPBACK


def _become(command: str, *options: str) -> None:
    """Celery's own program, in this process: signals and exit status are its own."""
    sys.stdout.flush()
    os.execvp(sys.executable, [sys.executable, "-m", "celery", "-A", "workers", command, *options])
