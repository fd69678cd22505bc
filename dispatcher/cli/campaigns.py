"""`dispatcher campaigns`: looking at campaigns and steering them."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from dispatcher.cli.installation import at_desk
from dispatcher.cli.output import AsJson, show_one, show_table
from dispatcher.cli.trouble import Problem

commands = typer.Typer(help="Campaigns: look at them, steer them, export them.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="The campaign's id, 12 letters and digits.")]
COLUMNS = ("id", "account", "name", "state", "total", "messages", "progress", "finish_prediction")
MOST_AT_ONCE = 1_000


@commands.command("list")
def list_campaigns(
    state: Annotated[str | None, typer.Option(help="scheduled, running, paused, done or cancelled.")] = None,
    account: Annotated[str | None, typer.Option(help="Only this account's.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_AT_ONCE)] = 50,
    as_json: AsJson = False,
) -> None:
    """Newest first."""
    from dispatcher.ingress.views import campaign_json

    wanted = None if state is None else _state(state)
    with at_desk() as desk:
        now_ms = desk.now_ms()
        page = desk.campaigns.page(wanted, account, None, limit)
        shown = [campaign_json(view, now_ms) for view in page.items]
    show_table([_row(one) for one in shown] if not as_json else shown, COLUMNS, as_json)


@commands.command()
def show(campaign: Id, as_json: AsJson = False) -> None:
    """One campaign: its state, how many messages are in which state, how far it is, when it will be through."""
    with at_desk() as desk:
        shown = _campaign(desk, campaign)
    show_one(shown, as_json)


@commands.command()
def pause(campaign: Id, as_json: AsJson = False) -> None:
    """Release nothing more of it; at most the calls already in flight still happen."""
    _steer(campaign, "pause", as_json)


@commands.command()
def resume(campaign: Id, as_json: AsJson = False) -> None:
    """Let it go on."""
    _steer(campaign, "resume", as_json)


@commands.command()
def cancel(campaign: Id, as_json: AsJson = False) -> None:
    """End it: what was not sent yet is cancelled, for good."""
    _steer(campaign, "cancel", as_json)


@commands.command("retry-failed")
def retry_failed(campaign: Id, as_json: AsJson = False) -> None:
    """Send again what failed at the provider; a campaign that was done runs again."""
    _steer(campaign, "retry-failed", as_json)


@commands.command()
def export(
    campaign: Id,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file; standard output if left out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object a line instead of CSV.")] = False,
) -> None:
    """All of its messages as CSV: recipient, state, reason, times. No cell starts a formula."""
    from dispatcher.domain.ids import parse_campaign
    from dispatcher.ingress.export import csv_of, json_lines_of

    with at_desk() as desk:
        lines = desk.campaigns.lines(parse_campaign(campaign))
        if lines is None:
            raise Problem("there is no such campaign")
        pieces = json_lines_of(lines) if as_json else csv_of(lines)
        if output is None:
            sys.stdout.writelines(pieces)
            return
        with output.open("w", encoding="utf-8", newline="") as file:
            file.writelines(pieces)


def _steer(campaign: str, word: str, as_json: bool) -> None:
    from dispatcher.domain.ids import parse_campaign
    from dispatcher.pipeline.desk import Order

    with at_desk() as desk:
        before = _campaign(desk, campaign)
        if not desk.campaigns.steer(parse_campaign(campaign), Order(word)):
            raise Problem(f"a campaign that is {before['state']} cannot be told to {word}")
        shown = _campaign(desk, campaign)
    if as_json:
        show_one(shown, as_json)
    else:
        print(f"{shown['id']} is {shown['state']}")


def _campaign(desk: Any, text: str) -> dict[str, Any]:
    from dispatcher.domain.ids import parse_campaign
    from dispatcher.ingress.views import campaign_json

    view = desk.campaigns.get(parse_campaign(text))
    if view is None:
        raise Problem("there is no such campaign")
    return campaign_json(view, desk.now_ms())


def _state(word: str) -> Any:
    from dispatcher.domain.lifecycle import CampaignState

    if word not in set(CampaignState):
        raise typer.BadParameter(f"one of {', '.join(CampaignState)}", param_hint="--state")
    return CampaignState(word)


def _row(shown: dict[str, Any]) -> dict[str, Any]:
    return {**shown, "messages": shown["counts"], "progress": f"{shown['progress']:.0%}"}
