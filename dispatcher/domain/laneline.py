"""The lanes of one provider on its clock: which of them are due, and who is next while there is not room for all.

A lane is on the clock at the moment at which it may next release. Those that are due and have to wait for room stand in
line instead: their place, below every time, is a turn of their account. An account's lanes get its turns one after
another, and none before the turn that is served now: accounts alternate, however many lanes each of them has. The line
is served when half of the room is free, so that jobs carry many tickets.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from dispatcher.domain.campaignbook import CampaignBook
from dispatcher.domain.ids import Lane
from dispatcher.domain.lanerecords import Flight, LaneRecord
from dispatcher.domain.tickets import Retry, Ticket

IN_LINE = -(1 << 50)  # so far below every time that turns stay below, too


@dataclass(slots=True)
class Turns:
    """`reached`: the turn that was served last; `last`: of each account, the last that it got."""

    reached: int = 0
    last: dict[int, int] = field(default_factory=dict)

    def next_of(self, account: int) -> int:
        self.last[account] = max(self.last.get(account, 0), self.reached) + 1
        return self.last[account]


class LaneLine(CampaignBook):
    """The clock, lanes and flights of one provider, and the turns of those in line."""

    def __init__(self) -> None:
        super().__init__()
        self.clock: dict[Lane, int] = {}
        self.lanes: dict[Lane, LaneRecord] = {}
        self.flights: dict[Lane, Flight] = {}
        self.turns = Turns()

    def spare(self, ticket: Ticket) -> None:
        flight = self.flights.get(ticket.lane)
        if flight and flight.ticket.token == ticket.token:
            flight.spared = True

    def silent_ms(self, ticket: Ticket) -> int:
        flight = self.flights.get(ticket.lane)
        return flight.lease if flight and flight.ticket.token == ticket.token and not flight.spared else 0

    def _due(self, limit: int, now: int) -> list[Lane]:
        """Up to `limit` lanes whose time has come, in its order; not those in line."""
        due = sorted((at, str(lane), lane) for lane, at in self.clock.items() if 0 <= at <= now)
        return [lane for _, _, lane in due[:limit]]

    def _offered(self) -> list[Lane]:
        return [lane for lane, flight in self.flights.items() if flight.is_offered]

    def _is_out(self, campaign: int, retry: Retry) -> bool:
        """Has a ticket that is out, and waited, any of its messages? The last that begins before its end is asked."""
        again = (one.ticket for one in self.flights.values() if one.again and one.ticket.campaign == campaign)
        before = ((one.seq, one.size, str(one.lane)) for one in again if one.seq < retry.seq + retry.size)
        seq, size, _ = max(before, default=(0, 0, ""))
        return seq + size > retry.seq

    def _first_in_line(self) -> Lane | None:
        _, _, lane = min(((at, str(lane), lane) for lane, at in self.clock.items()), default=(0, "", None))
        return lane if lane is not None and self.clock[lane] < 0 else None

    def _line_up(self, lane: Lane, now: int) -> bool:
        """Put a lane that is due in line; False: it is none, for it is held, rests, or has no work."""
        record = self.lanes[lane]
        if record.held or record.free_at > now:
            return False
        campaign, _ = self._seek(record, now)
        if campaign is None:
            return False
        self.clock[lane] = IN_LINE + self.turns.next_of(self.campaigns[campaign].account)
        return True

    def _served(self, limit: int) -> Iterator[Lane]:
        """The first of the line, as long as the caller takes them up."""
        for _ in range(limit):
            lane = self._first_in_line()
            if lane is None:
                break
            yield lane

    def _seek(self, lane: LaneRecord, at: int) -> tuple[int | None, int | None]:
        """(campaign, None): the first of the ring with work by `at`; (None, when): none, but then; (None, None): never.

        On the way, campaigns that are through are dropped from the ring.
        """
        kept: list[int] = []
        best: int | None = None
        for place, campaign in enumerate(lane.ring):
            if self._exhausted(campaign):
                continue
            when = self._earliest(campaign)
            if when is not None and when <= at:
                lane.ring = kept + lane.ring[place:]
                return campaign, None
            if when is not None:
                best = when if best is None else min(best, when)
            kept.append(campaign)
        lane.ring = kept
        return None, best

    def _put(self, lane: Lane, at: int | None) -> None:
        if at is None:
            self.clock.pop(lane, None)
        else:
            self.clock[lane] = at
