"""`dispatcher senders`: who messages leave from, and whether they may."""

from typing import Annotated

import typer

from dispatcher.cli.installation import at_desk
from dispatcher.cli.output import AsJson, show_table
from dispatcher.cli.trouble import Problem

commands = typer.Typer(help="Senders: look at them, pause, resume.", no_args_is_help=True)

AccountName = Annotated[str, typer.Argument(metavar="ACCOUNT")]
SenderName = Annotated[str | None, typer.Argument(metavar="SENDER", help="All of the account's, if left out.")]
COLUMNS = (
    "account",
    "provider",
    "sender",
    "state",
    "reason",
    "paused_until",
    "waiting_for",
    "waiting_until",
    "concurrency",
)


@commands.command("list")
def list_senders(
    account: Annotated[str | None, typer.Option(help="Only this account's.")] = None, as_json: AsJson = False
) -> None:
    """All senders, with the reason why one is paused or waits."""
    from dispatcher.ingress.views import sender_json

    with at_desk() as desk:
        if account is not None:
            desk.accounts.named(account)
        found, now_ms = desk.accounts.senders(), desk.now_ms()
    show_table([sender_json(view, now_ms) for view in found if account in (None, view.account)], COLUMNS, as_json)


@commands.command()
def pause(account: AccountName, sender: SenderName = None, as_json: AsJson = False) -> None:
    """Release nothing more on their lanes until they are resumed; at most the calls in flight still happen."""
    _steer(account, sender, "pause", as_json)


@commands.command()
def resume(account: AccountName, sender: SenderName = None, as_json: AsJson = False) -> None:
    """Let them go on, whatever paused them."""
    _steer(account, sender, "resume", as_json)


def _steer(account: str, sender: str | None, word: str, as_json: bool) -> None:
    from dispatcher.ingress.views import sender_json
    from dispatcher.pipeline.desk import Order

    with at_desk() as desk:
        found = desk.accounts.steer(desk.accounts.named(account), sender, Order(word))
        shown = [sender_json(view, desk.now_ms()) for view in found]
    if not shown:
        raise Problem("the account has no such sender: `dispatcher senders list` shows them all")
    if as_json:
        show_table(shown, COLUMNS, as_json)
    else:
        print(f"{word}d: {len(shown)}")
