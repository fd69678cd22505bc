"""What speaks against a claimed message, asked one by one before its call.

    kept back    answered meanwhile, expired, suppressed
    unheard      a follow-up whose client has said something that nobody has read yet
    night        where its client is
    contact      another message is in contact with its client: Redis' lock, then the ledger's book

Who is kept back has its outcome here; the others are the passage's parcels.
"""

from dispatcher.domain.claims import Claimed
from dispatcher.domain.followups import holder_of
from dispatcher.domain.guards import UNHEARD, kept_back, lock_scope, locked, unheard_until, valid_until
from dispatcher.domain.ids import MessageId
from dispatcher.domain.outcomes import Fate, Outcome
from dispatcher.domain.pacing import leaves_in_ms
from dispatcher.domain.parcels import parcel_of
from dispatcher.domain.policies import night_not_before
from dispatcher.domain.template import MissingField
from dispatcher.domain.trouble import DispatcherTrouble
from dispatcher.pipeline.gate import PUT_BACK_MS
from dispatcher.pipeline.passage import Passage, broken, emptied
from dispatcher.pipeline.stations import Stations


def guard(stations: Stations, passage: Passage) -> None:
    """Raises DispatcherTrouble where a server did not answer: then nothing may leave."""
    for row in passage.rows:
        _guard_apart(stations, passage, row)


def _guard_apart(stations: Stations, passage: Passage, row: Claimed) -> None:
    """A message that breaks its guards fails by itself: as an exception it would come back, and stop its lane."""
    try:
        _guard(stations, passage, row)
    except DispatcherTrouble:
        raise
    except Exception as error:
        passage.refuse(row.seq, broken(passage, row.seq, error))
        passage.rows = tuple(emptied(one) if one.seq == row.seq else one for one in passage.rows)


def _guard(stations: Stations, passage: Passage, row: Claimed) -> None:
    now_ms = stations.now_ms()
    outcome = kept_back(passage.campaign, row, now_ms)
    if outcome is None:
        outcome = _hear_first(passage, row, now_ms)
    if outcome is None:
        outcome = _let_sleep(passage, row, now_ms)
    if outcome is None:
        outcome = _prepare(passage, row)
    if outcome is None and passage.campaign.guarded and row.key:
        outcome = _take_lock(stations, passage, row, now_ms)
    if outcome is not None:
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


def _take_lock(stations: Stations, passage: Passage, row: Claimed, now_ms: int) -> Outcome | None:
    """Redis first, for it is fast; then the ledger, for it does not forget. It is told when that is, not when the
    guard began: a reply that came meanwhile answers something else, and must not lift this lock.
    """
    scope = lock_scope(passage.account, passage.sender)
    message = MessageId(passage.campaign.id, row.seq)
    holder = holder_of(message)
    until_ms, leaves_ms = now_ms + passage.lock_ms, _leaves_in_ms(passage, row)
    left_ms = stations.locks.take(scope, row.key, holder, until_ms, leaves_ms)
    if not left_ms:
        passage.locked.add(row.seq)
        left_ms = stations.lock_book.take(scope, row.key, message, stations.now_ms(), until_ms, leaves_ms)
        if left_ms:
            passage.locked.discard(row.seq)
            stations.locks.give_back(scope, row.key, holder)
    if not left_ms:
        return None
    outcome = locked(passage.campaign.on_locked)
    if outcome.fate is Fate.DEFERRED:
        passage.defers[row.seq] = now_ms + PUT_BACK_MS  # until `settle` has written that it waits for its client
    return outcome


def hold_anew(stations: Stations, passage: Passage) -> bool:
    """Take the locks that were got once more, dated now; False: a reply lifted one, and another message has it."""
    leaving = passage.locked & {parcel.seq for parcel in passage.parcels}  # a lock may be held by one that broke then
    rows = [row for row in passage.rows if row.seq in leaving]
    return all(_take_lock(stations, passage, row, stations.now_ms()) is None for row in rows)


def _leaves_in_ms(passage: Passage, row: Claimed) -> int:
    """By its place in the batch."""
    place = [parcel.seq for parcel in passage.parcels].index(row.seq)
    return leaves_in_ms(passage.campaign.pacing, place) if passage.spaced_out else 0
