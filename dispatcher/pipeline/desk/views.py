"""What the desk shows of campaigns, senders and the house, and what it may be told. Times are UTC epoch ms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from dispatcher.domain.account import Sender
from dispatcher.domain.campaign import Campaign
from dispatcher.domain.changes import ChunkCount
from dispatcher.domain.folders import Receipts
from dispatcher.domain.forecast import Crew
from dispatcher.domain.hours import Hours
from dispatcher.domain.lifecycle import MessageState
from dispatcher.domain.notbefore import NotBefore
from dispatcher.domain.views import Looks

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of a list, and the cursor that asks for what follows; None at the end."""

    items: tuple[T, ...]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class CampaignView:
    """A campaign and how far it is. `crews`: who may send for it now, in its `hours`, if any are set;
    `started_at_ms`: its first send;
    `waits_until_ms`: when the last is due of those that wait for a time of their own (0: none does).
    """

    campaign: Campaign
    account: str
    provider: str
    counts: Mapping[MessageState, int]
    senders: tuple[str, ...] = ()
    crews: tuple[Crew, ...] = ()
    hours: Hours | None = None
    started_at_ms: int | None = None
    waits_until_ms: int = 0

    @property
    def total(self) -> int:
        """All messages, follow-ups too: there are more of these as the campaign goes on."""
        return sum(self.counts.values()) or self.campaign.total


@dataclass(frozen=True, slots=True)
class UpstreamView:
    """A campaign as its upstream app is shown it. Times are UTC epoch milliseconds.

    `chunks` by their index; `gate_ms`: when the next chunk may start, while the campaign stands between two.
    `looks`: how it was looked after; None: not in the last hour, or it is not known.
    """

    seen: CampaignView
    chunks: Mapping[int, ChunkCount]
    gate_ms: int | None = None
    changed_ms: int | None = None
    looks: Looks | None = None


class FolderView(NamedTuple):
    view: CampaignView
    receipts: Receipts


@dataclass(frozen=True, slots=True)
class SenderView:
    """`waits`: the moment before which it sends nothing although it has work, and why."""

    sender: Sender
    account: str
    provider: str
    waits: NotBefore | None = None


class Order(StrEnum):
    """What an operator may tell a campaign; a sender only the first two."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    RETRY_FAILED = "retry-failed"


class Resolution(StrEnum):
    """What an operator may say of a message in doubt."""

    SENT = "sent"
    FAILED = "failed"
    RETRY = "retry"


class Check(NamedTuple):
    """One thing that must work for the installation to be ready; `note` says what is wrong."""

    name: str
    ok: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts for the metrics, by words only: states, providers, queue names; never anything about a person.

    `messages` and `campaigns` are those that are not over yet; `in_doubt` counts all, `undecided` those that wait for
    an operator. `workers`: pacers that listen. `findings` of the auditor by check; `audit_age_s`: its last round.
    """

    messages: Mapping[str, int] = field(default_factory=dict)
    in_doubt: int = 0
    undecided: int = 0
    undecided_oldest_s: float = 0.0
    campaigns: Mapping[str, int] = field(default_factory=dict)
    queues: Mapping[str, int] = field(default_factory=dict)
    lanes_waiting: Mapping[str, int] = field(default_factory=dict)
    lanes_in_flight: Mapping[str, int] = field(default_factory=dict)
    retries: Mapping[str, int] = field(default_factory=dict)
    workers: Mapping[str, int] = field(default_factory=dict)
    callbacks: Mapping[str, int] = field(default_factory=dict)
    findings: Mapping[str, int] = field(default_factory=dict)
    audit_age_s: float | None = None
