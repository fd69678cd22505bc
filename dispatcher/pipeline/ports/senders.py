"""Accounts and their senders in the ledger, which implements these."""

from collections.abc import Sequence
from typing import Protocol

from dispatcher.domain.account import Account, Sender
from dispatcher.domain.caps import Sent


class Accounts(Protocol):
    def named(self, name: str) -> Account:
        """Raises UnknownAccount."""

    def senders(self, account_id: int) -> list[Sender]: ...

    def once_paused(self) -> list[Sender]:
        """Of every account those that are paused, or were before, and can be read."""

    def sent_since(self, sender_id: int, day_start_ms: int, gap_ms: int) -> Sent:
        """What a sender sent since then, what may have left and what is on its way; its last start, a gap before then
        at the earliest."""

    def changed_within(self, seconds: float) -> list[Account]:
        """Accounts that can be read, of those that were applied with a change in that time."""


class Pauses(Protocol):
    """Which senders stand still, and why."""

    def halt(self, sender_ids: Sequence[int], reason: str, until_ms: int | None) -> None:
        """Write down that senders are paused and why; nothing shorter replaces a pause, nothing an operator's."""

    def resume(self, sender_ids: Sequence[int], by_hand: bool = False) -> list[int]:
        """Write down that senders go on, and which did; by hand also those that an operator paused."""

    def line_changed(self, sender_ids: Sequence[int], at_ms: int, reason: str | None) -> list[int]:
        """Senders' lines went down, and why, or came up: whom that pauses, or lets go on; none, if newer is known."""
