"""What comes back from providers: events as they are stored, and what they say. `ledger` implements these."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from dispatcher.domain.account import Account
from dispatcher.domain.claims import Settled, TakenJob
from dispatcher.domain.ids import MessageId
from dispatcher.domain.inbound import InboundEvent, ReceiptState, StoredEvent


class InboundEvents(Protocol):
    def store(self, account: Account | None, events: Iterable[InboundEvent]) -> list[int]:
        """Write events down once each; the numbers of those that are new."""

    def take(self, number: int) -> StoredEvent | None:
        """An event that still waits to be processed."""

    def processed(self, number: int, what: str) -> None: ...

    def put_off(self, number: int, due_ms: int) -> None:
        """It waits until then, and one try more is counted."""

    def waiting(self, older_than_s: float, limit: int) -> list[int]: ...


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


class Follows(Protocol):
    """Jobs that a provider took and may fail yet, each known by its first message that was sent."""

    def due(self, now_ms: int, limit: int) -> list[MessageId]:
        """Up to `limit` jobs to be asked about; they are not due again for a minute."""

    def job(self, first: MessageId) -> TakenJob | None:
        """None when it is not sent any more, or has no name at the provider."""

    def postpone(self, first: MessageId, due_ms: int | None) -> None:
        """Count one question; the next is due then, or (None) never."""

    def fail(self, campaign: int, failed: Sequence[Settled]) -> list[int]:
        """Of these messages, those that were sent and of which nothing was heard become failed; which those were."""
