"""Campaigns: accepted = counted = stored, and what the ledger and the clock know of each other.

The ledger is read first, then the clock: a cursor only moves forward, so what was claimed by then lies behind it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from dispatcher.domain.audit.checks import Check, Suspect
from dispatcher.domain.ids import campaign_text
from dispatcher.domain.lifecycle import OPEN, CampaignState, MessageState

DUE_GRACE_MS = 60_000  # what is due is filed before it is; a sweep that takes its time is no finding
PLANNED_WITHIN_S = 120.0  # the sweeper plans what nobody else did within seconds
FORGOTTEN_WITHIN_S = 900.0  # the sweeper goes through a thousand a minute
LEFT_RUNNING = frozenset({CampaignState.RUNNING, CampaignState.PAUSED})


class Kept(NamedTuple):
    """A campaign in the ledger. `counts` by its counters; `frontier`: one past the last message that was ever claimed;
    `due_ms`: when the first is due of those that wait (None: none does). `grown_s`, `finished_s`: how long ago it was
    changed, and ended (None: it goes on). `opened`: somebody told the clock of it.
    """

    campaign: int
    provider: str
    state: CampaignState
    total: int
    counts: Mapping[MessageState, int]
    follows: bool
    frontier: int
    due_ms: int | None
    opened: bool
    grown_s: float
    finished_s: float | None

    @property
    def is_running(self) -> bool:
        """The clock should know it, and sweepers look after it."""
        return self.state is CampaignState.RUNNING and self.opened and self.finished_s is None


class Known(NamedTuple):
    """The same in the clock. `out`: flights that are there, `flights`: that it counts; `waiting`: retries."""

    next: int
    held: bool
    gone: bool
    flights: int
    out: int
    waiting: int


class Rows(NamedTuple):
    """A campaign's messages, counted one by one in the same moment as the counters: `own` are its recipients', without
    follow-ups. `adrift`: the first of those that wait for no time, were released, and are nowhere in the clock."""

    total: int
    counters: Mapping[MessageState, int]
    rows: Mapping[MessageState, int]
    own: int
    adrift: tuple[int, ...]


def kept_suspects(kept: Kept, known: Known | None, now_ms: int) -> Iterator[Suspect]:
    """What a cheap look shows."""
    yield from _sums(kept)
    yield from _steering(kept, known, now_ms)
    if known is not None and not known.gone:
        yield from _cursor(kept, known)
        yield from _over(kept)


def rows_suspects(kept: Kept, known: Known | None, rows: Rows) -> Iterator[Suspect]:
    """What its messages show, one by one."""
    for state in MessageState:
        counted, stored = rows.counters.get(state, 0), rows.rows.get(state, 0)
        if counted != stored:
            words = f"counters say {counted} {state}, there are {stored}"
            yield _suspect(kept, Check.COUNTS, words, f"{state} {counted - stored}")
    if rows.own != rows.total:
        words = f"{rows.total} messages were accepted, there are {rows.own}"
        yield _suspect(kept, Check.COUNTS, words, f"total {rows.total - rows.own}")
    if kept.state in LEFT_RUNNING and kept.opened:
        for seq in rows.adrift:
            yield _adrift(kept, known, seq)


def stranger(provider: str, campaign: int) -> Suspect:
    """A campaign of the clock's that the ledger does not know."""
    words = f"the clock of {provider} knows it, the ledger does not"
    return Suspect(Check.OVER, campaign_text(campaign), words, "", campaign)


def not_covered(seqs: Sequence[int], ranges: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """Those of `seqs` that are in none of the `ranges` (first, size)."""
    return tuple(seq for seq in seqs if not any(first <= seq < first + size for first, size in ranges))


def _sums(kept: Kept) -> Iterator[Suspect]:
    whole = sum(kept.counts.values())
    if whole < kept.total or (whole > kept.total and not kept.follows):
        words = f"{kept.total} messages were accepted, the states add up to {whole}"
        yield _suspect(kept, Check.COUNTS, words, f"sum {kept.total - whole}")
    for state, number in kept.counts.items():
        if number < 0:
            yield _suspect(kept, Check.COUNTS, f"counters say {number} {state}", f"negative {state}")
    still_open = sum(kept.counts.get(state, 0) for state in OPEN)
    if kept.finished_s is not None and still_open:
        yield _suspect(kept, Check.COUNTS, f"it is over, and {still_open} messages are pending or sending", "open")


def _steering(kept: Kept, known: Known | None, now_ms: int) -> Iterator[Suspect]:
    if kept.state not in LEFT_RUNNING:
        return
    if not kept.opened:
        if kept.grown_s > PLANNED_WITHIN_S:
            words = f"the clock was not told of it for {int(kept.grown_s)} s"
            yield _suspect(kept, Check.UNPLANNED, words)
        return
    if kept.state is not CampaignState.RUNNING:
        return
    is_due = kept.due_ms is not None and kept.due_ms < now_ms - DUE_GRACE_MS
    if known is None or known.gone:
        if is_due:
            yield _suspect(kept, Check.UNKNOWN, "it runs, a message is due, and the clock does not know it", "due")
    elif known.held:
        yield _suspect(kept, Check.HELD, "it runs in the ledger and is held in the clock")
    elif is_due and not known.waiting and not known.out:
        yield _suspect(kept, Check.UNRELEASED, "messages are due and nobody releases them", "due")


def _cursor(kept: Kept, known: Known) -> Iterator[Suspect]:
    if kept.frontier > known.next:
        words = f"message {kept.frontier - 1} was claimed, the clock stands at {known.next}"
        yield _suspect(kept, Check.CURSOR, words)
    if known.flights != known.out:
        words = f"the clock counts {known.flights} of its jobs in flight, there are {known.out}"
        yield _suspect(kept, Check.FLIGHT_COUNT, words, str(known.flights - known.out))


def _over(kept: Kept) -> Iterator[Suspect]:
    if kept.finished_s is not None and kept.finished_s > FORGOTTEN_WITHIN_S:
        yield _suspect(kept, Check.OVER, f"it is {kept.state}, and the clock knows it still")


def _adrift(kept: Kept, known: Known | None, seq: int) -> Suspect:
    if known is None or known.gone:
        return _suspect(kept, Check.UNKNOWN, "it is open, messages wait, and the clock does not know it", str(seq))
    words = f"message {seq} waits, was released, and is nowhere in the clock"
    return _suspect(kept, Check.UNRELEASED, words, str(seq), seq)


def _suspect(kept: Kept, check: Check, note: str, item: str = "", seq: int | None = None) -> Suspect:
    return Suspect(check, campaign_text(kept.campaign), note, item, kept.campaign, seq)
