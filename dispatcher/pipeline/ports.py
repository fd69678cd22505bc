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
from dispatcher.domain.ids import Lane, MessageId
from dispatcher.domain.inbound import StoredEvent as StoredEvent
from dispatcher.domain.notbefore import NotBefore
from dispatcher.domain.outcomes import Outcome, Reading
from dispatcher.domain.tickets import ALL_LEFT, Allowance, Begun, Finished, Landing, Plan, Released, Retry, Ticket


class LaneClock(Protocol):
    """When each lane may send next. Every method raises ClockLost while the clock has not been built."""

    def plan(self, provider: str, plan: Plan) -> None:
        """Make a campaign known, or its end, pace, lanes and hold anew, and wake its lanes."""

    def release(self, provider: str, room: int, limit: int) -> Released:
        """Take up to `limit` due lanes, as long as fewer than `room` jobs wait in the provider's queue."""

    def begin(self, provider: str, ticket: Ticket, lease_ms: int, allowance: Allowance | None = None) -> Begun:
        """Renew the ticket's lease to now + lease_ms, once, and take its messages from the sender's day.

        Not held when it was begun before, lost its lane, or the day is not known. `allowance` None: no caps.
        """

    def renew(self, provider: str, ticket: Ticket, lease_ms: int) -> bool:
        """Renew it once more; False when the lane was given to another ticket, or a pacer is deciding about it."""

    def finish(
        self,
        provider: str,
        ticket: Ticket,
        jitter: int,
        busy_ms: int = 0,
        retries: Sequence[Retry] = (),
        landing: Landing = ALL_LEFT,
    ) -> Finished:
        """Free the lane at now + busy_ms + the delay that `jitter` draws from the campaign's pace, or when its rest
        is over; file retries."""

    def skip(
        self, provider: str, ticket: Ticket, retries: Sequence[Retry] = (), rest: NotBefore | None = None
    ) -> Finished:
        """Free the lane at once, or when its rest is over: nothing was sent, so no delay is due."""

    def forget(self, provider: str, campaign: int) -> None:
        """Drop a campaign: its cursor, its retries; flights of it may still finish."""


class LaneControl(Protocol):
    def hold_campaign(self, provider: str, campaign: int) -> None:
        """Release nothing more of a campaign (pause)."""

    def resume_campaign(self, provider: str, campaign: int) -> None: ...

    def hold_lanes(self, provider: str, lanes: Sequence[Lane], until_ms: int | None) -> None:
        """Release nothing more on these lanes, until a moment or until they are resumed."""

    def resume_lanes(self, provider: str, lanes: Sequence[Lane]) -> None: ...

    def lift_rests(self, provider: str, lanes: Sequence[Lane]) -> None:
        """The policies of these lanes' senders changed: the next ticket asks them anew."""

    def idle(self, provider: str, campaign: int) -> bool:
        """Nothing of the campaign will be released: held, or no cursor to move, nothing waiting, nothing in flight."""

    def waiting(self, provider: str, campaign: int) -> int:
        """How many tickets of the campaign wait for a time of their own."""

    def file_retries(self, provider: str, campaign: int, retries: Sequence[Retry]) -> bool:
        """Release these messages (again) at their time, from whichever lane of the campaign is free.

        False: the clock does not know the campaign (it was forgotten when it was done); plan it first."""


class ClockBuilder(Protocol):
    """The verbs of a rebuild; they alone work while the clock is lost."""

    def is_ours(self) -> bool:
        """The memory in Redis is complete, and this server's own."""

    def clear(self) -> None: ...

    def put_locks(self, locks: Iterable[ContactLock]) -> int:
        """Who must not be written to; how many locks there were."""

    def plan(self, provider: str, plan: Plan, retries: Sequence[Retry]) -> None: ...

    def rest_lane(self, provider: str, lane: Lane, ready_ms: int) -> None:
        """A lane rests until then, or longer if it was told so before."""

    def hold_lanes(self, provider: str, lanes: Sequence[Lane], until_ms: int | None) -> None:
        """Lanes of a sender that is paused."""

    def put_flight(self, provider: str, ticket: Ticket, lease_ms: int) -> bool:
        """A message that is being sent, after its campaign was planned. False: another is on this lane already."""

    def complete(self) -> None:
        """The memory is complete: sending may go on."""


class ContactLocks(Protocol):
    """The CPC lock: one open contact per client. `scope` is "global", "account:<id>" or "sender:<id>"."""

    def take(self, scope: str, key: str, holder: MessageId, until_ms: int, leaves_in_ms: int = 0) -> int:
        """0 when the lock now is the holder's (also when it was before); else the ms it still is another's.

        A reply lifts it that came after the message has left, `leaves_in_ms` from now.
        """

    def give_back(self, scope: str, key: str, holder: MessageId) -> bool:
        """Free the lock if `holder` holds it: the provider certainly did not send."""

    def lift(self, scope: str, key: str, at_ms: int) -> bool:
        """Free the client's lock if it was taken before a reply of `at_ms`."""

    def extend(self, scope: str, key: str, holder: MessageId, until_ms: int) -> None:
        """Hold the client until then, whoever held it: the provider says it is in contact."""


class Circuits(Protocol):
    """Whether a line, the base URLs that a call may go to, is worth a call."""

    def ask(self, base_urls: Sequence[str], probe_ms: int) -> int:
        """0: call, and `tell`; else how many ms it is to be left alone. One call in a while probes a line that is."""

    def tell(self, base_urls: Sequence[str], reached: bool) -> int:
        """What became of a call; how many ms the line is left alone now, 0 if it is not."""


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

    def extend(self, scope: str, key: str, holder: MessageId, until_ms: int) -> None: ...

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
