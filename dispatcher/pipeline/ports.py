"""What the stations need from outside, small, a sentence a method.

`coordination` and `ledger` and `providers` implement these; `wiring` brings both together. Times are
UTC epoch milliseconds unless a name says otherwise. Every method may raise `domain.trouble.Unavailable`: the
server behind it cannot be reached now.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from dispatcher.domain.account import Account, Sender
from dispatcher.domain.campaign import Accepted, Campaign, Draft, Job, Refuse
from dispatcher.domain.caps import Sent
from dispatcher.domain.claims import Claim as Claim
from dispatcher.domain.claims import Claimed as Claimed
from dispatcher.domain.claims import DoubtfulJob as DoubtfulJob
from dispatcher.domain.claims import Settled as Settled
from dispatcher.domain.claims import TakenJob as TakenJob
from dispatcher.domain.claims import Whereabouts as Whereabouts
from dispatcher.domain.contactlock import ContactLock
from dispatcher.domain.errorrate import Tally
from dispatcher.domain.ids import MessageId
from dispatcher.domain.inbound import StoredEvent as StoredEvent
from dispatcher.domain.outcomes import Outcome, Reading
from dispatcher.domain.tickets import Plan, Retry, Ticket
from dispatcher.pipeline.shared_ports import Circuits as Circuits
from dispatcher.pipeline.shared_ports import ClockBuilder as ClockBuilder
from dispatcher.pipeline.shared_ports import ContactLocks as ContactLocks
from dispatcher.pipeline.shared_ports import LaneClock as LaneClock
from dispatcher.pipeline.shared_ports import LaneControl as LaneControl


class Messages(Protocol):
    """A message's way through the ledger, each step one statement."""

    def claim(self, ticket: Ticket) -> Claim:
        """Move the ticket's pending messages to sending, each with a new attempt, if the campaign runs."""

    def settle(self, campaign: int, settled: Sequence[Settled]) -> int:
        """Write outcomes of attempts that are still sending or in doubt; how many were written."""

    def whereabouts(self, ticket: Ticket) -> Whereabouts:
        """What became of a ticket whose lease ran out."""

    def stuck(self, older_than_s: float, limit: int) -> list[tuple[int, int, int]]:
        """(campaign, seq, attempt) of messages that have been sending for longer than that."""


class Doubts(Protocol):
    """Messages in doubt, by the job that left them so."""

    def due(self, now_ms: int, limit: int) -> list[tuple[int, str]]:
        """(campaign, job) of up to `limit` jobs whose look-up is due; they are not due again for a minute."""

    def job(self, campaign: int, job: str) -> DoubtfulJob | None:
        """The job's messages in doubt; None when none is."""

    def postpone(self, campaign: int, job: str, due_ms: int | None) -> None:
        """Count one look-up; the next is due then, or (None) never: an operator decides."""


class Waits(Protocol):
    """Pending messages with a due time, which wait in the ledger until it is near."""

    def campaigns(self, soon_ms: int) -> list[int]:
        """Running campaigns with messages that are due by then."""

    def due(self, campaign: int, soon_ms: int, limit: int) -> tuple[Retry, ...]:
        """Of a campaign's messages that are due by then up to `limit`, those due first before the others."""

    def of_client(self, key: str, soon_ms: int) -> Sequence[tuple[int, Retry]]:
        """(campaign, retry) of the client's messages that are due by then, in campaigns that run."""

    def until_lifted(self, scope: str, key: str, message: MessageId, now_ms: int) -> int | None:
        """Let a message wait until its client's lock ends or is lifted: when it ends; None: it did already."""


class FollowUps(Protocol):
    """Both end what waits, and name the campaigns that lost a follow-up."""

    def answered(self, key: str, at_ms: int, account_id: int | None) -> Sequence[int]:
        """The client answered; `account_id`: whom, None: nobody knows."""

    def suppress(self, key: str) -> Sequence[int]:
        """The client wants no messages."""


class Campaigns(Protocol):
    def accept(
        self, account: Account, draft: Draft, idempotency: tuple[str, str] | None, refuse: Refuse | None
    ) -> Accepted:
        """Store a draft whole or not at all; `idempotency` is (key, digest of the request).

        The same key and digest again: the first receipt, `replayed`. Another digest: raises KeyReused.
        """

    def get(self, campaign: int) -> Campaign: ...

    def plan_of(self, campaign: int) -> tuple[Plan, tuple[Retry, ...]]:
        """The campaign as the clock should know it, and what waits for its time, the first thousand of it."""

    def opened(self, campaign: int) -> None: ...

    def unopened(self, older_than_s: float = 2) -> list[int]:
        """Running or paused campaigns that came or changed so long ago, and the clock was not told."""

    def running(self) -> list[int]: ...

    def complete(self, campaign: int) -> bool:
        """Done, if no message is pending or sending any more."""


class ErrorWatch(Protocol):
    """How much of a campaign fails, in windows that a failure begins."""

    def tally(self, campaign: int) -> tuple[Tally | None, Tally]:
        """The tally at which the open window began, and that of now."""

    def begin(self, campaign: int, at: Tally) -> None:
        """A window begins."""

    def pause(self, campaign: int, begin: Tally, reason: str) -> bool:
        """Pause it for what happened in this window; False when that is over."""


class PulseBook(Protocol):
    def beat(self, provider: str) -> list[int]:
        """Write down that messages can be released; the campaigns that were paused, for their start is stale."""


class Leftovers(Protocol):
    def clear(self) -> tuple[int, int, int]:
        """Clear a slice of what nobody needs any more: how many keys, events, locks."""


class Survivors(Protocol):
    """What the ledger knows of everything that Redis should hold."""

    def locks(self, now_ms: int) -> Iterable[ContactLock]:
        """Every CPC lock that still holds."""

    def live_campaigns(self) -> list[int]:
        """Running and paused campaigns."""

    def flights(self) -> list[Ticket]:
        """Tickets of messages that are sending: one for each lane and token."""


class Accounts(Protocol):
    def named(self, name: str) -> Account:
        """Raises UnknownAccount."""

    def senders(self, account_id: int) -> list[Sender]: ...

    def all_senders(self) -> list[Sender]: ...

    def halt(self, sender_ids: Sequence[int], reason: str, until_ms: int | None) -> None:
        """Write down that senders are paused and why; nothing shorter replaces a pause, nothing an operator's."""

    def sent_since(self, sender_id: int, day_start_ms: int, gap_ms: int) -> Sent:
        """What a sender sent since then, what may have left and what is on its way; its last start, a gap before then
        at the earliest."""

    def changed_within(self, seconds: float) -> list[Account]:
        """Accounts that were applied with a change in that time."""

    def resume(self, sender_ids: Sequence[int], by_hand: bool = False) -> list[int]:
        """Write down that senders go on, and which did; by hand also those that an operator paused."""


class LockBook(Protocol):
    """The durable copy of the CPC locks, and the second barrier when Redis fell back to an older state."""

    def take(self, scope: str, key: str, holder: MessageId, now_ms: int, until_ms: int, leaves_in_ms: int = 0) -> int:
        """0 when the holder has it; else the ms it still is another's."""

    def give_back(self, scope: str, key: str, holder: MessageId) -> bool:
        """Free the client, once the holder's outcome is written; False: another attempt of it may have been sent.

        Who waited for the client is due, here and when it is lifted: the clock is to be told."""

    def extend(self, scope: str, key: str, holder: MessageId, now_ms: int, until_ms: int) -> int:
        """Hold the client until then, whoever held it; longer, if it was reached before. The end."""

    def lift(self, key: str, at_ms: int, scopes: Sequence[str] | None = None) -> list[str]:
        """End the client's locks in these scopes (None: in all) taken before a reply of `at_ms`; their scopes."""


class Caller(Protocol):
    """The provider behind its transport."""

    def call(self, job: Job) -> Reading:
        """Make the job's call and read its answer; transport trouble is read too, never raised."""

    def is_up(self, account: Account, sender: Sender) -> bool | None:
        """Ask whether a sender's line is up; None where it cannot be told."""

    def look_up(self, job: Job) -> tuple[Outcome, ...] | None:
        """Ask what became of a job; None while it cannot be told."""

    def follow(self, job: Job, reference: str) -> tuple[Outcome, ...] | None:
        """Ask how a job ended that the provider took under that name; None while it goes on or cannot be told."""


class Publisher(Protocol):
    """The task bus."""

    def sends(self, provider: str, tickets: Sequence[Ticket]) -> None: ...

    def inbound(self, event_ids: Sequence[int]) -> None: ...

    def doubts(self, jobs: Sequence[tuple[int, str]]) -> None: ...

    def follows(self, firsts: Sequence[MessageId]) -> None: ...
