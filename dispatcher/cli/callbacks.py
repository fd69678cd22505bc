"""`dispatcher callbacks`: what upstream apps were not told."""

from typing import Annotated

import typer

from dispatcher.cli.installation import at_desk
from dispatcher.cli.output import AsJson, show_json, show_table
from dispatcher.cli.trouble import Problem

commands = typer.Typer(help="What upstream apps are told.", no_args_is_help=True)

COLUMNS = ("id", "account", "type", "message_id", "state", "attempts", "trouble", "timestamp", "due_at")
MOST_AT_ONCE = 1_000


@commands.command("list")
def list_callbacks(
    state: Annotated[str | None, typer.Option(help="waiting, delivered or failed.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_AT_ONCE)] = 100,
    as_json: AsJson = False,
) -> None:
    """Oldest first, with the reason why one was not taken."""
    from dispatcher.domain.callbacks import CallbackState
    from dispatcher.ingress.views import callback_json

    if state not in (None, *CallbackState):
        raise typer.BadParameter(f"one of {', '.join(CallbackState)}", param_hint="--state")
    with at_desk() as desk:
        found = desk.callbacks.page(None if state is None else CallbackState(state), None, limit)
    show_table([callback_json(one) for one in found.items], COLUMNS, as_json)


@commands.command("send-again")
def send_again(
    number: Annotated[int | None, typer.Argument(metavar="[ID]", min=1, help="One that failed.")] = None,
    account: Annotated[str | None, typer.Option(help="All of this account that failed.")] = None,
    as_json: AsJson = False,
) -> None:
    """Post again what failed: one, an account's, or all; URLs that were disabled are called again."""
    if number is not None and account is not None:
        raise typer.BadParameter("give an ID or --account, not both", param_hint="--account")
    with at_desk() as desk:
        done = desk.callbacks.send_all_again(account) if number is None else desk.callbacks.send_again(number)
    if number is not None and not done:
        not_failed = "this callback has not failed, or its account names no URL"
        raise Problem("there is no such callback" if done is None else not_failed)
    if as_json:
        show_json({"sent_again": int(done or 0)})
    else:
        print(f"{int(done or 0)} posted again")
