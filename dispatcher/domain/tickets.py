"""What the lane clock hands out and takes back."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dispatcher.domain.caps import Sent
from dispatcher.domain.hours import Hours
from dispatcher.domain.ids import Lane
from dispatcher.domain.notbefore import NotBefore, Reason
from dispatcher.domain.pacing import Pacing

SEND_PREFIX = "send."


def send_queue(provider: str) -> str:
    """Celery's queue of the jobs that carry a provider's tickets; the clock looks at its length."""
    return SEND_PREFIX + provider


class Ticket(NamedTuple):
    """Leave to send: messages `seq` .. `seq + size - 1` of `campaign`, from `lane`, for whoever holds `token`.

    A Celery job carries exactly this and nothing about a person.
    """

    lane: Lane
    campaign: int
    seq: int
    size: int
    token: str


class Retry(NamedTuple):
    """Messages `seq` .. `seq + size - 1` are to be released again at `due_ms` (UTC epoch; 0: now)."""

    due_ms: int
    seq: int
    size: int = 1


@dataclass(frozen=True, slots=True)
class Released:
    """One look at the clock. `tickets` are to be published; the leases of `overdue` ran out.

    `wait_ms`: how long nothing will be due (capped by the caller). `full`: the queue had no room, look again soon.
    """

    tickets: tuple[Ticket, ...]
    overdue: tuple[Ticket, ...]
    wait_ms: int
    full: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A campaign as the lane clock needs it: a cursor over next..end, its pace, its lanes.

    `not_before_ms` (UTC epoch; 0: at once) holds the whole campaign back: its start, a chunk gate, or for the reason
    `why`. `hours` (None: its lanes rest for them) are those that it waits for; `in_hours` makes them such a moment.
    Planning a campaign that the clock knows already moves its end, pace, lanes, priority and hold; never its cursor.
    `over`: it was cancelled or is done, the clock is to forget it. Of the campaigns of a lane that have work, those
    of the highest `priority` take turns. While there is not room for all lanes that are due, those of its `account`
    take turns with those of others.
    """

    campaign: int
    next: int
    end: int
    pacing: Pacing
    lanes: tuple[Lane, ...]
    not_before_ms: int = 0
    held: bool = False
    over: bool = False
    priority: int = 0
    hours: Hours | None = None
    why: Reason = Reason.START
    account: int = 0


class Allowance(NamedTuple):
    """What a sender with caps may send now: `limit` messages on the day that ends at `day_end_ms` (None: any number),
    starts no closer than `gap_ms`, whichever lane they are of. `known`: what the ledger counts, for a clock that does
    not know the day.
    """

    limit: int | None
    gap_ms: int
    day_end_ms: int
    known: Sent | None = None


CLOSED = Allowance(0, 0, 0)
"""Nothing may leave now, whatever was sent before."""


class Start(NamedTuple):
    """What a worker takes a ticket up with: its lease lasts `lease_ms`; `allowance` None: its sender has no caps."""

    ticket: Ticket
    lease_ms: int
    allowance: Allowance | None = None


class Begun(NamedTuple):
    """`held`: the ticket may be worked on, with the first `granted` of its messages.

    `sent`: what the sender has sent, these included; None: it has no caps. `unknown`: the clock does not know the
    sender's day; nothing was begun, come again with what the ledger counts.
    """

    held: bool
    granted: int = 0
    sent: Sent | None = None
    unknown: bool = False

    def __bool__(self) -> bool:
        return self.held


class Departure(NamedTuple):
    """`held`: the ticket is still its worker's. Its call may start now, which is the sender's last start, `start_ms`;
    or (0) not before `wait_ms` have passed, and has to be asked about again.
    """

    held: bool
    wait_ms: int = 0
    start_ms: int = 0


class Landing(NamedTuple):
    """How a ticket ends. `left`: how many of its messages left, or may have (None: all); the others are given back
    to the sender's day. `rest`: its lane sends nothing before then, and why.
    """

    left: int | None = None
    rest: NotBefore | None = None


ALL_LEFT = Landing()


class Ending(NamedTuple):
    """A ticket whose lane is to be freed: a delay after its call, which `jitter` draws and which begins when the
    provider is done with it, in `busy_ms`; at once, or when its rest is over, where nothing was `called`.
    """

    ticket: Ticket
    called: bool
    retries: Sequence[Retry] = ()
    landing: Landing = ALL_LEFT
    jitter: int = 0
    busy_ms: int = 0


class Finished(NamedTuple):
    """`held`: the token was still the lane's. `exhausted`: the clock has nothing more of this campaign,
    neither in its cursor, nor waiting, nor in flight."""

    held: bool
    exhausted: bool


def merged(waiting: Iterable[tuple[int, int]], batch: int) -> Iterator[Retry]:
    """(seq, due ms) in order as retries: neighbours that are due together, at most `batch` of them."""
    first, due, size = 0, 0, 0
    for seq, due_ms in waiting:
        if size and seq == first + size and due_ms == due and size < batch:
            size += 1
            continue
        if size:
            yield Retry(due, first, size)
        first, due, size = seq, due_ms, 1
    if size:
        yield Retry(due, first, size)
