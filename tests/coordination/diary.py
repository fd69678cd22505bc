"""What an onlooker of the lane clock writes down, and checks against the promises. Knows nothing of how it works."""

from collections.abc import Sequence

from dispatcher.domain.ids import Lane
from dispatcher.domain.notbefore import NotBefore
from dispatcher.domain.pacing import Pacing
from dispatcher.domain.tickets import Allowance, Begun, Departure, Finished, Plan, Released, Retry, Ticket


class Diary:
    def __init__(self) -> None:
        self.cursors: dict[int, int] = {}
        self.paces: dict[int, Pacing] = {}
        self.ends: dict[int, int] = {}
        self.gates: dict[tuple[int, int], int] = {}
        self.rests_until: dict[Lane, int] = {}
        self.policies_rest: dict[Lane, int] = {}
        self.out: dict[Lane, Ticket] = {}
        self.retries: set[tuple[int, int, int, int]] = set()
        self.uneven: set[int] = set()
        self.starts: dict[str, int] = {}
        self.last_start: dict[int, tuple[str, int]] = {}

    def planned(self, plan: Plan, changed: bool) -> None:
        """`changed`: the pace is another than before; where its chunks end is not as simple then."""
        self.cursors.setdefault(plan.campaign, plan.next)
        self.paces[plan.campaign] = plan.pacing
        if changed:
            self.uneven.add(plan.campaign)

    def released(self, released: Released, now: int) -> None:
        for ticket in released.overdue:
            assert self.out[ticket.lane] == ticket
        for ticket in released.tickets:
            assert ticket.lane not in self.out, "two flights on a lane"
            assert now >= self.rests_until.get(ticket.lane, 0), "the delay was undercut"
            assert now >= self.policies_rest.get(ticket.lane, 0), "a policy was undercut"
            self._comes_from_retries_or_cursor(ticket, now)
            self.out[ticket.lane] = ticket

    def begun(self, ticket: Ticket, begun: Begun, allowance: Allowance | None) -> None:
        """Never more than the ticket, never above the limit, nothing in the gap."""
        if not begun.held:
            assert not begun.granted
            return
        assert self.out[ticket.lane] == ticket, "another's flight was begun"
        if allowance is None:
            assert begun.granted == ticket.size
            self.last_start.pop(ticket.lane.sender_id, None)
        elif allowance.limit is not None and begun.granted:
            assert begun.granted <= ticket.size
            assert begun.sent
            assert begun.sent.today <= allowance.limit, "the limit was passed"

    def departed(self, ticket: Ticket, told: Departure, now: int, gap_ms: int, late: bool) -> None:
        """Starts of a sender's calls are a gap apart, but for one that was told and not used."""
        if not told.held or not told.start_ms:
            return
        assert self.out[ticket.lane] == ticket, "another's flight left"
        sender = ticket.lane.sender_id
        before, at = self.last_start.get(sender, ("", -gap_ms))
        assert now >= at + gap_ms or (late and before == ticket.token), "the gap was undercut"
        self.starts[ticket.token] = now
        self.last_start[sender] = (ticket.token, now)

    def lifted(self, lanes: Sequence[Lane]) -> None:
        for lane in lanes:
            self.policies_rest.pop(lane, None)

    def ended(
        self,
        ticket: Ticket,
        finished: Finished,
        retries: Sequence[Retry],
        pace: Pacing | None,
        end: int,
        rest: NotBefore | None,
    ) -> None:
        """`pace` None: nothing was sent."""
        if ticket.campaign in self.paces:
            self.filed(ticket.campaign, retries)
        if finished.held:
            self.policies_rest[ticket.lane] = rest.ms if rest else 0
            assert self.out.pop(ticket.lane) == ticket, "another's flight was ended"
            if pace is not None:
                self.rests_until[ticket.lane] = end + pace.delay_min_ms
                self.ends[ticket.campaign] = max(end, self.ends.get(ticket.campaign, 0))
            self._closes_chunk(ticket.campaign)

    def filed(self, campaign: int, retries: Sequence[Retry]) -> None:
        self.retries |= {(campaign, *retry) for retry in retries}

    def forgotten(self, campaign: int) -> None:
        self.retries = {retry for retry in self.retries if retry[0] != campaign}
        self.paces.pop(campaign, None)
        self.uneven.add(campaign)

    def lost(self) -> None:
        """A rebuild knows neither delays nor gates; it draws new ones, which other tests look at."""
        self.rests_until.clear()
        self.policies_rest.clear()
        self.last_start.clear()
        self.uneven |= self.paces.keys()

    def _comes_from_retries_or_cursor(self, ticket: Ticket, now: int) -> None:
        due = [retry for retry in self.retries if retry[0] == ticket.campaign and retry[1] <= now]
        if due:
            first = min(due)
            assert first[2:] == (ticket.seq, ticket.size), "not the earliest of the retries that are due"
            self.retries.remove(first)
            return
        assert ticket.seq == self.cursors[ticket.campaign], "a message was left out or given twice"
        self.cursors[ticket.campaign] += ticket.size
        if ticket.campaign not in self.uneven:
            self._respects_chunks(ticket, now)

    def _respects_chunks(self, ticket: Ticket, now: int) -> None:
        pace, last = self.paces[ticket.campaign], ticket.seq + ticket.size - 1
        if not pace.chunk_size:
            return
        assert ticket.seq // pace.chunk_size == last // pace.chunk_size, "a batch over two chunks"
        chunk, place = divmod(ticket.seq, pace.chunk_size)
        if chunk and place == 0:
            assert (ticket.campaign, chunk) in self.gates, "the chunk before is not over"
            assert now >= self.gates[ticket.campaign, chunk], "the gate was undercut"

    def _closes_chunk(self, campaign: int) -> None:
        """The last flight of a chunk came down: its retries, if any, go with the next, but for those due at once."""
        if any(retry[:2] == (campaign, 0) for retry in self.retries):
            return
        pace, cursor = self.paces.get(campaign), self.cursors[campaign]
        if pace is None or not pace.chunk_size or any(ticket.campaign == campaign for ticket in self.out.values()):
            return
        if cursor % pace.chunk_size == 0:
            gate = self.ends.get(campaign, -pace.chunk_gap_ms) + pace.chunk_gap_ms
            self.gates.setdefault((campaign, cursor // pace.chunk_size), gate)
