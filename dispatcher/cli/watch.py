"""A progress bar that follows one campaign until it is over."""

from threading import Event
from typing import TYPE_CHECKING

from dispatcher.cli.output import console, say
from dispatcher.domain.ids import campaign_text
from dispatcher.domain.lifecycle import OPEN, CampaignState, MessageState, campaign_state

if TYPE_CHECKING:
    from dispatcher.wiring import Wiring

LOOK_EVERY_S = 0.5
OVER = frozenset({CampaignState.DONE, CampaignState.CANCELLED})


def watch_campaign(wiring: "Wiring", campaign: int) -> None:
    """Returns when the campaign is done or cancelled. Ctrl-C ends the watching, never the campaign."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    text = campaign_text(campaign)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    pause = Event()
    try:
        with Progress(*columns, TextColumn("{task.fields[counts]}"), console=console()) as progress:
            bar = progress.add_task(text, total=None, counts="")
            while True:
                found = wiring.campaigns.get(campaign)
                counts = wiring.campaigns.counts(campaign)
                total = sum(counts.values())
                settled = total - sum(counts.get(state, 0) for state in OPEN)
                state = campaign_state(found.state, found.scheduled_for_ms, wiring.stations.now_ms())
                shown = ", ".join(f"{counts[one]} {one}" for one in MessageState if counts.get(one))
                progress.update(bar, total=total, completed=settled, counts=f"{state}: {shown}")
                if found.state in OVER:
                    return
                pause.wait(LOOK_EVERY_S)
    except KeyboardInterrupt:
        say(f"the campaign goes on: dispatcher campaigns show {text}")
        raise
