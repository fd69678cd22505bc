"""`dispatcher in-doubt`: messages of which nobody knows whether they reached their recipient."""

from collections.abc import Mapping
from typing import Annotated

import typer

from dispatcher.cli.installation import at_desk
from dispatcher.cli.output import AsJson, say, show_json, show_table
from dispatcher.cli.trouble import Problem

commands = typer.Typer(help="Messages whose fate is unknown.", no_args_is_help=True)

COLUMNS = ("id", "account", "phone", "sender", "reason", "since", "look_ups", "next_look_up_at")
MOST_AT_ONCE = 1_000


@commands.command("list")
def list_doubts(
    limit: Annotated[int, typer.Option(min=1, max=MOST_AT_ONCE, help="How many at most.")] = 100,
    undecided: Annotated[bool, typer.Option("--undecided", help="Only those that wait for you.")] = False,
    as_json: AsJson = False,
) -> None:
    """Oldest first. Where a next look-up is given, the provider will be asked; else it is yours to decide."""
    from dispatcher.ingress.views import doubt_json

    with at_desk() as desk:
        rows = [doubt_json(doubt) for doubt in desk.contacts.in_doubt(None, limit, undecided).items]
    show_table(rows, COLUMNS, as_json)


@commands.command()
def resolve(
    messages: Annotated[list[str], typer.Argument(metavar="ID", help="Messages: campaign, dash, number. One or more.")],
    fate: Annotated[str, typer.Option("--as", help="sent, failed, or retry: it may reach its recipient twice.")],
    as_json: AsJson = False,
) -> None:
    """Settle messages in doubt. One that is none is told, and the others are settled; then the status is 1."""
    from dispatcher.domain.ids import parse_message
    from dispatcher.pipeline.desk import Resolution

    if fate not in set(Resolution):
        raise typer.BadParameter(f"one of {', '.join(Resolution)}", param_hint="--as")
    wanted = [(parse_message(one), one) for one in messages]
    with at_desk() as desk:
        done = {name: desk.contacts.resolve(message, Resolution(fate)) for message, name in wanted}
    settled = [{"id": name, "resolved_as": fate} for name, was in done.items() if was]
    if as_json and settled:
        show_json(settled[0] if len(messages) == 1 else settled)
    elif settled:
        print("\n".join(f"{one['id']}: {fate}" for one in settled))
    _complain({name: was for name, was in done.items() if not was}, alone=len(messages) == 1)


def _complain(missed: Mapping[str, bool | None], alone: bool) -> None:
    """`missed`: None where there is no such message, False where it is not in doubt."""
    for name, was in missed.items():
        line = "there is no such message" if was is None else "this message is not in doubt"
        if alone:
            raise Problem(line)
        say(f"{name}: {line}")
    if missed:
        raise typer.Exit(1)
