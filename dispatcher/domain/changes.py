"""What an upstream app or an operator may still ask of a campaign under way, and what they are shown of it.

Who is written to, and what, is frozen when a campaign is accepted. Its start and its pace are not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dispatcher.domain.lifecycle import CampaignState


@dataclass(frozen=True, slots=True)
class Change:
    """A new pace, start and hours for what is not sent yet, a name. None: as it is; `chunk_size` 0: one single chunk.

    `business_hours` "": its account's own. `moves_start`: `scheduled_for_ms` counts, and None then is "at once".
    `options` are added to those of the dialect.
    """

    delay_min_ms: int | None = None
    delay_max_ms: int | None = None
    chunk_size: int | None = None
    chunk_gap_ms: int | None = None
    moves_start: bool = False
    scheduled_for_ms: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    priority: int | None = None
    name: str | None = None
    business_hours: str | None = None

    @property
    def is_empty(self) -> bool:
        return self == Change(options=self.options)


class Changed(NamedTuple):
    """A change that was made (`at_ms`: UTC epoch): the columns that differ, what they were and what they are."""

    at_ms: int
    was: Mapping[str, Any]
    now_is: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of an account's campaigns. None and "" ask for nothing; `numbers` and `not_numbers` narrow it further.

    `state` as it is shown (`scheduled` too); `sent`: whether at least one message was sent, or is in doubt
    when the campaign is done. `hours`, `not_hours`: the business hours that it names, "" for none.
    """

    name: str = ""
    sender: str = ""
    state: CampaignState | None = None
    sent: bool | None = None
    numbers: tuple[int, ...] | None = None
    not_numbers: tuple[int, ...] = ()
    hours: tuple[str, ...] | None = None
    not_hours: tuple[str, ...] | None = None


class ChunkCount(NamedTuple):
    """A chunk's messages: all, and those that are settled, sent, delivered, read, answered (each counts the next).

    A cancelled message is not settled here: nothing was done about it.

    `last_ms`: when one was settled last (UTC epoch).
    """

    total: int
    settled: int
    sent: int
    delivered: int
    read: int
    answered: int
    last_ms: int | None
