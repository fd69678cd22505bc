"""`CallbacksDesk` over a wired installation."""

from dispatcher.domain.callbacks import CallbackState, CallbackView
from dispatcher.pipeline.desk import Page
from dispatcher.wiring.counter_campaigns import bad_cursor
from dispatcher.wiring.installation import Wiring

LONGEST = 18  # digits of a number that the ledger can hold


class CallbacksCounter:
    """A cursor is the number that came last."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._book = wiring.callbacks

    def page(self, state: CallbackState | None, cursor: str | None, limit: int) -> Page[CallbackView]:
        found = self._book.page(state, _read_cursor(cursor), limit + 1)
        return Page(tuple(found[:limit]), str(found[limit - 1].id) if len(found) > limit else None)

    def send_again(self, number: int) -> bool | None:
        if self._book.send_again(number):
            return True
        return None if self._book.one(number) is None else False

    def send_all_again(self, account: str | None) -> int:
        return self._book.send_again(account_id=None if account is None else self._wiring.accounts.named(account).id)


def _read_cursor(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= LONGEST):
        raise bad_cursor()
    return int(cursor)
