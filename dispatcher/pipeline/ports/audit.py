"""What the auditor reads and writes, and nobody else: its own book, and everything that must add up."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from dispatcher.domain.audit.campaigns import Kept, Known, Rows
from dispatcher.domain.audit.checks import AuditView, Finding
from dispatcher.domain.audit.flights import Flown, Queue, Sending
from dispatcher.domain.audit.locks import Held, InLedger, Standing
from dispatcher.domain.audit.standstill import Standstill
from dispatcher.domain.ids import MessageId
from dispatcher.domain.views import Looks


class AuditBook(Protocol):
    """Whose turn it is, how far the rounds got, what does not add up now. The ledger's."""

    def take(self, every_s: float, lease_s: float) -> tuple[str, Mapping[str, Any]] | None:
        """A turn: its lease, and the places of the last; None: it is not time, or somebody else is at it."""

    def close(
        self, lease: str, places: Mapping[str, Any], found: Sequence[Finding]
    ) -> tuple[Sequence[Finding], Sequence[Finding]] | None:
        """Write down what a round found: what is new, and what is gone. None: the turn was over before."""

    def put_back(self, lease: str) -> None:
        """The turn ends without a word."""

    def view(self) -> AuditView: ...


class AuditedLedger(Protocol):
    """Campaigns and their messages."""

    def live(self, after: int, limit: int) -> Sequence[tuple[int, int]]:
        """(campaign, its messages) of those that are not over, behind the number `after`."""

    def finished(self, after_ms: int, limit: int) -> Sequence[tuple[int, int, int]]:
        """(campaign, its messages, its end) of those that ended later than that, the first first."""

    def kept(self, campaigns: Sequence[int]) -> Sequence[Kept]: ...

    def counted(self, campaign: int, below: int) -> Rows | None:
        """Every message of a campaign, and those that wait for no time below this seq; None: there is none."""

    def sending(self, limit: int) -> Sequence[Sending]:
        """What is being sent, the longest first."""


class AuditedLocks(Protocol):
    """The book of locks, and what stands still."""

    def standing(self, place: tuple[str, str], limit: int, now_ms: int) -> tuple[Sequence[Standing], tuple[str, str]]:
        """The locks that stand among so many behind a (scope, client), and how far that is."""

    def of_holders(self, held: Sequence[tuple[str, MessageId]]) -> Sequence[InLedger]:
        """What the ledger says of locks that are said to be these messages', in these scopes."""

    def standstill(self, now_ms: int) -> Standstill: ...


class AuditedClock(Protocol):
    """The lane clock."""

    def epoch(self) -> str | None:
        """Names the memory that is there; None: it is not complete."""

    def flights(self, provider: str) -> Sequence[Flown]: ...

    def queue(self, provider: str) -> Queue: ...

    def known(self, provider: str, campaigns: Sequence[int]) -> Mapping[int, Known]:
        """Those of these campaigns that the clock knows."""

    def covered(self, provider: str, campaign: int) -> Sequence[tuple[int, int]]:
        """(first, size) of the campaign's messages that are in flight, or filed."""


class AuditedKeys(Protocol):
    """The locks in Redis, `<scope>:<digest>`."""

    def lock_names(self, place: int, limit: int) -> tuple[Sequence[str], int]:
        """About so many of them, behind a place, and the next place."""

    def lock_name(self, scope: str, key: str) -> str:
        """A client's lock."""

    def locks(self, names: Sequence[str]) -> Mapping[str, Held]:
        """Those of these that are there."""


class LookBook(Protocol):
    """What sweepers wrote down of their rounds. Redis'."""

    def of(self, campaigns: Collection[int]) -> Mapping[int, Looks]:
        """How often, and when, sweepers looked at these campaigns; those of the last hour."""
