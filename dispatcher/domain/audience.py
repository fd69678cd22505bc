"""Whom of a campaign's recipients nobody would write to if it left now, and why.

    would be      because
    failed        the message cannot be sent: no number, a field is missing, …        counted by reason alone
    suppressed    the client asked not to be contacted
    blocked       the client is in contact (CPC), or an earlier message of the file reaches them; `on_locked` is block
    deferred      the same with defer: it leaves when they reply, or when the contact ends
    may be        with cpc_scope tag and several senders: they are in contact with one of these, whoever it leaves from

Pure: what the ledger knows of the clients goes in with each slice of the messages.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from dispatcher.domain.account import OnLocked
from dispatcher.domain.campaign import DraftMessage
from dispatcher.domain.contactlock import ContactLock
from dispatcher.domain.guards import CONTACT_OPEN, turned_away
from dispatcher.domain.views import Suppression


class WouldBe(StrEnum):
    SUPPRESSED = "suppressed"
    BLOCKED = "blocked"
    DEFERRED = "deferred"
    MAYBE_BLOCKED = "maybe_blocked"
    MAYBE_DEFERRED = "maybe_deferred"

    @property
    def waits(self) -> bool:
        """It leaves later than the others, when its client is free."""
        return self in (WouldBe.DEFERRED, WouldBe.MAYBE_DEFERRED)


class KeptBack(NamedTuple):
    """A message that would not leave now: its place in the file (from 0 on) and its phone as it was written.

    `lock` is the contact that stands in its way, `suppression` the client's word; neither: an earlier message of the
    file, or of the campaign that the file would feed, reaches the same client first.
    """

    place: int
    phone: str
    would_be: WouldBe
    suppression: Suppression | None = None
    lock: ContactLock | None = None


class Known(NamedTuple):
    """What the ledger knows of some clients: `expected` are those that the campaign reaches anyway."""

    suppressed: Mapping[str, Suppression]
    locks: Sequence[ContactLock]
    expected: Collection[str] = ()


@dataclass(slots=True)
class Audience:
    """`scopes`: the locks that count, one for each group of senders; none where the campaign is not guarded.

    `absent`: the places of the messages that do not leave by the plan, in order.
    """

    scopes: Collection[str]
    on_locked: OnLocked
    total: int = 0
    invalid: Counter[str] = field(default_factory=Counter)
    people: set[str] = field(default_factory=set)
    absent: list[int] = field(default_factory=list)
    kept_back: list[KeptBack] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)

    @property
    def recipients(self) -> int:
        """Messages that can be sent at all."""
        return self.total - self.invalid.total()

    def add(self, messages: Sequence[DraftMessage], known: Known) -> None:
        """The next slice of the messages, with what is known of their clients."""
        locks: dict[str, list[ContactLock]] = {}
        for lock in known.locks:
            locks.setdefault(lock.key, []).append(lock)
        if len(self.scopes) == 1:
            self.reached.update(known.expected)
        for message in messages:
            self._add(message, known.suppressed, locks.get(message.key, []))
            self.total += 1

    def _add(self, message: DraftMessage, suppressed: Mapping[str, Suppression], locks: list[ContactLock]) -> None:
        refusal = turned_away(message, suppressed, {message.key: 1} if self._is_held(locks) else {}, self.reached)
        if message.problem:
            self.invalid[message.problem] += 1
        else:
            self.people.add(message.key or message.phone)
        if refusal is not None:
            self.absent.append(self.total)
        if refusal is None and message.key and len(self.scopes) == 1:
            self.reached.add(message.key)
        if not message.problem and (refusal or locks):
            self.kept_back.append(self._kept(message, refusal.reason if refusal else "", suppressed, locks))

    def _is_held(self, locks: Sequence[ContactLock]) -> bool:
        """Whichever sender it leaves from."""
        return bool(locks) and len({lock.scope for lock in locks}) == len(self.scopes)

    def _kept(
        self, message: DraftMessage, reason: str, suppressed: Mapping[str, Suppression], locks: list[ContactLock]
    ) -> KeptBack:
        place, phone = self.total, message.written or message.phone
        if reason and reason != CONTACT_OPEN:
            return KeptBack(place, phone, WouldBe.SUPPRESSED, suppressed[message.key])
        waits = self.on_locked is OnLocked.DEFER
        certain = WouldBe.DEFERRED if waits else WouldBe.BLOCKED
        perhaps = WouldBe.MAYBE_DEFERRED if waits else WouldBe.MAYBE_BLOCKED
        first_free = min(locks, key=lambda lock: lock.until_ms, default=None)
        return KeptBack(place, phone, certain if reason else perhaps, lock=first_free)
