"""Campaigns in the ledger, which implements these, and what watches over all of them."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from dispatcher.domain.account import Account
from dispatcher.domain.campaign import Accepted, Campaign, Draft, Refuse
from dispatcher.domain.contactlock import ContactLock
from dispatcher.domain.errorrate import Tally
from dispatcher.domain.tickets import Plan, Retry, Ticket


class Campaigns(Protocol):
    def accept(
        self, account: Account, draft: Draft, idempotency: tuple[str, str] | None, refuse: Refuse | None
    ) -> Accepted:
        """Store a draft whole or not at all; `idempotency` is (key, digest of the request).

        The same key and digest again: the first receipt, `replayed`. Another digest: raises KeyReused.
        """

    def get(self, campaign: int) -> Campaign: ...

    def running(self) -> list[int]: ...

    def over(self, campaigns: Sequence[int]) -> list[int]:
        """Those of them that ended more than a minute ago."""

    def complete(self, campaign: int) -> bool:
        """Done, if no message is pending or sending any more."""


class Plans(Protocol):
    """Campaigns as the clock should know them."""

    def plan_of(self, campaign: int) -> tuple[Plan, tuple[Retry, ...]]:
        """The campaign as the clock should know it, and what waits for its time, the first thousand of it."""

    def opened(self, campaign: int) -> None: ...

    def unopened(self, older_than_s: float = 2) -> list[int]:
        """Running or paused campaigns that came or changed so long ago, and the clock was not told."""


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


class Survivors(Protocol):
    """What the ledger knows of everything that Redis should hold."""

    def locks(self, now_ms: int) -> Iterable[ContactLock]:
        """Every CPC lock that still holds."""

    def live_campaigns(self) -> list[int]:
        """Running and paused campaigns."""

    def flights(self) -> list[Ticket]:
        """Tickets of messages that are sending: one for each lane and token."""


class Overdue(Protocol):
    def expire(self, now_ms: int) -> list[int]:
        """Of each running campaign that may have messages past their validity, let a slice expire; these campaigns."""


class Leftovers(Protocol):
    def clear(self) -> tuple[int, int, int]:
        """Clear a slice of what nobody needs any more: how many keys, events, locks."""
