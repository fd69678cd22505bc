"""What comes back from providers: events as they are stored, and what they say. `ledger` implements these."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from dispatcher.domain.account import Account
from dispatcher.domain.claims import FailedLater, Settled, TakenJob
from dispatcher.domain.ids import MessageId
from dispatcher.domain.inbound import InboundEvent, ReceiptState, StoredEvent


class InboundEvents(Protocol):
    def store(self, account: Account | None, events: Iterable[InboundEvent], due_ms: int | None = None) -> list[int]:
        """Write events down once each; the numbers of those that are new. `due_ms`: nobody is about to publish them."""

    def take(self, number: int) -> StoredEvent | None:
        """An event that still waits to be processed."""

    def processed(self, number: int, what: str) -> None: ...

    def put_off(self, number: int, due_ms: int) -> None:
        """It waits until then, and one try more is counted."""

    def broken(self, number: int) -> None:
        """It broke whoever took it; it is tried again later, and in the end given up."""

    def waiting(self, older_than_s: float, limit: int, leased_s: float = 0.0) -> list[int]:
        """Events that nobody publishes, the accounts in turns; nobody else is given them for `leased_s`."""


class Feedback(Protocol):
    """What events say about messages and clients."""

    def heard(self, key: str, from_ms: int, before_ms: int) -> int | None:
        """When the first reply of the client that is known from this time happened, whoever told of it."""

    def is_awaited(self, key: str) -> bool:
        """A message to this client ("": to anybody) is being sent, or in doubt: its name may become known yet."""

    def answered(self, key: str, at_ms: int, account_id: int | None) -> None:
        """The client's latest message before then has been answered; `account_id`: whose, None: nobody knows."""

    def named(self, account_id: int, event: InboundEvent) -> bool:
        """A message that had its job's name gets its own; False when there is no such message."""

    def receipt(
        self, account_id: int | None, provider_ref: str, state: ReceiptState, at_ms: int, why: str = ""
    ) -> bool:
        """Move a message's delivered_at or read_at forward, never back; False when there is no such message."""


class Polls(Protocol):
    """Jobs that a provider took and may fail yet, each known by the message that carries the questions about it."""

    def due(self, now_ms: int, limit: int) -> list[MessageId]:
        """Up to `limit` messages whose job is to be asked about, or whose client to be given back."""

    def job(self, first: MessageId) -> TakenJob | None:
        """None when it is not sent any more, or has no name at the provider."""

    def failed(self, message: MessageId) -> FailedLater | None:
        """A message that failed after it was sent, and whose client may not have been given back everywhere."""

    def freed(self, campaign: int, seqs: Sequence[int]) -> None: ...

    def never(self, message: MessageId) -> None:
        """There is nothing to ask about it, or to give back."""

    def named(self, account_id: int, name: str) -> MessageId | None:
        """Who carries the questions about the job of that name."""

    def tell(
        self, taken: TakenJob, told: Sequence[Settled], still_open: Sequence[int], due_ms: int | None, now_ms: int
    ) -> list[FailedLater]:
        """Write down who failed, who has a name of its own, and when to ask about the others; those that failed."""
