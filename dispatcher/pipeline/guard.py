"""What speaks against claimed messages, asked before their calls; locks are taken for all of a job at once.

    kept back    answered meanwhile, expired, suppressed
    unheard      a follow-up whose client has said something that nobody has read yet
    night        where its client is
    contact      another message is in contact with its client: Redis' lock, then the ledger's book

Who is kept back has its outcome here; the others are the passage's parcels.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from dispatcher.domain.claims import Claimed
from dispatcher.domain.contactlock import Wish
from dispatcher.domain.followups import holder_of
from dispatcher.domain.guards import UNHEARD, kept_back, lock_scope, locked, unheard_until, valid_until
from dispatcher.domain.ids import MessageId
from dispatcher.domain.outcomes import Fate, Outcome
from dispatcher.domain.pacing import leaves_in_ms
from dispatcher.domain.parcels import parcel_of
from dispatcher.domain.policies import night_not_before
from dispatcher.domain.template import MissingField
from dispatcher.domain.trouble import DispatcherTrouble
from dispatcher.pipeline.passage import PUT_BACK_MS, Passage, broken, emptied
from dispatcher.pipeline.stations import Stations

Wanting = tuple[Passage, Claimed]
"""A message that needs nothing more than its client's lock to leave, and whose passage it is on."""


def guard(stations: Stations, passages: Sequence[Passage]) -> None:
    """Raises DispatcherTrouble where a server did not answer: then nothing of them may leave."""
    wanting: list[Wanting] = []
    for passage in passages:
        for row in passage.rows:
            with _failing_alone(passage, row):
                wanting += _spoken_for(stations, passage, row)
    _lock(stations, wanting)


@contextmanager
def _failing_alone(passage: Passage, row: Claimed) -> Iterator[None]:
    """A message that breaks its guards fails by itself: as an exception it would come back, and stop its lane."""
    try:
        yield
    except DispatcherTrouble:
        raise
    except Exception as error:
        passage.refuse(row.seq, broken(passage, row.seq, error))
        passage.rows = tuple(emptied(one) if one.seq == row.seq else one for one in passage.rows)


def _spoken_for(stations: Stations, passage: Passage, row: Claimed) -> list[Wanting]:
    """The message, if all that it needs to leave is its client's lock."""
    now_ms = stations.now_ms()
    outcome = kept_back(passage.campaign, row, now_ms)
    if outcome is None:
        outcome = _hear_first(passage, row, now_ms)
    if outcome is None:
        outcome = _let_sleep(passage, row, now_ms)
    if outcome is None:
        outcome = _prepare(passage, row)
    if outcome is not None:
        passage.refuse(row.seq, outcome)
    return [(passage, row)] if outcome is None and passage.campaign.guarded and row.key else []


def _lock(stations: Stations, wanting: Sequence[Wanting]) -> None:
    try:
        _lock_together(stations, wanting)
    except DispatcherTrouble:
        raise
    except Exception:
        for one in wanting:
            with _failing_alone(*one):
                _lock_together(stations, [one])


def _lock_together(stations: Stations, wanting: Sequence[Wanting]) -> None:
    now_ms = stations.now_ms()
    for (passage, row), left_ms in zip(wanting, _take_locks(stations, wanting, now_ms), strict=True):
        if left_ms:
            outcome = locked(passage.campaign.on_locked)
            if outcome.fate is Fate.DEFERRED:  # until `settle` has written that it waits for its client
                passage.defers[row.seq] = now_ms + PUT_BACK_MS
            passage.refuse(row.seq, outcome)


def _hear_first(passage: Passage, row: Claimed, now_ms: int) -> Outcome | None:
    """A follow-up moves aside while a reply of its client waits to be processed: it may end it."""
    until_ms = unheard_until(row, now_ms)
    if until_ms is None:
        return None
    passage.defers[row.seq] = until_ms
    return UNHEARD


def _let_sleep(passage: Passage, row: Claimed, now_ms: int) -> Outcome | None:
    """At night a message moves aside until the morning; one that will not be valid then, until it expires."""
    morning = night_not_before(passage.account, row.key, now_ms, passage.campaign.business_hours)
    if morning is None:
        return None
    over_ms = valid_until(passage.campaign, row) + 1
    passage.defers[row.seq] = int(min(morning.ms, over_ms))
    return Outcome(Fate.DEFERRED, morning.reason)


def _prepare(passage: Passage, row: Claimed) -> Outcome | None:
    """Put the message's content together; a template's missing field is its failure."""
    try:
        passage.parcels.append(parcel_of(passage.campaign, row))
    except MissingField as missing:
        return Outcome(Fate.FAILED, "missing_field", str(missing))
    return None


def _take_locks(stations: Stations, wanting: Sequence[Wanting], now_ms: int) -> list[int]:
    """0, or how many ms the lock still is another's. Redis first, for it is fast; then the ledger, for it does not
    forget. It is told when that is, not when the guard began: a reply that came meanwhile answers something else,
    and must not lift this lock.
    """
    wishes = [_wish(passage, row, now_ms) for passage, row in wanting]
    lefts = _in_redis(stations, wishes)
    got = [place for place, left_ms in enumerate(lefts) if not left_ms]
    for place in got:
        passage, row = wanting[place]
        passage.locked.add(row.seq)
    booked = _in_the_book(stations, [wishes[place] for place in got])
    for place, left_ms in zip(got, booked, strict=True):
        lefts[place] = left_ms
        if left_ms:
            _let_go(stations, wanting[place], wishes[place])
    return lefts


def _wish(passage: Passage, row: Claimed, now_ms: int) -> Wish:
    scope, message = lock_scope(passage.account, passage.sender), MessageId(passage.campaign.id, row.seq)
    return Wish(scope, row.key, message, now_ms + passage.lock_ms, _leaves_in_ms(passage, row))


def _in_redis(stations: Stations, wishes: Sequence[Wish]) -> list[int]:
    if len(wishes) == 1:
        ((scope, key, message, until_ms, leaves_ms),) = wishes
        return [stations.locks.take(scope, key, holder_of(message), until_ms, leaves_ms)]
    return list(stations.locks.take_all(wishes)) if wishes else []


def _in_the_book(stations: Stations, wishes: Sequence[Wish]) -> Sequence[int]:
    if len(wishes) == 1:
        ((scope, key, message, until_ms, leaves_ms),) = wishes
        return [stations.lock_book.take(scope, key, message, stations.now_ms(), until_ms, leaves_ms)]
    return stations.lock_book.take_all(wishes, stations.now_ms()) if wishes else []


def _let_go(stations: Stations, wanting: Wanting, wish: Wish) -> None:
    passage, row = wanting
    passage.locked.discard(row.seq)
    stations.locks.give_back(wish.scope, wish.key, holder_of(wish.message))


def hold_anew(stations: Stations, passage: Passage) -> bool:
    """Take the locks that were got once more, dated now; False: a reply lifted one, and another message has it."""
    leaving = passage.locked & {parcel.seq for parcel in passage.parcels}  # a lock may be held by one that broke then
    wanting = [(passage, row) for row in passage.rows if row.seq in leaving]
    return not any(_take_locks(stations, wanting, stations.now_ms()))


def _leaves_in_ms(passage: Passage, row: Claimed) -> int:
    """By its place in the batch."""
    place = [parcel.seq for parcel in passage.parcels].index(row.seq)
    return leaves_in_ms(passage.campaign.pacing, place) if passage.spaced_out else 0
