"""`dispatcher in-doubt`: messages of which nobody knows whether they reached their recipient."""

from typing import Annotated

import typer

from dispatcher.cli.installation import at_desk
from dispatcher.cli.output import AsJson, show_json, show_table
from dispatcher.cli.trouble import Problem

commands = typer.Typer(help="Messages whose fate is unknown.", no_args_is_help=True)

COLUMNS = ("id", "account", "phone", "sender", "reason", "since", "look_ups", "next_look_up_at")
MOST_AT_ONCE = 1_000


@commands.command("list")
def list_doubts(
    limit: Annotated[int, typer.Option(min=1, max=MOST_AT_ONCE)] = 100,
    as_json: AsJson = False,
) -> None:
    """Oldest first. Where a next look-up is given, the provider will be asked; else it is yours to decide."""
    from dispatcher.ingress.views import doubt_json

    with at_desk() as desk:
        rows = [doubt_json(doubt) for doubt in desk.contacts.in_doubt(None, limit).items]
    show_table(rows, COLUMNS, as_json)


@commands.command()
def resolve(
    message: Annotated[str, typer.Argument(metavar="ID", help="The message's id: campaign, dash, number.")],
    fate: Annotated[str, typer.Option("--as", help="sent, failed, or retry: it may reach its recipient twice.")],
    as_json: AsJson = False,
) -> None:
    """Settle a message in doubt."""
    from dispatcher.domain.ids import parse_message
    from dispatcher.pipeline.desk import Resolution

    if fate not in set(Resolution):
        raise typer.BadParameter(f"one of {', '.join(Resolution)}", param_hint="--as")
    with at_desk() as desk:
        done = desk.contacts.resolve(parse_message(message), Resolution(fate))
    if not done:
        raise Problem("there is no such message" if done is None else "this message is not in doubt")
    if as_json:
        show_json({"id": message, "resolved_as": fate})
    else:
        print(f"{message}: {fate}")
