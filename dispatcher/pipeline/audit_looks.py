"""One look of the auditor: what it reads, in which order, and what is decided from it.

The ledger before the clock: a cursor only moves forward, a lock is taken in Redis first. What moves on between the two
is suspected at most once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dispatcher.domain.audit.campaigns import Kept, Known, kept_suspects, not_covered, rows_suspects, stranger
from dispatcher.domain.audit.checks import BY_MESSAGE, OF_CAMPAIGNS, OF_LOCKS, Check, Finding, Suspect
from dispatcher.domain.audit.flights import Sending, flight_suspects, queue_suspects, sending_suspects
from dispatcher.domain.audit.locks import Held, InLedger, LockSeen, lock_suspects
from dispatcher.domain.audit.rounds import (
    CAMPAIGNS_A_ROUND,
    COUNTED_A_ROUND,
    LOCKS_A_ROUND,
    MOST_ROWS,
    ROWS_A_ROUND,
    Places,
    affordable,
)
from dispatcher.domain.audit.standstill import standstill_suspects, sweep_suspects
from dispatcher.domain.followups import STEP
from dispatcher.domain.ids import MessageId
from dispatcher.pipeline.ports.audit import (
    AuditBook,
    AuditedClock,
    AuditedKeys,
    AuditedLedger,
    AuditedLocks,
    LookBook,
)
from dispatcher.pipeline.stations import Stations, lease_ms

MOST_SENDING = 5_000  # the longest first: those that something is wrong with


@dataclass(frozen=True, slots=True)
class Audited:
    """What the auditor stands on, besides the stations; how many campaigns and locks a round looks at, and
    how many campaigns it counts."""

    providers: Sequence[str]
    book: AuditBook
    ledger: AuditedLedger
    ledger_locks: AuditedLocks
    clock: AuditedClock
    keys: AuditedKeys
    looks: LookBook
    campaigns: int = CAMPAIGNS_A_ROUND
    counted: int = COUNTED_A_ROUND
    locks: int = LOCKS_A_ROUND


class Scope(NamedTuple):
    """What a look is about, besides what is in flight and what stands still: campaigns; those of them that are
    counted message by message; the clock's campaigns by provider; locks, each with whose it is said to be.
    """

    campaigns: frozenset[int]
    counted: frozenset[int]
    clocks: Mapping[str, frozenset[int]]
    locks: frozenset[tuple[str, MessageId]]


# ------------------------------------------------------------ what to look at


def first_scope(stations: Stations, audited: Audited, places: Places, known: Sequence[Finding]) -> Scope:
    """The next campaigns and locks behind `places`, which move on, and what did not add up before."""
    before = second_scope(Scope(frozenset(), frozenset(), {}, frozenset()), known)
    cheap = _next_live(audited, places)
    counted = _next_counted(audited, places)
    clocks = {name: frozenset(_next_of_clock(stations, audited, places, name)) for name in audited.providers}
    locks = _next_locks(audited, places, stations.now_ms())
    whole = before.campaigns.union(cheap, counted, *clocks.values())
    return Scope(whole, frozenset(counted) | before.counted, clocks, before.locks | locks)


def second_scope(first: Scope, seen: Sequence[Suspect | Finding]) -> Scope:
    """The same, but only what something was suspected of."""
    locks = {(one.subject, _holder(one)) for one in seen if one.check in OF_LOCKS}
    campaigns = {one.campaign for one in seen if one.check in OF_CAMPAIGNS and one.campaign is not None}
    counted = {one.campaign for one in seen if one.check in BY_MESSAGE and one.campaign is not None}
    if any(one.check is Check.SWEEPER for one in seen):
        campaigns |= first.campaigns
    return Scope(frozenset(campaigns), frozenset(counted), first.clocks, frozenset(locks))


def _next_live(audited: Audited, places: Places) -> list[int]:
    found = audited.ledger.live(places.live, audited.campaigns)
    places.live = _behind(found, len(found), audited.campaigns, places.live)
    return [campaign for campaign, _ in found]


def _next_counted(audited: Audited, places: Places) -> list[int]:
    """Those that ended first, once; then one after the other of those that are open."""
    ended = audited.ledger.finished(places.finished_ms, audited.counted)
    many, left = affordable([rows for _, rows, _ in ended], ROWS_A_ROUND - places.owed)
    if many:
        places.finished_ms = ended[many - 1][2]
    live = audited.ledger.live(places.counted, audited.counted)
    more, left = affordable([rows for _, rows in live], left)
    places.counted = _behind(live, more, audited.counted, places.counted)
    places.owed = max(0, -left)
    return [one[0] for one in (*ended[:many], *live[:more]) if one[1] <= MOST_ROWS]


def _behind(found: Sequence[tuple[int, int]], taken: int, asked: int, place: int) -> int:
    """Where the next round goes on, so many of those `found` behind `place` being taken; 0: from the first again."""
    if taken == len(found) < asked:
        return 0
    return found[taken - 1][0] if taken else place


def _next_of_clock(stations: Stations, audited: Audited, places: Places, provider: str) -> Sequence[int]:
    place = places.clock.get(provider, 0)
    found, places.clock[provider] = stations.control.known(provider, place, audited.campaigns)
    return found


def _next_locks(audited: Audited, places: Places, now_ms: int) -> set[tuple[str, MessageId]]:
    place = (places.lock_scope, places.lock_key)
    standing, (places.lock_scope, places.lock_key) = audited.ledger_locks.standing(place, audited.locks, now_ms)
    names, places.lock_scan = audited.keys.lock_names(places.lock_scan, audited.locks)
    theirs = {(name, held.holder) for name, held in audited.keys.locks(names).items()}
    return theirs | {(audited.keys.lock_name(one.scope, one.key), one.holder) for one in standing}


def _holder(one: Suspect | Finding) -> MessageId:
    return MessageId(one.campaign or 0, one.seq or 0)


# ------------------------------------------------------------ looking


def look(stations: Stations, audited: Audited, scope: Scope) -> Iterator[Suspect]:
    """What does not add up, as far as one look can tell."""
    yield from _campaigns(stations, audited, scope)
    yield from _flights(stations, audited)
    yield from _locks(stations, audited, scope.locks)
    yield from standstill_suspects(audited.ledger_locks.standstill(stations.now_ms()))


def _campaigns(stations: Stations, audited: Audited, scope: Scope) -> Iterator[Suspect]:
    kept = {one.campaign: one for one in audited.ledger.kept(sorted(scope.campaigns))}
    known = _known(audited, kept.values())
    now_ms = stations.now_ms()
    for one in kept.values():
        yield from kept_suspects(one, known.get(one.campaign), now_ms)
    for provider, campaigns in scope.clocks.items():
        strangers = (campaigns & scope.campaigns) - set(kept)
        yield from (stranger(provider, campaign) for campaign in sorted(strangers))
    for campaign in sorted((scope.counted | _missing(kept.values(), known)) & set(kept)):
        yield from _counted(audited, kept[campaign], known.get(campaign))
    looked = audited.looks.of([one.campaign for one in kept.values() if one.is_running])
    running = {one.campaign: looked.get(one.campaign) for one in kept.values() if one.is_running}
    yield from sweep_suspects({one: looks.last_ms if looks else None for one, looks in running.items()}, now_ms)


def _known(audited: Audited, kept: Iterable[Kept]) -> dict[int, Known]:
    known: dict[int, Known] = {}
    theirs: dict[str, list[int]] = {}
    for one in kept:
        theirs.setdefault(one.provider, []).append(one.campaign)
    for provider, campaigns in theirs.items():
        known |= audited.clock.known(provider, campaigns)
    return known


def _missing(kept: Iterable[Kept], known: Mapping[int, Known]) -> set[int]:
    """Campaigns that run and the clock does not know: as it should be, if everything in them waits for long."""
    gone = [one for one in kept if one.is_running and (one.campaign not in known or known[one.campaign].gone)]
    many, _ = affordable([one.total for one in gone], ROWS_A_ROUND)
    return {one.campaign for one in gone[:many]}


def _counted(audited: Audited, kept: Kept, known: Known | None) -> Iterator[Suspect]:
    if kept.total > MOST_ROWS:
        return
    rows = audited.ledger.counted(kept.campaign, STEP if known is None else known.next)
    if rows is None:
        return
    if rows.adrift:
        covered = audited.clock.covered(kept.provider, kept.campaign)
        rows = rows._replace(adrift=not_covered(rows.adrift, covered))
    yield from rows_suspects(kept, known, rows)


def _flights(stations: Stations, audited: Audited) -> Iterator[Suspect]:
    sending = audited.ledger.sending(MOST_SENDING)
    flights = [one for provider in audited.providers for one in audited.clock.flights(provider)]
    yield from flight_suspects(flights, stations.now_ms())
    yield from sending_suspects(sending, flights, lambda one: _lease_ms(stations, one))
    yield from queue_suspects([audited.clock.queue(provider) for provider in audited.providers])


def _lease_ms(stations: Stations, one: Sending) -> int:
    sender = stations.sender(one.lane.sender_id)
    return lease_ms(stations.account(sender.account_id), sender)


def _locks(stations: Stations, audited: Audited, asked: Iterable[tuple[str, MessageId]]) -> Iterator[Suspect]:
    pairs = sorted(asked)
    in_redis = audited.keys.locks([name for name, _ in pairs])
    told = audited.ledger_locks.of_holders([(name.rpartition(":")[0], holder) for name, holder in pairs])
    in_ledger = {(one.scope, one.holder): one for one in told}
    now_ms = stations.now_ms()
    for name, holder in pairs:
        scope, _, _ = name.rpartition(":")
        yield from lock_suspects(_lock(audited, name, holder, in_redis.get(name), in_ledger[scope, holder]), now_ms)


def _lock(audited: Audited, name: str, holder: MessageId, redis: Held | None, told: InLedger) -> LockSeen:
    """A message that the lock's client is not the client of does not own it."""
    if told.key is None or audited.keys.lock_name(told.scope, told.key) != name:
        return LockSeen(name, holder, redis, None, None)
    return LockSeen(name, holder, redis, told.held, told.owner, told.busy_ms)
