"""Senders that are read again and again: what did not change is not read.

Each worker looks every two seconds at all senders whose lanes it serves, a thousand and more. Reading them whole would
take it tens of milliseconds, in which it does nothing else.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import Engine, text

from dispatcher.domain.account import Sender
from dispatcher.ledger.engine import autocommit

CHANGED = text("""
SELECT id, sender.xmin::text::bigint AS version
FROM unnest(CAST(:ids AS integer[]), CAST(:versions AS bigint[])) AS known (id, version) LEFT JOIN sender USING (id)
WHERE sender.xmin::text::bigint IS DISTINCT FROM known.version
""")
"""A row's version is the transaction that wrote it."""


class SendersAgain:
    """As `read` gives them (`Accounts.these_senders`), for one caller at a time; keeps those that were asked for last.

    A pause that ends by itself changes no row: whose end is known is read each time.
    """

    def __init__(self, engine: Engine, read: Callable[[Sequence[int]], Sequence[Sender]]) -> None:
        self._engine = engine
        self._read = read
        self._kept: dict[int, tuple[int, Sender]] = {}

    def __call__(self, numbers: Sequence[int]) -> list[Sender]:
        """Those of these numbers that there are, removed ones too."""
        kept = {number: self._kept[number] for number in numbers if number in self._kept}
        stale = {number: version for number, (version, sender) in kept.items() if sender.paused_until_ms is not None}
        stale |= self._changed(dict.fromkeys(numbers, 0) | {number: one[0] for number, one in kept.items()})
        if stale:
            kept = {number: one for number, one in kept.items() if number not in stale}
            kept |= {sender.id: (stale[sender.id], sender) for sender in self._read(list(stale))}
        self._kept = kept
        return [sender for _, sender in kept.values()]

    def _changed(self, versions: dict[int, int]) -> dict[int, int]:
        """The versions of those that are not as they were; asked before the rows are read, which may be newer still."""
        asked = {"ids": list(versions), "versions": list(versions.values())}
        with autocommit(self._engine) as connection:
            return {row.id: row.version for row in connection.execute(CHANGED, asked)}
