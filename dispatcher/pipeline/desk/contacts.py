"""Clients at the desk: what they say, who holds them, who wants none. `key` is a canonical number."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from dispatcher.domain.account import Account
from dispatcher.domain.contactlock import ContactLock
from dispatcher.domain.ids import MessageId
from dispatcher.domain.inbound import InboundEvent
from dispatcher.domain.views import DoubtView, Suppression
from dispatcher.pipeline.desk.views import Page, Resolution


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
