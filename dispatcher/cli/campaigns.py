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
    """One campaign: its state, how many messages are in which state, how far it is, what was changed."""
    with at_desk() as desk:
        shown = _whole(desk, campaign)
    show_one(shown, as_json)


@commands.command()
def pause(campaign: Id, as_json: AsJson = False) -> None:
    """Release nothing more of it; at most the calls already in flight still happen."""
    _steer(campaign, "pause", as_json)


@commands.command()
def resume(
    campaign: Id,
    scope: Annotated[
        list[str] | None, typer.Option(help="pending (if left out), failed, in_doubt; may be repeated.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before sending again what is in doubt.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let it go on: what waits, and with --scope also what failed or is in doubt."""
    from dispatcher.domain.ids import parse_campaign
    from dispatcher.domain.lifecycle import RESUMABLE
    from dispatcher.providers.native_change import read_scope

    words = [word for one in scope or () for word in one.split(",")]
    if not set(words) <= set(RESUMABLE):
        raise typer.BadParameter(f"one of {', '.join(RESUMABLE)}", param_hint="--scope")
    meant = read_scope(words or None)
    with at_desk() as desk:
        before = _campaign(desk, campaign)
        doubts = before["counts"]["in_doubt"] if "in_doubt" in meant else 0
        if doubts and not (yes or _agreed(doubts)):
            raise Problem("nothing was resumed: what is in doubt is sent again only with --yes")
        if not desk.steering.resume(parse_campaign(campaign), meant):
            raise Problem(f"a campaign that is {before['state']} cannot be told to resume")
        shown = _campaign(desk, campaign)
    _tell(shown, as_json)


@commands.command()
def change(
    campaign: Id,
    delay_min: Annotated[float | None, typer.Option(help="Least seconds between sends of a lane.")] = None,
    delay_max: Annotated[float | None, typer.Option(help="Most seconds between sends of a lane.")] = None,
    chunk_size: Annotated[int | None, typer.Option(help="Messages in a chunk; 0: one single chunk.")] = None,
    seconds_between_chunks: Annotated[float | None, typer.Option(help="Rest after a chunk.")] = None,
    priority: Annotated[int | None, typer.Option(help="-100 to 100; higher goes first.")] = None,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    as_json: AsJson = False,
) -> None:
    """Give it another pace, priority or name while it is under way; it is written down."""
    from dispatcher.providers.native_change import read_change

    given = {"delay_min": delay_min, "delay_max": delay_max, "chunk_size": chunk_size, "name": name}
    given |= {"seconds_between_chunks": seconds_between_chunks, "priority": priority}
    with at_desk() as desk:
        view = _view(desk, campaign)
        asked = read_change({key: value for key, value in given.items() if value is not None}, view.campaign)
        if not asked.is_empty and not desk.steering.change(view.campaign.id, asked):
            raise Problem(f"a campaign that is {view.campaign.state} cannot be changed")
        shown = _whole(desk, campaign)
    if as_json:
        show_one(shown, as_json)
    else:
        print(f"{shown['id']} is changed" if not asked.is_empty else f"{shown['id']} was like that already")


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
        if not desk.steering.steer(parse_campaign(campaign), Order(word)):
            raise Problem(f"a campaign that is {before['state']} cannot be told to {word}")
        shown = _campaign(desk, campaign)
    _tell(shown, as_json)


def _agreed(doubts: int) -> bool:
    """Nobody there to answer is a no."""
    try:
        return typer.confirm(f"{doubts} messages may have arrived: these people may get them twice. Send again?")
    except typer.Abort:
        return False


def _tell(shown: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_one(shown, as_json)
    else:
        print(f"{shown['id']} is {shown['state']}")


def _view(desk: Any, text: str) -> Any:
    from dispatcher.domain.ids import parse_campaign

    view = desk.campaigns.get(parse_campaign(text))
    if view is None:
        raise Problem("there is no such campaign")
    return view


def _campaign(desk: Any, text: str) -> dict[str, Any]:
    from dispatcher.ingress.views import campaign_json

    return campaign_json(_view(desk, text), desk.now_ms())


def _whole(desk: Any, text: str) -> dict[str, Any]:
    """With what was changed since it was accepted."""
    from dispatcher.domain.ids import parse_campaign
    from dispatcher.ingress.views import change_json

    changes = desk.steering.changes(parse_campaign(text))
    return {**_campaign(desk, text), "changes": [change_json(one) for one in changes]}


def _state(word: str) -> Any:
    from dispatcher.domain.lifecycle import CampaignState

    if word not in set(CampaignState):
        raise typer.BadParameter(f"one of {', '.join(CampaignState)}", param_hint="--state")
    return CampaignState(word)


def _row(shown: dict[str, Any]) -> dict[str, Any]:
    return {**shown, "messages": shown["counts"], "progress": f"{shown['progress']:.0%}"}
