"""`dispatcher accounts`: what the accounts file declares, and what is in use."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dispatcher.cli.installation import opened
from dispatcher.cli.output import AsJson, show_one, show_table

if TYPE_CHECKING:
    from dispatcher.domain.account import Account, Sender

commands = typer.Typer(help="Accounts: credentials for one provider, its senders and policies.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The account's name.")]
COLUMNS = ("name", "provider", "base_urls", "senders", "cpc", "state")
HIDDEN = frozenset({"id", "credentials", "callback_secret", "ingress_mark", "delay_min_ms", "delay_max_ms"})


@commands.command()
def apply(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="The accounts file (TOML).")
    ],
    as_json: AsJson = False,
) -> None:
    """Make accounts what the file says; applying the same file twice changes nothing."""
    from dispatcher.domain.accounts_file import read_accounts

    specs = read_accounts(file.read_text(), os.environ)
    with opened() as wiring:
        done = wiring.apply_accounts(specs)
    rows = [{"account": name, "is": what} for what, names in done._asdict().items() for name in names]
    show_table(rows, ("account", "is"), as_json)


@commands.command("list")
def list_accounts(as_json: AsJson = False) -> None:
    """All accounts in use."""
    with opened() as wiring:
        rows = [_row(account, wiring.accounts.senders(account.id)) for account in wiring.accounts.all()]
    show_table(rows, COLUMNS, as_json)


@commands.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """One account with its senders and policies, by the names of the accounts file; never its secrets."""
    from dispatcher.domain.hours_written import written

    with opened() as wiring:
        account = wiring.accounts.named(name)
        senders = wiring.accounts.senders(account.id)
    policies = {key: value for key, value in asdict(account).items() if key not in HIDDEN}
    policies["hours"] = written(account.hours) if account.hours else None
    policies["business_hours"] = {name: written(one) for name, one in account.business_hours.items()}
    delays = {"delay_min": account.delay_min_ms / 1000, "delay_max": account.delay_max_ms / 1000}
    fields = {
        **policies,
        **delays,
        "senders": [one.name for one in senders],
        "credentials": sorted(account.credentials),
    }
    show_one(fields, as_json)


@commands.command()
def remove(name: Name) -> None:
    """Take an account out of use: its campaigns are paused and stay readable."""
    with opened() as wiring:
        wiring.remove_account(name)


def _row(account: "Account", senders: "list[Sender]") -> dict[str, Any]:
    paused = sum(one.paused_reason is not None for one in senders)
    return {
        "name": account.name,
        "provider": account.provider,
        "base_urls": list(account.base_urls),
        "senders": len(senders),
        "cpc": account.cpc,
        "state": f"{paused} of {len(senders)} senders paused" if paused else "active",
    }
