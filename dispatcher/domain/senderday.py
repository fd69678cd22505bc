"""A sender's day in Redis: what it has sent since midnight, taken before a send and given back if nothing left.

    d:days:<provider>    sender -> {until, today, last}

There is a record only of senders with caps, from the first send that knew them on: `begin` asks for what the
ledger counts when there is none. A send without caps forgets it, for what is not counted is not known. Times are
UTC epoch milliseconds. The rules are played against dispatcher/coordination/lua/begin.lua and _land.lua.
"""

from dataclasses import dataclass

from dispatcher.domain.caps import Sent
from dispatcher.domain.lanerecords import Flight
from dispatcher.domain.tickets import Allowance


@dataclass(slots=True)
class SenderDay:
    """`today` messages of the day that ends at `until`, counting those on their way; `last`: the last start, or 0."""

    until: int
    today: int
    last: int

    def take(self, allowance: Allowance, size: int, now: int) -> int:
        """How many of `size` messages may leave now; they are counted. 0: the limit is reached, or the gap not over."""
        if self.until <= now:
            self.today = 0
        self.until = allowance.day_end_ms
        if allowance.limit is not None:
            size = min(size, max(0, allowance.limit - self.today))
        if now >= self.until or (self.last and now < self.last + allowance.gap_ms):
            return 0
        if size:
            self.today, self.last = self.today + size, now
        return size

    def give_back(self, flight: Flight, left: int) -> None:
        """What did not leave after all; only to the day that it was taken from. Nothing left: no gap is to be kept."""
        if self.until == flight.day:
            self.today = max(0, self.today - (flight.kept - left))
        if not left and self.last == flight.at:
            self.last = flight.before


def known_day(allowance: Allowance, sent: Sent) -> SenderDay:
    """The record as it begins, from what the ledger counts."""
    return SenderDay(allowance.day_end_ms, sent.today, sent.last_ms)
