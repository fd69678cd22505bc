"""Flights: each has a lease that somebody looks after, what is being sent has one, a lane has one at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from dispatcher.domain.audit.checks import Check, Suspect
from dispatcher.domain.ids import Lane, MessageId
from dispatcher.domain.tickets import Ticket

LOOKED_AFTER_MS = 60_000  # a pacer that is there looks after five seconds, and tries again every five
STALE_JOBS = 1_000  # that may wait beside those of flights, on an installation of any size


class Flown(NamedTuple):
    """A ticket that is out, until when its lease lasts, and when its lane comes up on the clock (ms; None: never)."""

    provider: str
    ticket: Ticket
    until_ms: int
    next_ms: int | None


class Sending(NamedTuple):
    """A message that is being sent, by whom, and for how long."""

    message: MessageId
    attempt: int
    lane: Lane
    token: str
    age_s: float


class Queue(NamedTuple):
    """How many send jobs wait for a provider's workers, beside how many tickets are out."""

    provider: str
    jobs: int
    in_flight: int


def flight_suspects(flights: Sequence[Flown], now_ms: int) -> Iterator[Suspect]:
    """Flights that nobody will look into."""
    for one in flights:
        over_ms = now_ms - one.until_ms
        if over_ms > LOOKED_AFTER_MS:
            yield _flight(one, f"its lease ended {over_ms // 1000} s ago, and nobody looked into it")
        elif one.next_ms is None:
            yield _flight(one, "it has a job in flight and is not on the clock: nobody will look into it")


def sending_suspects(
    sending: Sequence[Sending], flights: Sequence[Flown], lease_ms: Callable[[Sending], int]
) -> Iterator[Suspect]:
    """`lease_ms` of a message's call; who sends for longer without a flight is lost."""
    tokens = {one.ticket.token for one in flights}
    for one in sending:
        if one.token not in tokens and one.age_s * 1000 > lease_ms(one):
            words = f"it is being sent for {int(one.age_s)} s, and no job of it is in flight"
            yield Suspect(Check.SENDING, str(one.message), words, str(one.attempt), *one.message)
    yield from _lanes(sending)


def queue_suspects(queues: Sequence[Queue]) -> Iterator[Suspect]:
    for one in queues:
        if one.jobs > one.in_flight + STALE_JOBS:
            words = f"{one.jobs} jobs wait, and {one.in_flight} are in flight"
            yield Suspect(Check.QUEUE, f"send.{one.provider}", words)


def _lanes(sending: Sequence[Sending]) -> Iterator[Suspect]:
    by_lane: dict[Lane, Mapping[str, Sending]] = {}
    for one in sending:
        by_lane[one.lane] = {**by_lane.get(one.lane, {}), one.token: one}
    for lane, jobs in by_lane.items():
        if len(jobs) > 1:
            words = f"{len(jobs)} jobs are being sent from it at once"
            first = min(jobs.values())
            yield Suspect(Check.LANE, f"lane {lane}", words, " ".join(sorted(jobs)), *first.message)


def _flight(one: Flown, note: str) -> Suspect:
    ticket = one.ticket
    subject = f"{one.provider} lane {ticket.lane}"
    return Suspect(Check.FLIGHT, subject, note, ticket.token, ticket.campaign, ticket.seq)
