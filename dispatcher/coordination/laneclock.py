"""The lane clock in Redis: the verbs of `pipeline.ports.clock`, one script and one round trip each.

The rules are in domain/laneclock.py. What it costs: `release` looks at no more than `limit` lanes; begin and depart
at one, finish and skip at one, or at all of its sender if that keeps a least gap; plan, forget, resume, the close of
a chunk and the filing of a retry that is a campaign's earliest work go through the lanes of that campaign.
"""

import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import redis

from dispatcher.coordination import keys
from dispatcher.coordination.connection import our_words
from dispatcher.coordination.scripts import LANE_VERBS, Asked, Scripts
from dispatcher.domain.caps import Sent
from dispatcher.domain.ids import Lane, campaign_text, parse_campaign, parse_lane
from dispatcher.domain.laneclock import BEGIN_LEASE_MS, NOTHING_MS, OVERDUE_MS
from dispatcher.domain.notbefore import NotBefore
from dispatcher.domain.senderday import AHEAD_MS
from dispatcher.domain.tickets import (
    ALL_LEFT,
    Allowance,
    Begun,
    Departure,
    Ending,
    Finished,
    Landing,
    Plan,
    Released,
    Retry,
    Start,
    Ticket,
    send_queue,
)

Args = list[str | int]

AT_ONCE = 1000  # retries a call: a script that files a hundred thousand keeps everybody else waiting
TOKEN_BYTES = 9  # 72 random bits a release, and a number for each of its tickets


def random_prefix() -> str:
    return secrets.token_hex(TOKEN_BYTES)


class LaneClock:
    """Lanes and campaigns of every provider. `now_ms` is for tests; 0 is the server's time.

    `rebuilding`: works on memory that is not complete. Raises ClockLost, and Unavailable, after which a verb may or
    may not have run.
    """

    def __init__(
        self,
        client: redis.Redis,
        token_prefix: Callable[[], str] = random_prefix,
        now_ms: Callable[[], int] | int = 0,
        rebuilding: bool = False,
    ) -> None:
        self._client = client
        self._run = Scripts(client, LANE_VERBS)
        self._token_prefix = token_prefix
        self._now_ms = now_ms
        self._rebuilding = rebuilding

    # ------------------------------------------------------------ the way of a ticket

    def release(self, provider: str, room: int, limit: int) -> Released:
        """Take up to `limit` due lanes, as long as fewer than `room` tickets are out that nobody has begun."""
        args: Args = [room, limit, self._token_prefix(), BEGIN_LEASE_MS, OVERDUE_MS, NOTHING_MS]
        tickets, overdue, wait_ms, full = self._call("release", provider, args, send_queue(provider))
        return Released(tuple(_tickets(tickets)), tuple(_tickets(overdue)), wait_ms, bool(full))

    def take_up(self, provider: str, ticket: Ticket, lease_ms: int) -> bool:
        """A worker is about to read what it needs to begin the ticket. False: it was begun before, or lost its lane."""
        return bool(self._call("take_up", provider, [str(ticket.lane), ticket.token, lease_ms]))

    def begin(self, provider: str, ticket: Ticket, lease_ms: int, allowance: Allowance | None = None) -> Begun:
        """Renew the ticket's lease to now + lease_ms, once, and take its messages from the sender's day.

        Not held when it was begun before, lost its lane, or the day is not known. `allowance` None: no caps.
        """
        start = Start(ticket, lease_ms, allowance)
        return _begun(start, self._call("begin", provider, _start(start)))

    def begin_all(self, provider: str, starts: Sequence[Start]) -> list[Begun]:
        """The same for several tickets, in one round trip."""
        answers = self._run.all([self._asked("begin", provider, _start(start)) for start in starts])
        return list(map(_begun, starts, answers))

    def depart(self, provider: str, ticket: Ticket, lease_ms: int, gap_ms: int = 0, unused_ms: int = 0) -> Departure:
        """May the ticket's call start now? `gap_ms` after the last that did, of any lane of the sender's."""
        args: Args = [str(ticket.lane), ticket.token, lease_ms, ticket.lane.sender_id, gap_ms, unused_ms]
        held, wait_ms, start_ms = self._call("depart", provider, args)
        return Departure(bool(held), wait_ms, start_ms)

    def spare(self, provider: str, ticket: Ticket) -> None:
        """The ticket's worker met trouble with a server before its claim, and lives."""
        self._call("spare", provider, [str(ticket.lane), ticket.token])

    def silent_ms(self, provider: str, ticket: Ticket) -> int:
        """The lease within which a worker that had taken the ticket up was not heard of; 0: nobody had, or it lives."""
        return int(self._call("silent_ms", provider, [str(ticket.lane), ticket.token]))

    def finish(
        self,
        provider: str,
        ticket: Ticket,
        jitter: int,
        busy_ms: int = 0,
        retries: Sequence[Retry] = (),
        landing: Landing = ALL_LEFT,
    ) -> Finished:
        """Free the lane at now + busy_ms + the delay that `jitter` draws from the campaign's pace, or when its rest
        is over; file retries."""
        return self._end(provider, Ending(ticket, True, retries, landing, jitter, busy_ms))

    def skip(
        self, provider: str, ticket: Ticket, retries: Sequence[Retry] = (), rest: NotBefore | None = None
    ) -> Finished:
        """Free the lane at once, or when its rest is over: nothing was sent, so no delay is due."""
        return self._end(provider, Ending(ticket, False, retries, Landing(0, rest)))

    def end_all(self, provider: str, endings: Sequence[Ending]) -> list[Finished]:
        """`finish` or `skip` for several tickets, in one round trip."""
        answers = self._run.all([self._asked(_verb(ending), provider, _ending(ending)) for ending in endings])
        return [Finished(*map(bool, answer)) for answer in answers]

    def _end(self, provider: str, ending: Ending) -> Finished:
        return Finished(*map(bool, self._call(_verb(ending), provider, _ending(ending))))

    # ------------------------------------------------------------ control

    def plan(self, provider: str, plan: Plan) -> None:
        """Make a campaign known, or its end, pace, lanes, priority, start and hold anew, and wake its lanes."""
        pace = plan.pacing
        args: Args = [campaign_text(plan.campaign), plan.next, plan.end]
        args += [pace.delay_min_ms, pace.delay_max_ms, pace.chunk_size, pace.chunk_gap_ms, pace.batch]
        args += [plan.not_before_ms, int(plan.held), plan.priority, str(plan.why), plan.account, *map(str, plan.lanes)]
        self._call("plan", provider, args)

    def forget(self, provider: str, campaign: int) -> None:
        """Drop a campaign: its cursor, its retries; flights of it may still finish."""
        self._call("forget", provider, (campaign_text(campaign),))

    def known(self, provider: str, place: int, limit: int) -> tuple[list[int], int]:
        """About so many campaigns that the clock knows, behind a place, and the next place; 0: from the first again."""
        with our_words():
            answer: Any = self._client.hscan(keys.campaigns(provider), cursor=place, count=limit)
        following, found = answer
        return [parse_campaign(name) for name in found], int(following)

    def hold_campaign(self, provider: str, campaign: int) -> None:
        """Release nothing more of a campaign; one that is not known is held by its next plan."""
        self._call("hold_campaign", provider, (campaign_text(campaign),))

    def resume_campaign(self, provider: str, campaign: int) -> None:
        self._call("resume_campaign", provider, (campaign_text(campaign),))

    def hold_lanes(self, provider: str, lanes: Sequence[Lane], until_ms: int | None) -> None:
        """Release nothing more on these lanes. Holds add up: the latest moment counts; None: until resumed."""
        self._call("hold_lanes", provider, ("" if until_ms is None else until_ms, *map(str, lanes)))

    def resume_lanes(self, provider: str, lanes: Sequence[Lane]) -> None:
        """Let lanes go on, whatever held them."""
        self._call("resume_lanes", provider, tuple(map(str, lanes)))

    def lift_rests(self, provider: str, lanes: Sequence[Lane]) -> None:
        """The policies of these lanes' senders changed: what they rest for is asked anew by the next ticket."""
        self._call("lift_rests", provider, tuple(map(str, lanes)))

    def file_retries(self, provider: str, campaign: int, retries: Sequence[Retry]) -> bool:
        """Release these messages (again) at their time, but those that are out. False: plan the campaign first."""
        blocks = (retries[first : first + AT_ONCE] for first in range(0, max(1, len(retries)), AT_ONCE))
        asked = ((campaign_text(campaign), *map(_retry, block)) for block in blocks)
        return all(self._call("file_retries", provider, args) for args in asked)

    def idle(self, provider: str, campaign: int) -> bool:
        """Nothing of the campaign will be released: held, or no cursor to move, nothing waiting, nothing in flight."""
        return bool(self._call("idle", provider, [campaign_text(campaign)]))

    def waiting(self, provider: str, campaign: int) -> int:
        """How many tickets of the campaign wait for a time of their own."""
        return int(self._call("waiting", provider, [campaign_text(campaign)]))

    # ------------------------------------------------------------ rebuilding

    def rest_lanes(self, provider: str, rests: Sequence[tuple[Lane, int]]) -> None:
        """Release nothing on a lane before a moment, its delay or another's as it were."""
        self._call("rest_lanes", provider, [part for lane, ready_ms in rests for part in (str(lane), ready_ms)])

    def put_flight(self, provider: str, ticket: Ticket, lease_ms: int) -> bool:
        """A message that is being sent, after its campaign was planned. False: another is on this lane already."""
        args: Args = [str(ticket.lane), campaign_text(ticket.campaign), ticket.seq, ticket.size, ticket.token, lease_ms]
        return bool(self._call("put_flight", provider, args))

    # ------------------------------------------------------------

    def _call(self, verb: str, provider: str, args: Sequence[str | int], *more_keys: str) -> Any:
        return self._run(*self._asked(verb, provider, args, *more_keys))

    def _asked(self, verb: str, provider: str, args: Sequence[str | int], *more_keys: str) -> Asked:
        now = self._now_ms() if callable(self._now_ms) else self._now_ms
        return verb, [*keys.of_clock(provider), *more_keys], [now, int(self._rebuilding), *args]


def _start(start: Start) -> Args:
    ticket, lease_ms, allowance = start
    return [str(ticket.lane), ticket.token, lease_ms, ticket.lane.sender_id, *_allowance(allowance), AHEAD_MS]


def _begun(start: Start, answer: Sequence[int]) -> Begun:
    begun, granted, today, last_ms = answer
    return Begun(begun == 1, granted, Sent(today, last_ms) if begun == 1 and start.allowance else None, begun == 2)


def _verb(ending: Ending) -> str:
    return "finish" if ending.called else "skip"


def _ending(ending: Ending) -> Args:
    drawn: Args = [ending.jitter, ending.busy_ms] if ending.called else []
    return [*_flight(ending.ticket), *_landing(ending.landing), *drawn, *map(_retry, ending.retries)]


def _flight(ticket: Ticket) -> tuple[str, str, str]:
    return str(ticket.lane), campaign_text(ticket.campaign), ticket.token


def _allowance(allowance: Allowance | None) -> Args:
    if allowance is None:
        return ["", -1, 0, 0, "", 0]
    limit = -1 if allowance.limit is None else allowance.limit
    known: Args = ["", 0] if allowance.known is None else [allowance.known.today, allowance.known.last_ms]
    return ["caps", limit, allowance.gap_ms, allowance.day_end_ms, *known]


def _landing(landing: Landing) -> Args:
    rest_ms, why = landing.rest or (0, "")
    return ["" if landing.left is None else landing.left, rest_ms, str(why)]


def _retry(retry: Retry) -> str:
    return f"{retry.due_ms:013d}:{retry.seq:09d}:{retry.size:05d}"


def _tickets(flat: list[Any]) -> Iterator[Ticket]:
    for lane, campaign, seq, size, token in zip(*[iter(flat)] * 5, strict=True):
        yield Ticket(parse_lane(lane), parse_campaign(campaign), int(seq), int(size), token)
