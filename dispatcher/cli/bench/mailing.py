"""Campaigns of a bench, and what is read off the times of calls."""

from collections.abc import Sequence
from itertools import count
from statistics import quantiles
from typing import Any

from dispatcher.cli.bench.ground import ACCOUNT, Ground
from dispatcher.domain.lifecycle import MessageState
from dispatcher.pipeline.steer import pause
from dispatcher.producer import submit

_serial = count()


def numbers(many: int) -> list[str]:
    """Made-up mobile numbers, no two the same in one bench: a guarded client is contacted once."""
    return [f"55119{10_000_000 + next(_serial):08d}" for _ in range(many)]


def accept(ground: Ground, many: int, **more: Any) -> int:
    """A campaign to so many, taken in without the web; its number."""
    recipients = [{"phone": one} for one in numbers(many)]
    body = {"account": ACCOUNT, "text": "Olá", "recipients": recipients, **more}
    return submit(ground.wiring.stations, ACCOUNT, body).campaign_id


def sent(ground: Ground, campaign: int) -> int:
    return ground.wiring.campaigns.counts(campaign).get(MessageState.SENT, 0)


def stop(ground: Ground, campaign: int) -> None:
    """Nothing more of it is sent."""
    pause(ground.wiring.stations, ground.wiring.campaigns, campaign)


def percentile(values: Sequence[float], percent: int) -> float:
    """Of any number of values, one at least."""
    if len(values) < 2:
        return values[0]
    return quantiles(values, n=100, method="inclusive")[percent - 1]
