"""What should have been taken up minutes ago, and by whom."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from dispatcher.domain.audit.checks import Check, Suspect

SWEPT_WITHIN_MS = 120_000  # every worker sweeps every five seconds
EVENTS_WITHIN_S = 300  # a job of the events queue is taken within milliseconds, and published again after ten seconds;
# in a storm an event may wait for longer, but no account's first for twenty seconds: it is next when a place is free
LOOK_UPS_WITHIN_S = 600  # the sweeper has them asked within seconds of their time; while a provider is away, again
CALLBACKS_WITHIN_S = 900  # hundreds of endpoints that are dead may hold others up for minutes


class Backlog(NamedTuple):
    """How many are overdue, counted up to a bound, and for how long the first."""

    many: int
    oldest_s: float


class Waiting(NamedTuple):
    """The event of an account that is to be processed first, and for how long it waits."""

    event: int
    age_s: float


class Standstill(NamedTuple):
    """`events`: of each account whose first event waits for too long."""

    look_ups: Backlog
    events: Sequence[Waiting]
    callbacks: Backlog


def standstill_suspects(seen: Standstill) -> Iterator[Suspect]:
    yield from _backlog(Check.LOOK_UPS, "look-ups", seen.look_ups, "look-ups are overdue")
    yield from map(_stuck, seen.events)
    yield from _backlog(Check.CALLBACKS, "callbacks", seen.callbacks, "endpoints have callbacks that nobody brings")


def sweep_suspects(last_looks_ms: Mapping[int, int | None], now_ms: int) -> Iterator[Suspect]:
    """`last_looks_ms`: when the sweepers last looked at each campaign that runs (None: not in the last hour)."""
    late = [last for last in last_looks_ms.values() if last is None or now_ms - last > SWEPT_WITHIN_MS]
    if late:
        yield Suspect(Check.SWEEPER, "sweeper", f"{len(late)} campaigns that run are not looked after")


def _stuck(first: Waiting) -> Suspect:
    """By its number: where another is the first twenty seconds later, they are processed."""
    words = f"an account's first inbound event waits for {int(first.age_s)} s"
    return Suspect(Check.EVENTS, "events", words, str(first.event))


def _backlog(check: Check, subject: str, seen: Backlog, words: str) -> Iterator[Suspect]:
    if seen.many:
        yield Suspect(check, subject, f"{seen.many} {words}, the oldest for {int(seen.oldest_s)} s")
