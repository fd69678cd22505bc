"""`dispatcher up`: the whole installation in the foreground, for real use on one machine."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dispatcher.cli.output import say
from dispatcher.cli.processes import FLOWER_PORT, FLOWER_USER, LOOPBACK, WEB_PORT

if TYPE_CHECKING:
    from dispatcher.cli.machine import Running


def up(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the web. 0: any free one.")] = WEB_PORT,
    flower_port: Annotated[int, typer.Option(min=0, max=65535, help="0: no Flower.")] = FLOWER_PORT,
    workers: Annotated[int, typer.Option(min=0, max=64, help="How many worker processes.")] = 1,
    accounts: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Apply this accounts file first.")
    ] = None,
    simulator: Annotated[bool, typer.Option(help="Also the provider simulator.")] = False,
    simulator_port: Annotated[int, typer.Option(min=1, max=65535)] = 9100,
    host: Annotated[str, typer.Option(help="Address of web and Flower.")] = LOOPBACK,
) -> None:
    """Everything on this machine: Valkey, PostgreSQL, migrations, web, workers, Flower. Ctrl-C stops it; data stays."""
    from dispatcher.cli.machine import Wanted, machine
    from dispatcher.settings import Settings

    wanted = Wanted(
        home=Settings().home,
        port=port,
        flower_port=flower_port or None,
        simulator_port=simulator_port if simulator else None,
        workers=workers,
        host=host,
    )
    try:
        with machine(wanted, say, lambda environment, _: prepare(environment, accounts)) as running:
            _greet(running)
            running.supervisor.wait()
    except KeyboardInterrupt:  # during the start; everything that had started has been stopped
        raise typer.Exit(130) from None
    say("stopped; the data stays in " + str(wanted.home))


def prepare(environment: Mapping[str, str], accounts: Path | None) -> None:
    """Migrate the ledger, and make the accounts what the file says."""
    os.environ.update(environment)
    from dispatcher.cli.installation import opened

    with opened() as wiring:
        wiring.upgrade()
        if accounts is not None:
            from dispatcher.domain.accounts_file import read_accounts

            wiring.apply_accounts(read_accounts(accounts.read_text(), os.environ))


def _greet(running: "Running") -> None:
    kept = running.home.kept().get("DISPATCHER_ADMIN_TOKEN") == running.environment["DISPATCHER_ADMIN_TOKEN"]
    where = f"DISPATCHER_ADMIN_TOKEN in {running.home.root / 'env'}" if kept else "the DISPATCHER_ADMIN_TOKEN you gave"
    print(f"dashboard   {running.web}/")
    if running.flower:
        print(f"Flower      {running.flower}/")
    if running.simulator:
        print(f"simulator   {running.simulator}/")
    print(f"log in      user {FLOWER_USER}, password and bearer token: {where}")
    print(f"data, logs  {running.home.root}")
    print("Ctrl-C stops everything; the data stays.", flush=True)
