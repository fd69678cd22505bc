"""The verdict: what was promised, held against what the provider saw and what ledger and Redis say afterwards.

`judge` is pure and lists every promise that was broken, a line each; nothing for a run that kept them all.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

FINAL = {"sent", "failed", "blocked", "suppressed", "expired", "cancelled", "in_doubt"}
MAY_HAVE_BEEN_SEEN = {"sent", "in_doubt"}
MAY_HOLD_A_LOCK = {"sent", "in_doubt", "blocked"}  # blocked: the provider itself told of the contact


class Delivery(NamedTuple):
    """A message reached a person; the time by the machine's monotonic clock."""

    campaign: str
    person: str
    at_ms: float


class Message(NamedTuple):
    """A row of the ledger; `open`: its provider took it, and is still to be asked how it ended."""

    campaign: str
    seq: int
    person: str
    state: str
    open: bool = False


class Call(NamedTuple):
    """A call that sends, as its provider saw it; an end of None: it is open. Not answered: its client had left."""

    lane: str
    started_ms: float
    ended_ms: float | None
    answered: bool = True


class Lock(NamedTuple):
    """Of a client; `state`: of the message that holds it, empty where the ledger knows of no such lock."""

    name: str
    state: str


@dataclass
class Evidence:
    """`accepted`: campaign -> how many messages were handed over; `guarded`: the campaigns under the CPC lock;
    `replies`: person -> when (ms, monotonic) they answered; `counts`: as the ledger's counters have them;
    `strangers`: campaigns that nobody handed over; `flights`: lanes that Redis holds for in flight; `amiss`: what the
    workers' auditor found, at any time, and did not see gone.
    """

    accepted: dict[str, int]
    guarded: set[str]
    states: dict[str, str]
    counts: dict[str, dict[str, int]]
    messages: list[Message]
    deliveries: list[Delivery]
    calls: list[Call]
    replies: dict[str, list[float]] = field(default_factory=dict)
    strangers: list[str] = field(default_factory=list)
    flights: list[str] = field(default_factory=list)
    locks: list[Lock] = field(default_factory=list)
    amiss: list[str] = field(default_factory=list)


def judge(seen: Evidence) -> list[str]:
    return [
        *_sent_twice(seen.deliveries),
        *_unaccounted(seen),
        *_seen_but_not_said(seen),
        *_not_ended(seen),
        *_overlaps(seen.calls),
        *_contacts(seen),
        *(f"promise 1: campaign {one} was taken in a second time" for one in seen.strangers),
        *(f"promise 3: {lane} is still in flight, and all campaigns are over" for lane in seen.flights),
        *(
            f"promise 5: the lock {lock.name} is held by a message that is {lock.state or 'unknown'}"
            for lock in seen.locks
            if lock.state not in MAY_HOLD_A_LOCK
        ),
        *(f"the auditor found: {one}" for one in seen.amiss),
    ]


def _sent_twice(deliveries: Iterable[Delivery]) -> Iterator[str]:
    times = Counter((one.campaign, one.person) for one in deliveries)
    for (campaign, person), number in times.items():
        if number > 1:
            yield f"promise 1: {person} got campaign {campaign} {number} times"


def _unaccounted(seen: Evidence) -> Iterator[str]:
    rows = Counter(one.campaign for one in seen.messages)
    by_state = Counter((one.campaign, one.state) for one in seen.messages)
    for campaign, accepted in seen.accepted.items():
        counted = {state: number for state, number in seen.counts.get(campaign, {}).items() if number}
        if not accepted == rows[campaign] == sum(counted.values()):
            told = f"{rows[campaign]} rows, counts {counted}"
            yield f"promise 2: campaign {campaign}: {accepted} accepted, {told}"
        found = {state: number for (one, state), number in by_state.items() if one == campaign}
        if found != counted:
            yield f"promise 2: campaign {campaign}: its counts {counted} are not its rows {found}"


def _seen_but_not_said(seen: Evidence) -> Iterator[str]:
    said = {(one.campaign, one.person): one.state for one in seen.messages}
    for campaign, person in dict.fromkeys((one.campaign, one.person) for one in seen.deliveries):
        state = said.get((campaign, person), "unknown")
        if state not in MAY_HAVE_BEEN_SEEN:
            yield f"promise 2: {person} got campaign {campaign}, and the ledger says {state}"
    reached = {(one.campaign, one.person) for one in seen.deliveries}
    for one in seen.messages:
        if one.state == "sent" and not one.open and (one.campaign, one.person) not in reached:
            yield f"promise 2: campaign {one.campaign} says sent to {one.person}, whom no provider reached"


def _not_ended(seen: Evidence) -> Iterator[str]:
    for campaign in seen.accepted:
        if seen.states.get(campaign) != "done":
            yield f"promise 2: campaign {campaign} is {seen.states.get(campaign, 'unknown')}"
    for one in seen.messages:
        if one.state not in FINAL:
            yield f"promise 2: campaign {one.campaign}, message {one.seq} is {one.state}"


def _overlaps(calls: Iterable[Call]) -> Iterator[str]:
    """On every lane (here each sender is one) a call ends before the next begins."""
    lanes: Mapping[str, list[Call]] = defaultdict(list)
    for call in calls:
        lanes[call.lane].append(call)
    for lane, of_lane in lanes.items():
        for first, second in pairwise(sorted(of_lane, key=lambda call: call.started_ms)):
            if first.ended_ms is None or second.started_ms < first.ended_ms:
                early_ms = 0.0 if first.ended_ms is None else first.ended_ms - second.started_ms
                yield f"promise 3: two calls at once on {lane}, at {second.started_ms:.0f} ms for {early_ms:.0f} ms"


def _contacts(seen: Evidence) -> Iterator[str]:
    """Between two guarded messages to a person, that person answered."""
    reached: Mapping[str, list[Delivery]] = defaultdict(list)
    for one in seen.deliveries:
        if one.campaign in seen.guarded:
            reached[one.person].append(one)
    for person, several in reached.items():
        for first, second in pairwise(sorted(several, key=lambda one: one.at_ms)):
            if not _answered_between(seen.replies.get(person, ()), first.at_ms, second.at_ms):
                yield f"promise 5: {person} got {second.campaign} after {first.campaign} without having answered"


def _answered_between(replies: Sequence[float], from_ms: float, to_ms: float) -> bool:
    return any(from_ms < reply < to_ms for reply in replies)
