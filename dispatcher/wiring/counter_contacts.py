"""`ContactsDesk` over a wired installation."""

from collections.abc import Iterable, Sequence

from dispatcher.domain.account import Account
from dispatcher.domain.contactlock import ContactLock
from dispatcher.domain.followups import holder_of
from dispatcher.domain.guards import lock_scope
from dispatcher.domain.ids import MalformedId, MessageId, parse_message
from dispatcher.domain.inbound import InboundEvent
from dispatcher.domain.outcomes import Fate
from dispatcher.domain.trouble import ClockLost
from dispatcher.domain.views import DoubtView, MessageView, Suppression
from dispatcher.pipeline.decide import decide
from dispatcher.pipeline.desk import Page, Resolution
from dispatcher.pipeline.giveback import lift
from dispatcher.pipeline.reply import receive
from dispatcher.pipeline.wait import file_client
from dispatcher.wiring.counter_campaigns import bad_cursor
from dispatcher.wiring.installation import Wiring

FATES = {Resolution.SENT: Fate.SENT, Resolution.FAILED: Fate.FAILED, Resolution.RETRY: Fate.RETRY}


class ContactsCounter:
    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring

    def receive(self, account: Account | None, events: Iterable[InboundEvent]) -> int:
        return receive(self._wiring.stations, account, events)

    def locks(self, key: str) -> Sequence[ContactLock]:
        return self._wiring.lock_book.of(key, self._wiring.stations.now_ms())

    def lift(self, key: str) -> int:
        """As a reply of this moment would: the ledger first, then Redis. Twice is as good as once."""
        standing, now_ms = len(self.locks(key)), self._wiring.stations.now_ms()
        try:
            self._lift(key, now_ms)
        except ClockLost:
            self._wiring.rebuild_clock()  # from the ledger, where the client is free by now
            self._lift(key, now_ms)
        return standing

    def _lift(self, key: str, at_ms: int) -> None:
        lift(self._wiring.stations, key, at_ms)
        file_client(self._wiring.stations, key)

    def in_doubt(self, cursor: str | None, limit: int, undecided: bool = False) -> Page[DoubtView]:
        found = self._wiring.lines.in_doubt(_read_cursor(cursor), limit + 1, undecided)
        following = str(found[limit - 1].message.id) if len(found) > limit else None
        return Page(tuple(found[:limit]), following)

    def resolve(self, message: MessageId, resolution: Resolution) -> bool | None:
        return decide(self._wiring.stations, self._wiring.doubts, message, FATES[resolution], self._held_by(message))

    def _held_by(self, message: MessageId) -> list[tuple[str, str]]:
        """(scope, key) of the locks that the message holds, or holds on to as a follow-up; and of the one that Redis
        may know of alone, when a worker died between the two."""
        view = self._wiring.lines.one(message)
        if view is None or not view.key:
            return []
        held = [(lock.scope, lock.key) for lock in self.locks(view.key) if lock.holder == holder_of(message)]
        return list(dict.fromkeys([*held, *self._own(message, view)]))

    def _own(self, message: MessageId, view: MessageView) -> list[tuple[str, str]]:
        campaign = self._wiring.campaigns.get(message.campaign)
        account = self._wiring.accounts.account(campaign.account_id)
        sender = next((one for one in self._wiring.accounts.senders(account.id) if one.name == view.sender), None)
        return [(lock_scope(account, sender), view.key)] if campaign.guarded else []


class SuppressionsCounter:
    """`SuppressionsDesk`; a cursor is the number that came last."""

    def __init__(self, wiring: Wiring) -> None:
        self._book = wiring.suppressions
        self.add = wiring.suppressions.add
        self.remove = wiring.suppressions.remove
        self.get = wiring.suppressions.get

    def page(self, cursor: str | None, limit: int) -> Page[Suppression]:
        if cursor is not None and not (cursor.isascii() and cursor.isdigit()):
            raise bad_cursor()
        found = self._book.page(cursor, limit + 1)
        return Page(tuple(found[:limit]), found[limit - 1].key if len(found) > limit else None)


def _read_cursor(cursor: str | None) -> MessageId | None:
    try:
        return None if cursor is None else parse_message(cursor)
    except MalformedId:
        raise bad_cursor() from None
