"""A sender's day in Redis: what it has sent since midnight, taken before a send and given back if nothing left.

    d:days:<provider>    sender -> {until, today, last, gone, gap, lanes}

There is a record only of senders with caps, from the first send that knew them on: `begin` asks for what the
ledger counts when there is none, or one of a day that ends at another time, as in another zone. A send without caps
forgets it, for what is not counted is not known. Whoever comes with a day that is over changes nothing.

A least gap is kept twice. `begin` gives starts out, each a gap after the one before (`last`), so that nothing is
claimed in vain; `depart` lets calls go, each a gap after the one that went before (`gone`), however late it came. Times
are UTC epoch milliseconds. The rules are played against begin, depart and _land in dispatcher/coordination/lua.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from dispatcher.domain.caps import Sent
from dispatcher.domain.lanerecords import Flight
from dispatcher.domain.tickets import Allowance, Begun

AHEAD_MS = 500  # lanes come some ms too early for their start, or held up: below that a worker waits, with its thread


@dataclass(slots=True)
class SenderDay:
    """`today` messages of the day that ends at `until`, counting those on their way; `last`: the start that was given
    out last; `gone`: that of the last call (0: none). `gap` and how many `lanes` there are, as last seen.
    """

    until: int
    today: int
    last: int
    gone: int = 0
    gap: int = 0
    lanes: int = 0

    @property
    def starts_after(self) -> int:
        """The last start that was given out or made, 0: none; the next is a gap later."""
        return max(self.last, self.gone)

    def take(self, flight: Flight, allowance: Allowance, now: int) -> None:
        """Give the flight its start, and as many messages as may leave (`kept`); 0: the limit is reached, or its start
        is too far ahead."""
        if self.until <= now:
            self.today = 0
        self.until, self.gap = allowance.day_end_ms, allowance.gap_ms
        self.lanes = max(self.lanes, flight.ticket.lane.slot + 1)
        start = max(now, self.starts_after + self.gap) if self.gap and self.starts_after else now
        size = flight.ticket.size
        if allowance.limit is not None:
            size = min(size, max(0, allowance.limit - self.today))
        if start > now + AHEAD_MS:
            size = 0
        flight.at, flight.before, flight.kept, flight.day = start, self.last, size, self.until
        if size:
            self.today, self.last = self.today + size, start

    def depart(self, start: int, gap: int, unused: int, now: int) -> int:
        """0: a call whose start was given for `start` goes now; else how many ms it is too early. `unused`: the last
        start was its own, and it did not leave."""
        if self.gone and self.gone != unused:
            start = max(start, self.gone + gap)
        if now < start:
            return start - now
        self.gone, self.last = now, max(self.last, now)
        return 0

    def give_back(self, flight: Flight, left: int) -> None:
        """What did not leave after all; only to the day that it was taken from. Without a call no gap is to be kept."""
        if self.until == flight.day:
            self.today = max(0, self.today - (flight.kept - left))
        if not left and self.last == flight.at:
            self.last = flight.before


def apart(at: int, others: Iterable[int], gap: int) -> int:
    """The first moment from `at` on that is a gap away from all others."""
    for other in sorted(others):
        if abs(other - at) < gap:
            at = other + gap
    return at


def take_from_day(days: dict[int, SenderDay], flight: Flight, allowance: Allowance | None, now: int) -> Begun:
    """A sender without caps is forgotten; one that is closed takes nothing; one that is unknown begins nothing."""
    sender, size = flight.ticket.lane.sender_id, flight.ticket.size
    if allowance is None:
        days.pop(sender, None)
        return Begun(True, size)
    if allowance.limit == 0 or now >= allowance.day_end_ms:
        return Begun(True, 0, Sent())
    day = days.get(sender)
    if day is None or (day.until > now and day.until != allowance.day_end_ms):
        if allowance.known is None:
            return Begun(False, unknown=True)
        known, gone = allowance.known, day.gone if day else 0
        day = days[sender] = SenderDay(allowance.day_end_ms, known.today, known.last_ms, gone)
    day.take(flight, allowance, now)
    return Begun(True, flight.kept, Sent(day.today, day.starts_after))


def give_back(days: dict[int, SenderDay], flight: Flight, left: int | None) -> None:
    """What did not leave of a flight that comes down; `left` None: all of it did."""
    day = days.get(flight.ticket.lane.sender_id)
    if day and left is not None and flight.kept > left:
        day.give_back(flight, left)
