"""How far the rounds got, and how much each may read: so much that nobody feels it, whatever there is."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

ROWS_A_ROUND = 100_000  # messages counted one by one: some 50 ms of one connection
MOST_ROWS = 2_000_000  # of a campaign that is counted so: a statement of a second; of larger ones the sums alone
CAMPAIGNS_A_ROUND = 500  # looked at by their counters and their cursor
COUNTED_A_ROUND = 200  # looked at message by message, however small: a statement each
LOCKS_A_ROUND = 2_000
FIRST_ROUND_MS = 3_600_000  # campaigns that ended longer before the first round are not counted


@dataclass(slots=True)
class Places:
    """Where the next round goes on. `finished_ms`: campaigns that ended before were counted; `owed`: messages that were
    counted beyond what a round may; `clock`: by provider."""

    live: int = 0
    counted: int = 0
    finished_ms: int = 0
    owed: int = 0
    clock: dict[str, int] = field(default_factory=dict)
    lock_scope: str = ""
    lock_key: str = ""
    lock_scan: int = 0

    def written(self) -> Mapping[str, Any]:
        return asdict(self)


def read_places(written: Mapping[str, Any], now_ms: int) -> Places:
    """Names of another version are passed over."""
    known = {name: value for name, value in written.items() if name in Places.__dataclass_fields__}
    places = Places(**known)
    places.finished_ms = places.finished_ms or now_ms - FIRST_ROUND_MS
    return places


def affordable(rows: Sequence[int], left: int) -> tuple[int, int]:
    """How many of these campaigns, each of so many messages, are taken while something is left, and what is left then.

    The last may cost more: later rounds pay for it. One that is not counted by its messages costs nothing.
    """
    taken = 0
    for one in rows:
        if left <= 0:
            break
        left -= one if one <= MOST_ROWS else 0
        taken += 1
    return taken, left
