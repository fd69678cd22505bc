"""A message's way through the ledger, which implements these: its claim, its outcome, what it waits for."""

from collections.abc import Callable, Sequence
from typing import Protocol

from dispatcher.domain.claims import Claim, DoubtfulJob, Settled, Whereabouts
from dispatcher.domain.ids import MessageId
from dispatcher.domain.loststarts import Noted
from dispatcher.domain.tickets import Retry, Ticket


class Messages(Protocol):
    """A message's way through the ledger, each step one statement."""

    def claim(self, ticket: Ticket) -> Claim:
        """Move the ticket's pending messages to sending, each with a new attempt, if the campaign runs."""

    def claim_all(self, tickets: Sequence[Ticket]) -> Sequence[Callable[[], Claim]]:
        """The same for tickets that are taken up together; each claim raises what its own ticket failed with."""

    def settle(self, campaign: int, settled: Sequence[Settled]) -> int:
        """Write outcomes of attempts that are still sending or in doubt; how many were written."""

    def settle_all(self, asked: Sequence[tuple[int, Sequence[Settled]]]) -> Sequence[Callable[[], int]]:
        """The same for tickets that end together, each with its campaign; an answer raises what its own failed with."""

    def whereabouts(self, ticket: Ticket) -> Whereabouts:
        """What became of a ticket whose lease ran out."""

    def stuck(self, older_than_s: float, limit: int) -> list[tuple[int, int, int]]:
        """(campaign, seq, attempt) of messages that have been sending for longer than that."""


class LostStarts(Protocol):
    """Messages whose worker was not heard of again between beginning them and claiming them."""

    def note(self, ticket: Ticket, now_ms: int, begun_ms: int) -> Noted:
        """Hold a lost ticket, begun then or before, against its messages that nobody claimed, once: they wait on, alone
        from the second time, and have failed at last. What many of them have in common is paused."""


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
        """Of a campaign's messages that are due by `soon_ms` up to `limit`, those due first before the others."""

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
