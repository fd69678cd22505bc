"""What the doors and the commands need from the house, small, a sentence a method; `wiring` fills a `Desk`.

Times are UTC epoch milliseconds. Every method may raise `domain.trouble.DispatcherTrouble`: a server
underneath is away. Numbers of campaigns are `domain.ids` numbers; cursors are opaque text that
`next_cursor` gave out.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, NamedTuple, Protocol, TypeVar

from dispatcher.domain.account import Account, Sender
from dispatcher.domain.audit.checks import AuditView
from dispatcher.domain.callbacks import CallbackState, CallbackView
from dispatcher.domain.campaign import Accepted, Campaign, Draft
from dispatcher.domain.changes import Change, Changed, ChunkCount, Wanted
from dispatcher.domain.contactlock import ContactLock
from dispatcher.domain.folders import Cleared, FolderLine, Receipts
from dispatcher.domain.forecast import Crew
from dispatcher.domain.hours import Hours
from dispatcher.domain.ids import MessageId
from dispatcher.domain.inbound import InboundEvent
from dispatcher.domain.lifecycle import CampaignState, MessageState
from dispatcher.domain.notbefore import NotBefore
from dispatcher.domain.views import DoubtView, Looks, MessageView, Suppression

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


class AccountsDesk(Protocol):
    """Who is asking. Tokens and secrets are compared by digest, in constant time."""

    def by_token(self, provider: str, token: str) -> Account | None:
        """The account of that provider whose ingress token this is."""

    def by_webhook(self, name: str, secret: str) -> Account | None:
        """The account of that name, if this is its webhook secret."""

    def named(self, name: str) -> Account:
        """Raises UnknownAccount."""

    def senders(self, account: Account | None = None) -> Sequence[SenderView]:
        """Every account's, or this one's."""

    def steer(self, account: Account, sender: str | None, order: Order) -> Sequence[SenderView]:
        """Pause or resume the sender of that name, or all; they, as they are then. None: there is no such sender."""


class IntakeDesk(Protocol):
    """Taking campaigns in."""

    def earlier(self, account: Account, idempotency: tuple[str, str]) -> Accepted | None:
        """The receipt that this (key, digest) was given before; raises KeyReused for another digest."""

    def accept(self, account: Account, draft: Draft, idempotency: tuple[str, str] | None) -> Accepted:
        """Store a draft whole or not at all, then plan it; returns after the commit.

        Raises BadRequest for what shows only while the messages are read, UnknownSender, EmptyCampaign and
        KeyReused; nothing is stored then.
        """


class CampaignsDesk(Protocol):
    """Looking at campaigns, and steering them."""

    def get(self, number: int) -> CampaignView | None: ...

    def page(
        self, state: CampaignState | None, account: str | None, cursor: str | None, limit: int
    ) -> Page[CampaignView]:
        """Newest first."""

    def messages(
        self, number: int, state: MessageState | None, cursor: str | None, limit: int
    ) -> Page[MessageView] | None:
        """A campaign's messages by seq; None when there is no such campaign."""

    def between(self, account_id: int, low: int, high: int) -> Sequence[CampaignView]:
        """The account's campaigns with low <= number < high; a hundred at most."""

    def message(self, message: MessageId) -> MessageView | None: ...

    def steer(self, number: int, order: Order) -> bool:
        """Carry out an order; False when the campaign's state does not allow it. Twice is as good as once.

        Raises NoSenderLeft when it cannot be resumed.
        """

    def resume(self, number: int, scope: Collection[MessageState]) -> bool:
        """Resume these of RESUMABLE, as `pipeline.steer.resume_scope` does."""

    def change(self, number: int, change: Change) -> bool:
        """Change pace, priority or name; False: the campaign is over."""

    def changes(self, number: int) -> Sequence[Changed]:
        """What was changed since it was accepted, the oldest change first."""

    def lines(self, number: int) -> Iterator[MessageView] | None:
        """All of a campaign's messages by seq, as a stream; None when there is no such campaign."""


class UpstreamDesk(Protocol):
    """An account's own campaigns; those that were removed are none."""

    def find(
        self, account: Account, wanted: Wanted, offset: int = 0, limit: int = 1
    ) -> tuple[int, Sequence[UpstreamView]]:
        """How many there are, and those of the page, newest first."""

    def between_chunks(self, account: Account) -> tuple[int, ...]:
        """The numbers of campaigns that wait for their next chunk, this account's and others'."""

    def change(self, number: int, change: Change) -> bool:
        """Change pace or start of what is not sent yet; False: the campaign is over."""

    def remove(self, number: int) -> None:
        """Cancel a campaign if it is not over, and show it to its upstream app no more."""


class FoldersDesk(Protocol):
    """Campaigns as the folders of one account, until they are removed; operators and the ledger keep those."""

    def folders(self, account: Account, removed: bool) -> Sequence[FolderView]:
        """Newest first, a thousand at most."""

    def folder(self, account: Account, number: int) -> CampaignView | None:
        """None: there is none, it is another account's, or it was removed."""

    def part(self, campaign: int, states: Sequence[MessageState], offset: int, limit: int) -> Sequence[FolderLine]:
        """A campaign's messages by seq: all, or those in these states."""

    def clear(self, account: Account, ended_before_ms: int | None) -> Cleared:
        """Remove those that had ended by then; None: all, whatever they are at."""


class ContactsDesk(Protocol):
    """Clients: what they say, who holds them, what may have reached them. `key` is a canonical number."""

    def receive(self, account: Account | None, events: Iterable[InboundEvent]) -> int:
        """Store events and have them processed; how many were new."""

    def locks(self, key: str) -> Sequence[ContactLock]: ...

    def lift(self, key: str) -> int:
        """Free the client in every scope; how many locks there were."""

    def in_doubt(self, cursor: str | None, limit: int, undecided: bool = False) -> Page[DoubtView]:
        """Oldest first; `undecided`: only those that no provider will be asked about any more."""

    def resolve(self, message: MessageId, resolution: Resolution) -> bool | None:
        """Settle a message in doubt; False when it is not (any more), None when there is no such message."""


class SuppressionsDesk(Protocol):
    """Clients who asked not to be contacted. `key` is a canonical number."""

    def add(self, key: str, reason: str) -> bool:
        """False when the client was suppressed already; the first reason stays."""

    def remove(self, key: str) -> bool:
        """False when the client was not suppressed."""

    def get(self, key: str) -> Suppression | None: ...

    def page(self, cursor: str | None, limit: int) -> Page[Suppression]:
        """In the order of their numbers."""


class CallbacksDesk(Protocol):
    """What upstream apps are told, and were not."""

    def page(self, state: CallbackState | None, cursor: str | None, limit: int) -> Page[CallbackView]:
        """Oldest first."""

    def send_again(self, number: int) -> bool | None:
        """Let one that failed be posted again; False when it has not, or no URL is named; None when there is none."""

    def send_all_again(self, account: str | None) -> int:
        """The same for all, or an account's; how many. Raises UnknownAccount."""


class HouseDesk(Protocol):
    """The installation itself."""

    def checks(self) -> Sequence[Check]:
        """Redis, ledger, at least one worker."""

    def figures(self) -> Figures: ...

    def audit(self) -> AuditView:
        """What does not add up now, as the last round of the auditor left it."""

    def leads_file(self, name: str) -> str | None:
        """The CSV with a job's recipients that a signed name stands for; None when it stands for nobody (any more)."""


@dataclass(frozen=True, slots=True)
class Desk:
    """All that is behind the doors and the commands.

    `now_ms` is the installation's one clock; `open_leads` fetches the file that an upstream app names.
    """

    accounts: AccountsDesk
    intake: IntakeDesk
    campaigns: CampaignsDesk
    upstream: UpstreamDesk
    folders: FoldersDesk
    contacts: ContactsDesk
    suppressions: SuppressionsDesk
    callbacks: CallbacksDesk
    house: HouseDesk
    now_ms: Callable[[], int]
    open_leads: Callable[[str], Iterable[bytes]]
