"""A campaign as it is asked for (`Draft`), as it is kept (`Campaign`), and a job of it on its way out (`Job`).

A message's content is provider-neutral and has the shape of uazapi's messages without the number:
`{"type": "text", "text": …}`, `{"type": "list", "text": …, "listButton": …, "choices": […]}` and so on
(seeds/001, PROVIDERS 1.2). Content comes from the message itself, or from its campaign.
`fields` are the recipient's own columns and fill `{{column}}` in the content; a message without fields
is sent to the letter. `params` are for the provider alone (CPC's contract, Builder's own keys).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dispatcher.domain.account import Account, OnLocked, Sender
from dispatcher.domain.ids import MessageId, job_text
from dispatcher.domain.lifecycle import CampaignState
from dispatcher.domain.pacing import Pacing

Content = Mapping[str, Any]

LONGEST_KEY = 255  # characters of an idempotency key; honest ones are names or UUIDs


class Route(NamedTuple):
    """Which provider a campaign goes through."""

    id: int
    provider: str


class DraftMessage(NamedTuple):
    """One recipient. `problem` is a reason word: the message is kept, but failed from the start.

    `phone` is what is dialled, `key` its canonical form for locks and replies ("" for a group). `written` is how the
    upstream app spelt it, for answers that name recipients.
    """

    phone: str
    key: str
    content: Content | None = None
    fields: Mapping[str, str] | None = None
    params: Mapping[str, Any] | None = None
    problem: str | None = None
    written: str = ""


class Roll(NamedTuple):
    """One or more recipients as the rows of a table: `cells` are each one's fields, in the order of `names`, or, with
    `as_content`, each one's content, whose values may be anything that JSON has.

    `phones`, `keys` and `written` are theirs as a DraftMessage has them; `problems` are of those who have one, by their
    place.
    """

    names: Sequence[str]
    cells: Sequence[Sequence[Any]]
    phones: Sequence[str]
    keys: Sequence[str]
    written: Sequence[str]
    problems: Mapping[int, str]
    as_content: bool = False

    def messages(self) -> Iterator[DraftMessage]:
        each = zip(self.cells, self.phones, self.keys, self.written, strict=True)
        for place, (cells, phone, key, written) in enumerate(each):
            own = dict(zip(self.names, cells, strict=True))
            content, fields = (own, None) if self.as_content else (None, own)
            yield DraftMessage(phone, key, content, fields, None, self.problems.get(place), written)


class Rolls:
    """Messages of a draft in rolls, or lists where they are not alike: what takes many at once need not look at each.
    Read once, either way.
    """

    def __init__(self, rolls: Iterable[Roll | list[DraftMessage]]) -> None:
        self.rolls = rolls

    def __iter__(self) -> Iterator[DraftMessage]:
        for roll in self.rolls:
            yield from roll.messages() if isinstance(roll, Roll) else roll


@dataclass(frozen=True, slots=True)
class Draft:
    """What an upstream app asks for, checked, in no dialect. `messages` is read once, as a stream; it may be `Rolls`.

    `pacing` is complete but for its `batch`, which depends on who will send it: the dialect's reader fills in
    the account's defaults. `chunks_count` becomes a chunk size when the messages have been counted. `join_key`:
    drafts of one account with the same key feed one campaign. `business_hours`: the hours of its
    account that count, by name; None: the account's own. `options` is the dialect's own memory (fields that
    are echoed back).
    """

    name: str
    dialect: str
    messages: Iterable[DraftMessage]
    pacing: Pacing = field(default_factory=Pacing)
    chunks_count: int = 0
    content: Content | None = None
    senders: tuple[str, ...] = ()
    scheduled_for_ms: int | None = None
    guarded: bool | None = None
    on_locked: OnLocked | None = None
    validity_s: int | None = None
    priority: int = 0
    callback_url: str | None = None
    follow_ups: tuple[Mapping[str, Any], ...] = ()
    join_key: str | None = None
    business_hours: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class Refusal(NamedTuple):
    """A recipient that will not be written to, known already when the campaign was accepted: `phone` as it was written.

    `left_ms`: how long the client still counts as contacted, where that is the reason and the end is known.
    """

    phone: str
    reason: str
    left_ms: int = 0


Refuse = Callable[[int, Sequence[DraftMessage]], Sequence[Refusal | None]]
"""Of some messages for a campaign, in their order: why each will not be sent, or None."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The receipt for a draft: `queued` messages wait, `refused` were settled at once; together they are the draft's.

    They begin at `first_seq`, which is 0 unless the draft was joined to a campaign that was there.

    `replayed`: the idempotency key had been used for this very request before; nothing new was stored.
    """

    campaign_id: int
    created_at_ms: int
    accepted: int
    queued: int
    refused: tuple[Refusal, ...] = ()
    replayed: bool = False
    first_seq: int = 0


class KeyReused(ValueError):
    """An idempotency key came again with another request; nothing was stored."""


class EmptyCampaign(ValueError):
    """A draft without a single message; nothing was stored."""


class CampaignFull(ValueError):
    """A campaign would get more messages than it has numbers for; nothing was stored."""


class UnknownSender(ValueError):
    """A draft names a sender that its account does not have; nothing was stored."""


class NoSenderLeft(ValueError):
    """A campaign cannot be resumed: the accounts file has none of its senders."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign in the ledger: frozen when it was accepted, but for its state and its pace.

    `sender_ids` empty: it may leave from every sender of its account.
    """

    id: int
    account_id: int
    name: str
    dialect: str
    state: CampaignState
    pacing: Pacing
    total: int
    created_at_ms: int
    content: Content | None = None
    sender_ids: tuple[int, ...] = ()
    scheduled_for_ms: int | None = None
    guarded: bool = False
    on_locked: OnLocked = OnLocked.BLOCK
    validity_s: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    priority: int = 0
    callback_url: str | None = None
    follow_ups: tuple[Mapping[str, Any], ...] = ()
    paused_reason: str | None = None
    finished_at_ms: int | None = None
    business_hours: str | None = None


class Parcel(NamedTuple):
    """A claimed message, with its content filled in, ready to be handed to a provider."""

    seq: int
    attempt: int
    phone: str
    key: str
    content: Content
    fields: Mapping[str, str]
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Job:
    """One provider call to come: parcels of one campaign, leaving from one sender.

    `leads_url` is where the provider may fetch the parcels as CSV, for a provider that takes recipients as a file.
    `mark` is the id under which the provider knows a job of the past; a job to come makes its own.
    """

    campaign: Campaign
    account: Account
    sender: Sender
    parcels: tuple[Parcel, ...]
    leads_url: str = ""
    mark: str = ""

    @property
    def id(self) -> str:
        if self.mark:
            return self.mark
        first = self.parcels[0]
        return job_text(MessageId(self.campaign.id, first.seq), first.attempt)
