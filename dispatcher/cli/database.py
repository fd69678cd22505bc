"""`dispatcher db`: the ledger's schema."""

import typer

from dispatcher.cli.installation import opened

commands = typer.Typer(help="The ledger's schema.", no_args_is_help=True)


@commands.callback()
def _group() -> None:
    """With a callback `db upgrade` stays two words although there is one command."""


@commands.command()
def upgrade() -> None:
    """Run the migrations; safe from several hosts at once, and when there is nothing to do."""
    with opened() as wiring:
        wiring.upgrade()
    print("the ledger has the newest schema")
