"""A sender's day in Redis: what it has sent since midnight, taken before a send and given back if nothing left.

    d:days:<provider>    sender -> {until, today, last}

There is a record only of senders with caps, from the first send that knew them on: `begin` asks for what the
ledger counts when there is none, or one of a day that ends at another time, as in another zone. A send without caps
forgets it, for what is not counted is not known. Whoever comes with a day that is over changes nothing. Times are UTC
epoch milliseconds. The rules are played against dispatcher/coordination/lua/begin.lua and _land.lua.
"""

from dataclasses import dataclass

from dispatcher.domain.caps import Sent
from dispatcher.domain.lanerecords import Flight
from dispatcher.domain.tickets import Allowance, Begun


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
        if self.last and now < self.last + allowance.gap_ms:
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
        day = days[sender] = SenderDay(allowance.day_end_ms, allowance.known.today, allowance.known.last_ms)
    flight.at, flight.before = now, day.last
    flight.kept = day.take(allowance, size, now)
    flight.day = day.until
    return Begun(True, flight.kept, Sent(day.today, day.last))


def give_back(days: dict[int, SenderDay], flight: Flight, left: int | None) -> None:
    """What did not leave of a flight that comes down; `left` None: all of it did."""
    day = days.get(flight.ticket.lane.sender_id)
    if day and left is not None and flight.kept > left:
        day.give_back(flight, left)
