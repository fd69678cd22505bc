"""Who is in contact: the CPC locks in Redis, which are fast, and their book in the ledger, which does not forget."""

from collections.abc import Sequence
from typing import Protocol

from dispatcher.domain.contactlock import FREE, Stands, Wish
from dispatcher.domain.ids import MessageId


class ContactLocks(Protocol):
    """The CPC lock: one open contact per client. `scope` is "global", "account:<id>" or "sender:<id>"."""

    def take(self, scope: str, key: str, holder: MessageId, until_ms: int, leaves_in_ms: int = 0) -> int:
        """0 when the lock now is the holder's (also when it was before); else the ms it still is another's.

        A reply lifts it that came after the message has left, `leaves_in_ms` from now.
        """

    def take_all(self, wishes: Sequence[Wish]) -> Sequence[int]:
        """The same for messages that want their clients at the same moment; `holder` is whom each follows up."""

    def give_back(self, scope: str, key: str, holder: MessageId, stands: Stands = FREE) -> bool:
        """Free the lock if `holder` holds it, or let it stand as it did: the provider certainly did not send."""

    def lift(self, scope: str, key: str, at_ms: int) -> bool:
        """Free the client's lock if it was taken before a reply of `at_ms`."""

    def extend(self, scope: str, key: str, holder: MessageId, until_ms: int) -> None:
        """The provider says the client is in contact: hold it until then, whoever held it; longer, if another did."""


class LockBook(Protocol):
    """The durable copy of the CPC locks, and the second barrier when Redis fell back to an older state."""

    def take(self, scope: str, key: str, message: MessageId, now_ms: int, until_ms: int, leaves_in_ms: int = 0) -> int:
        """0 when the message, or the one it follows up, has it; else the ms it still is another's."""

    def take_all(self, wishes: Sequence[Wish], now_ms: int) -> Sequence[int]:
        """The same for messages that want their clients at the same moment."""

    def give_back(self, scope: str, key: str, message: MessageId) -> Stands | None:
        """Free the client, once the message's outcome is written; of a follow-up, as it was before. What still stands;
        None: another attempt of the message may have been sent.

        Who waited for the client is due, here and when it is lifted: the clock is to be told."""

    def extend(self, scope: str, key: str, message: MessageId, now_ms: int, until_ms: int) -> int:
        """Hold the client until then, whoever held it; longer, if it was reached before. The end."""

    def lift(self, key: str, at_ms: int, scopes: Sequence[str] | None = None) -> list[str]:
        """End the client's locks in these scopes (None: in all) taken before a reply of `at_ms`; their scopes."""
