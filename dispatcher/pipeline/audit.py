"""The station that looks whether all adds up: campaigns, cursors, flights, locks, and what waits for too long.

Any worker may do it, and one does at a time: a turn is a lease in the ledger. A round looks at some campaigns and
locks, goes on behind them in the next, and always at what is in flight and at what did not add up before. What it
suspects it looks at once more, later: what both looks saw is written down. Nothing is mended here.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, NamedTuple

from dispatcher.domain.audit.checks import CONFIRM_S, Finding, Suspect, confirmed
from dispatcher.domain.audit.rounds import Places, read_places
from dispatcher.pipeline.audit_looks import Audited, Scope, first_scope, look, second_scope
from dispatcher.pipeline.persist import if_reachable
from dispatcher.pipeline.stations import Stations
from dispatcher.telemetry import emit

EVERY_S = 30.0  # a few dozen milliseconds of both servers
ASK_EVERY_S = 10.0  # of every worker: whose turn is it?
LEASE_S = 180.0  # two looks and the time between them; a worker that died loses its turn then


class Turn(NamedTuple):
    """A round after its first look. `epoch` names the memory that was looked at."""

    lease: str
    epoch: str
    places: Places
    scope: Scope
    seen: Sequence[Suspect]
    again_at: float


@dataclass(slots=True)
class Auditor:
    """One worker's. `audit` takes a step when it is time, and never waits."""

    stations: Stations
    audited: Audited
    every_s: float = EVERY_S
    confirm_s: float = CONFIRM_S
    _turn: Turn | None = None
    _ask_at: float = field(default=0.0)

    def audit(self) -> bool:
        """True when a round was ended. Raises DispatcherTrouble when a server is away; a later round goes on."""
        turn = self._turn
        if turn is not None and monotonic() < turn.again_at:
            return False
        if turn is not None:
            self._turn = None
            return self._look_again(turn)
        if monotonic() < self._ask_at:
            return False
        self._ask_at = monotonic() + min(self.every_s, ASK_EVERY_S)
        taken = self.audited.book.take(self.every_s, LEASE_S)
        return taken is not None and self._look(*taken)

    def _look(self, lease: str, written: Mapping[str, Any]) -> bool:
        with self._or_put_back(lease):
            epoch = self.audited.clock.epoch()
            if epoch is None:  # it is being built up: there is nothing to compare
                self.audited.book.put_back(lease)
                return False
            places = read_places(written, self.stations.now_ms())
            known = [one.finding for one in self.audited.book.view().findings]
            scope = first_scope(self.stations, self.audited, places, known)
            seen = list(look(self.stations, self.audited, scope))
        if not seen:
            return self._end(lease, places, ())
        self._turn = Turn(lease, epoch, places, scope, seen, monotonic() + self.confirm_s)
        return False

    def _look_again(self, turn: Turn) -> bool:
        with self._or_put_back(turn.lease):
            seen = list(look(self.stations, self.audited, second_scope(turn.scope, turn.seen)))
            if self.audited.clock.epoch() != turn.epoch:
                self.audited.book.put_back(turn.lease)
                return False
        return self._end(turn.lease, turn.places, confirmed(turn.seen, seen))

    def _end(self, lease: str, places: Places, found: Sequence[Finding]) -> bool:
        told = self.audited.book.close(lease, places.written(), found)
        if told is None:
            return False
        new, gone = told
        for one in new:
            emit("audit.found", "error", check=str(one.check), subject=one.subject, items=one.items, note=one.note)
        for one in gone:
            emit("audit.gone", check=str(one.check), subject=one.subject)
        return True

    @contextmanager
    def _or_put_back(self, lease: str) -> Iterator[None]:
        try:
            yield
        except Exception:
            with if_reachable():
                self.audited.book.put_back(lease)
            raise
