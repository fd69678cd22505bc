"""Whatever workers do in whichever order, no day of a sender passes its limit: also where a day has 23 or 25 hours."""

from collections import Counter
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dispatcher.domain.account import Account, Sender
from dispatcher.domain.caps import Sent, day_of, limit_at, midnight
from dispatcher.domain.hours_written import read_hours
from dispatcher.domain.ids import Lane
from dispatcher.domain.laneclock import PlainClock
from dispatcher.domain.pacing import Pacing
from dispatcher.domain.policies import allowance_of, caps_of, sender_not_before
from dispatcher.domain.senderday import AHEAD_MS
from dispatcher.domain.tickets import Landing, Plan, Retry, Ticket

ZONE = "America/Sao_Paulo"
HOURS = read_hours({"timezone": ZONE, "windows": ["mon-sun 00:00-24:00"]})
ACCOUNT = Account(1, "loja", "uazapi", ("https://loja.example",), hours=HOURS)
STARTS = ("2018-11-03 21:00", "2018-02-17 21:00", "2026-11-18 21:00")  # 23 hours, 25 hours, 24 hours follow


class Work(RuleBasedStateMachine):
    """A sender of three lanes. `ledger`: (start, messages) of what was claimed, by ticket; `left`: what really left."""

    @initialize(
        start=st.sampled_from(STARTS),
        limit=st.integers(1, 6),
        gap_ms=st.sampled_from([0, 1_000]),
        batch=st.integers(1, 4),
    )
    def begin(self, start: str, limit: int, gap_ms: int, batch: int) -> None:
        self.now = int(datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(ZONE)).timestamp() * 1000)
        ramp = ((1, limit), (2, limit + 1))
        self.sender = Sender(1, 1, "one", 3, min_gap_ms=gap_ms, warm_up=ramp, warm_up_from_ms=self.now)
        self.claimed: dict[str, tuple[int, int]] = {}
        self.batch, self.left, self.starts = batch, Counter[datetime](), list[int]()
        self.out: list[tuple[Ticket, int, int]] = []
        self.last_end = 0
        self.number = 0
        self.lose_memory()

    def lose_memory(self) -> None:
        self.clock = PlainClock()
        pace = Pacing(0, 0, 0, 0, self.batch)
        self.clock.plan(Plan(1, 0, 100_000, pace, tuple(Lane(1, slot) for slot in range(3))), self.now)

    @rule(ms=st.sampled_from([1, 900, 3_600_000, 4 * 3_600_000, 12 * 3_600_000]))
    def time_passes(self, ms: int) -> None:
        self.now += ms

    @rule()
    def a_worker_begins_and_claims(self) -> None:
        self.number += 1
        for ticket in self.clock.release(1, 1, f"t{self.number}", self.now).tickets:
            begun = self.clock.begin(ticket, 10**9, self.now, allowance_of(ACCOUNT, self.sender, self.now))
            if begun.unknown:
                known = allowance_of(ACCOUNT, self.sender, self.now, self.counted())
                begun = self.clock.begin(ticket, 10**9, self.now, known)
            if begun.granted:
                self.claimed[ticket.token] = (self.now, begun.granted)
                start = begun.sent.last_ms if begun.sent else self.now
                assert self.now <= start <= self.now + AHEAD_MS, "a worker waits for its start"
                self.starts.append(start)
                self.out.append((ticket, begun.granted, start))
            else:
                rest = sender_not_before(ACCOUNT, self.sender, begun.sent or Sent(), self.now)
                assert rest, "refused, and nothing stands in the way"
                self.clock.skip(ticket, [Retry(0, ticket.seq, ticket.size)], self.now, rest)

    def counted(self) -> Sent:
        """As the ledger counts: what left, or may have, or is on its way since midnight; when they had begun."""
        since = midnight(ZONE, self.now)
        today = sum(messages for at, messages in self.claimed.values() if at >= since)
        return Sent(today, self.now if self.out else self.last_end)

    @precondition(lambda self: self.out)
    @rule(data=st.data())
    def a_call_ends(self, data: st.DataObject) -> None:
        ticket, granted, start = self.out.pop(data.draw(st.integers(0, len(self.out) - 1)))
        self.now = max(self.now, start)
        left = data.draw(st.integers(0, granted))
        at, _ = self.claimed.pop(ticket.token)
        if left:
            self.claimed[ticket.token] = (at, left)
            self.left[day_of(ZONE, at)] += left
            self.last_end = self.now
        else:
            self.starts.remove(start)
        self.clock.finish(ticket, 0, 0, [], self.now, Landing(left))

    @rule()
    def redis_loses_its_memory(self) -> None:
        """Calls that are under way end all the same; their tickets are not the clock's any more."""
        self.lose_memory()

    @invariant()
    def no_day_has_more_than_its_limit(self) -> None:
        if not hasattr(self, "left"):
            return
        days = Counter(self.left)
        for ticket, granted, _ in self.out:
            days[day_of(ZONE, self.claimed[ticket.token][0])] += granted
        for day, messages in days.items():
            noon = int(day.replace(hour=12, tzinfo=ZoneInfo(ZONE)).timestamp() * 1000)
            limit = limit_at(caps_of(ACCOUNT, self.sender), noon)
            assert limit
            assert messages <= limit[0]

    @invariant()
    def starts_keep_the_gap(self) -> None:
        starts = sorted(getattr(self, "starts", []))
        assert all(after - before >= self.sender.min_gap_ms for before, after in pairwise(starts))


Work.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestNoDayPassesItsLimit = Work.TestCase
