"""The lane clock of one provider in plain Python: what the Lua scripts of dispatcher/coordination do, word for word.

A lane is on the clock while it has work: at the moment it may next release, or at the end of its lease
while it is in flight. Of its campaigns that have work (`ring`) those of the highest priority take turns; a campaign
gives a due retry first, then the next messages of its cursor. Every time a campaign gets work earlier than it had
before, its lanes (`crews`) are woken: no lane sleeps past its work.

    release   due lane -> in flight under a token, lease BEGIN_LEASE_MS   (lease over: given as overdue)
    take_up   in flight -> lease TAKE_UP_LEASE_MS; only by who has to read its campaign, account or sender for that
    begin     in flight -> lease of the call's length; its messages are taken from the sender's day
    depart    in flight -> the same once more, right before the call; a sender's least gap after the last one that did
    finish    in flight -> free at now + busy + delay; the last of a chunk sets the gate of the next; where the sender
              keeps a least gap, a gap away from its other lanes
    skip      in flight -> free at once, or when its rest is over; nothing was sent

A chunk stays open while a message of it went back unsent and may leave at once (a retry due at 0); it is opened again
for one that is filed before anything of the next was given. All times are whole milliseconds of one clock; `now` is an
argument. Tests play this against the scripts.
"""

from collections.abc import Sequence

from dispatcher.domain.ids import Lane
from dispatcher.domain.laneline import IN_LINE, LaneLine, Turns
from dispatcher.domain.lanerecords import CampaignRecord, Flight, LaneRecord
from dispatcher.domain.notbefore import NotBefore, Reason
from dispatcher.domain.pacing import Pacing, delay_ms
from dispatcher.domain.senderday import SenderDay, apart, give_back, take_from_day
from dispatcher.domain.tickets import (
    ALL_LEFT,
    Allowance,
    Begun,
    Departure,
    Finished,
    Landing,
    Plan,
    Released,
    Retry,
    Ticket,
)

BEGIN_LEASE_MS = 10_000  # a published job should be begun by then; one that was lost is noticed by then
TAKE_UP_LEASE_MS = 15_000  # reading takes milliseconds, and a ledger that hangs is given up earlier
OVERDUE_MS = 5_000  # the pacer that was given an overdue lane has so long before another is given it
NOTHING_MS = 3_600_000  # "how long nothing will be due" of an empty clock


class PlainClock(LaneLine):
    """The clock, lanes, flights, campaigns, retries (campaign, due, seq, size) and senders' days of one provider."""

    def __init__(self) -> None:
        super().__init__()
        self.crews: dict[int, tuple[Lane, ...]] = {}
        self.days: dict[int, SenderDay] = {}

    # ------------------------------------------------------------ the way of a ticket

    def release(self, room: int, limit: int, prefix: str, now: int, queued: int = 0) -> Released:
        """Look at up to `limit` due lanes in the order of their times; if they need more than is left of `room` they
        line up. `queued`: jobs in the queue, those included whose tickets ran out while nobody took them."""
        due = self._due(limit, now)
        overdue = [self._overdue(self.flights[lane], now) for lane in due if lane in self.flights]
        ready = [lane for lane in due if lane not in self.flights]
        out = max(len(self._offered()), queued)
        room -= out
        tickets: list[Ticket] = []
        if len(ready) <= room and self._first_in_line() is None:
            for lane in ready:
                tickets += self._take_up(lane, f"{prefix}-{len(tickets) + 1}", now)
        else:
            for lane in ready:
                if not self._line_up(lane, now):
                    self._take_up(lane, "", now)
            self._serve_line(tickets, room, limit if room >= out else 0, prefix, now)
        head = min(self.clock.values(), default=now + NOTHING_MS)
        full = self._first_in_line() is not None and (len(tickets) >= room or room < out)
        return Released(tuple(tickets), tuple(overdue), max(0, head - now), full)

    def take_up(self, ticket: Ticket, lease_ms: int, now: int) -> bool:
        flight = self.flights.get(ticket.lane)
        if not flight or flight.ticket.token != ticket.token or not flight.is_offered:
            return False
        flight.lease = lease_ms
        flight.until = self.clock[ticket.lane] = now + lease_ms
        return True

    def begin(self, ticket: Ticket, lease_ms: int, now: int, allowance: Allowance | None = None) -> Begun:
        flight = self.flights.get(ticket.lane)
        if not flight or flight.ticket.token != ticket.token or not flight.is_offered:
            return Begun(False)
        begun = take_from_day(self.days, flight, allowance, now)
        if begun.held:
            flight.begun, flight.lease, flight.until = True, lease_ms, now + lease_ms
            self.clock[ticket.lane] = flight.until
        return begun

    def depart(self, ticket: Ticket, lease_ms: int, now: int, gap_ms: int = 0, unused_ms: int = 0) -> Departure:
        flight = self.flights.get(ticket.lane)
        if not flight or flight.ticket.token != ticket.token or flight.overdue:
            return Departure(False)
        day = self.days.get(ticket.lane.sender_id)
        if gap_ms and day is None:
            return Departure(False)
        flight.until = self.clock[ticket.lane] = now + lease_ms
        wait_ms = day.depart(flight.at, gap_ms, unused_ms, now) if gap_ms and day else 0
        return Departure(True, wait_ms, 0 if wait_ms else now)

    def finish(
        self, ticket: Ticket, jitter: int, busy_ms: int, retries: Sequence[Retry], now: int, landing: Landing = ALL_LEFT
    ) -> Finished:
        return self._land(ticket, retries, now, now + busy_ms, jitter, landing)

    def skip(self, ticket: Ticket, retries: Sequence[Retry], now: int, rest: NotBefore | None = None) -> Finished:
        return self._land(ticket, retries, now, None, 0, Landing(0, rest))

    # ------------------------------------------------------------ control

    def plan(self, plan: Plan, now: int) -> None:
        known = self.campaigns.get(plan.campaign)
        if known is None or known.gone:
            record = CampaignRecord(plan.pacing, plan.next, plan.end)
            if known:
                record.flights, record.last_end = known.flights, known.last_end
            record.open_chunk()
        else:
            record, known.end = known, plan.end
            resized = known.pacing.chunk_size != plan.pacing.chunk_size
            known.pacing = plan.pacing
            if resized:
                known.open_chunk()
            if known.priority != plan.priority:
                self._crew(plan.campaign, ())  # it takes its new place in each ring when its lanes are woken
        record.start, record.held, record.priority = plan.not_before_ms, plan.held, plan.priority
        record.why, record.account = plan.why, plan.account
        self._close_chunk(plan.campaign, record)
        self.campaigns[plan.campaign] = record
        self._crew(plan.campaign, plan.lanes)
        self._wake(plan.campaign, now)

    def forget(self, campaign: int, now: int) -> None:
        record = self.campaigns.get(campaign)
        if record is None:
            return
        self._crew(campaign, ())
        del self.crews[campaign]
        self.retries = {retry for retry in self.retries if retry[0] != campaign}
        record.end, record.gone = record.next, True
        if not record.flights:
            del self.campaigns[campaign]

    def hold_campaign(self, campaign: int, now: int) -> None:
        if record := self.campaigns.get(campaign):
            record.held = True

    def resume_campaign(self, campaign: int, now: int) -> None:
        if record := self.campaigns.get(campaign):
            record.held = False
            self._wake(campaign, now)

    def hold_lanes(self, lanes: Sequence[Lane], until_ms: int | None, now: int) -> None:
        """Holds add up: the latest moment counts, and one without an end until it is resumed."""
        for lane in lanes:
            record = self.lanes.setdefault(lane, LaneRecord())
            if until_ms is None:
                record.held = True
            else:
                record.until = max(record.until, until_ms)

    def resume_lanes(self, lanes: Sequence[Lane], now: int) -> None:
        for lane in lanes:
            if record := self.lanes.get(lane):
                record.held, record.until = False, 0
                self._place_free(lane, record, now)

    def lift_rests(self, lanes: Sequence[Lane], now: int) -> None:
        for lane in lanes:
            if (record := self.lanes.get(lane)) and record.rest:
                record.rest, record.why = 0, ""
                self._place_free(lane, record, now)

    def file_retries(self, campaign: int, retries: Sequence[Retry], now: int) -> bool:
        """Not those that are out already. False: the clock does not know the campaign; plan it first."""
        record = self.campaigns.get(campaign)
        if record is None or record.gone:
            return False
        before = self._earliest(campaign)
        missing = [retry for retry in retries if not self._is_out(campaign, retry)]
        self.retries.update((campaign, retry.due_ms, retry.seq, retry.size) for retry in missing)
        if (first := self._first_retry(campaign)) and not first[1]:
            record.reopen_chunk()
        self._wake_if_earlier(campaign, before, now)
        return True

    def idle(self, campaign: int) -> bool:
        record = self.campaigns.get(campaign)
        return record is None or record.held or self._exhausted(campaign)

    def waiting(self, campaign: int) -> int:
        return sum(retry[0] == campaign for retry in self.retries)

    # ------------------------------------------------------------ rebuilding

    def rest_lanes(self, rests: Sequence[tuple[Lane, int]], now: int) -> None:
        for lane, ready_ms in rests:
            record = self.lanes.setdefault(lane, LaneRecord())
            record.ready = max(record.ready, ready_ms)
            if lane in self.clock and lane not in self.flights:
                self.clock[lane] = max(self.clock[lane], record.free_at)

    def put_flight(self, ticket: Ticket, lease_ms: int, now: int) -> bool:
        """A message that was being sent when the memory was lost. A campaign that was not planned before is gone."""
        if ticket.lane in self.flights:
            return False
        self.lanes.setdefault(ticket.lane, LaneRecord())
        self.flights[ticket.lane] = Flight(ticket, now + lease_ms, begun=True, lease=lease_ms)
        self.clock[ticket.lane] = now + lease_ms
        record = self.campaigns.setdefault(ticket.campaign, CampaignRecord(Pacing(), 0, 0, gone=True))
        record.flights += 1
        record.open_chunk()
        return True

    # ------------------------------------------------------------ how it is done

    def _overdue(self, flight: Flight, now: int) -> Ticket:
        flight.overdue = True
        self.clock[flight.ticket.lane] = now + OVERDUE_MS
        return flight.ticket

    def _serve_line(self, tickets: list[Ticket], room: int, limit: int, prefix: str, now: int) -> None:
        for lane in self._served(limit):
            if len(tickets) >= room:
                break
            self.turns.reached = self.clock[lane] - IN_LINE
            tickets += self._take_up(lane, f"{prefix}-{len(tickets) + 1}", now)
        if self._first_in_line() is None:
            self.turns = Turns()

    def _take_up(self, lane: Lane, token: str, now: int) -> list[Ticket]:
        """The ticket of a lane that is due; none: it is held, rests, or has no work."""
        record = self.lanes[lane]
        if record.held or record.free_at > now:
            self._put(lane, None if record.held else record.free_at)
            return []
        ticket = self._give(lane, record, token, now)
        return [ticket] if ticket else []

    def _give(self, lane: Lane, record: LaneRecord, token: str, now: int) -> Ticket | None:
        """The lane's next ticket, now in flight; None: the lane sleeps until its next work."""
        campaign, when = self._seek(record, now)
        if campaign is None:
            self._put(lane, when)
            return None
        record.ring.remove(campaign)
        record.enlist(campaign, self._priority)
        seq, size, again = self._take(campaign, now)
        ticket = Ticket(lane, campaign, seq, size, token)
        self.campaigns[campaign].flights += 1
        self.flights[lane] = Flight(ticket, now + BEGIN_LEASE_MS, again=again)
        self.clock[lane] = now + BEGIN_LEASE_MS
        return ticket

    def _land(
        self, ticket: Ticket, retries: Sequence[Retry], now: int, end: int | None, jitter: int, landing: Landing
    ) -> Finished:
        """Take a flight down. `end`: when its send ended (None: it sent nothing). Retries are filed in any case."""
        flight, campaign = self.flights.get(ticket.lane), ticket.campaign
        holds = flight is not None and flight.ticket.token == ticket.token
        before, record = self._earliest(campaign), self.campaigns.get(campaign)
        if flight and holds:
            del self.flights[ticket.lane]
            give_back(self.days, flight, landing.left)
            lane = self.lanes[ticket.lane]
            lane.rest, lane.why = landing.rest or (0, "")
            self._settle(lane, record, end, jitter)
            self._keep_apart(flight, lane, now)
        if record and not record.gone:
            self.retries.update((campaign, retry.due_ms, retry.seq, retry.size) for retry in retries)
            self._close_chunk(campaign, record)
        elif record and not record.flights:
            del self.campaigns[campaign]
        if holds:
            self._place(ticket.lane, self.lanes[ticket.lane], now)
        self._wake_if_earlier(campaign, before, now)
        return Finished(holds, self._exhausted(campaign))

    def _settle(self, lane: LaneRecord, record: CampaignRecord | None, end: int | None, jitter: int) -> None:
        """The lane's delay, read from the campaign's pace as it is now; the campaign has one flight less."""
        if end is not None:
            lane.ready = max(lane.ready, end + (delay_ms(record.pacing, jitter) if record else 0))
        if record:
            record.flights = max(0, record.flights - 1)
            record.last_end = max(record.last_end, end or 0)

    def _keep_apart(self, flight: Flight, record: LaneRecord, now: int) -> None:
        """Where the sender keeps a least gap its lanes come one after the other: a lane that comes with another would
        only be refused by `begin`, and come again with it."""
        own = flight.ticket.lane
        day = self.days.get(own.sender_id) if flight.day else None
        if day is None or not day.gap or not day.starts_after:
            return
        others = [lane for lane in (Lane(own.sender_id, slot) for slot in range(day.lanes)) if lane != own]
        comings = [self.clock[lane] for lane in others if lane in self.clock and lane not in self.flights]
        free_at = max(now, record.free_at)
        at = apart(max(free_at, day.starts_after + day.gap), [one for one in comings if one > now], day.gap)
        if at > free_at:
            record.rest, record.why = at, Reason.MIN_GAP

    def _place(self, lane: Lane, record: LaneRecord, now: int) -> None:
        """Put a lane that is not in flight on the clock at its next work, or off it."""
        if record.held:
            self._put(lane, None)
            return
        at = max(now, record.free_at)
        campaign, when = self._seek(record, at)
        self._put(lane, when if campaign is None else at)

    def _place_free(self, lane: Lane, record: LaneRecord, now: int) -> None:
        """The same after a change that may let it leave earlier; a flight goes on."""
        if lane not in self.flights:
            self._place(lane, record, now)

    def _wake_if_earlier(self, campaign: int, before: int | None, now: int) -> None:
        after = self._earliest(campaign)
        if after is not None and (before is None or after < before):
            self._wake(campaign, now)

    def _wake(self, campaign: int, now: int) -> None:
        """Put the campaign's lanes on the clock for its next work, and the campaign into their rings."""
        when = self._earliest(campaign)
        if when is None:
            return
        for lane in self.crews.get(campaign, ()):
            record = self.lanes.setdefault(lane, LaneRecord())
            if campaign not in record.ring:
                record.enlist(campaign, self._priority)
            if lane not in self.flights and not record.held:
                at = max(now, record.free_at, when)
                self.clock[lane] = min(self.clock.get(lane, at), at)

    def _crew(self, campaign: int, lanes: tuple[Lane, ...]) -> None:
        """These lanes serve the campaign from now on, and no others."""
        for lane in set(self.crews.get(campaign, ())) - set(lanes):
            if (record := self.lanes.get(lane)) and campaign in record.ring:
                record.ring.remove(campaign)
        self.crews[campaign] = lanes
