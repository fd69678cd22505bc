"""The station after the call: outcomes are written, locks kept or given back, lanes freed, of all whose calls ended
at about the same moment.

The order matters when the process dies in between. The ledger comes first: a lost outcome would leave
`sending`, which becomes a doubt; a lane that is not freed comes back through its lease.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial

from dispatcher.domain.caps import Sent
from dispatcher.domain.claims import Claimed, Settled, followed
from dispatcher.domain.followups import STEP, holder_of, next_due_ms
from dispatcher.domain.guards import CONTACT_OPEN, lock_scope
from dispatcher.domain.ids import MessageId
from dispatcher.domain.notbefore import NotBefore, Reason, latest
from dispatcher.domain.outcomes import CERTAINLY_NOT_SENT, Fate, Halt, Scope
from dispatcher.domain.pacing import provider_busy_ms
from dispatcher.domain.policies import sender_not_before
from dispatcher.domain.retries import after_attempt, backoff_ms, first_look_s, near
from dispatcher.domain.tickets import Ending, Finished, Landing, merged
from dispatcher.domain.trouble import DispatcherTrouble
from dispatcher.pipeline.giveback import give_back
from dispatcher.pipeline.passage import Passage, broken, emptied
from dispatcher.pipeline.persist import persist
from dispatcher.pipeline.plan import plan
from dispatcher.pipeline.senders import pause_senders
from dispatcher.pipeline.stations import Stations
from dispatcher.pipeline.watch import watch
from dispatcher.telemetry import emit

SURE_AFTER_S = 60.0
"""How long the writing of an outcome is tried again while the ledger is away: it must not be forgotten lightly."""


def settle(
    stations: Stations, passages: Sequence[Passage], first_lookup_s: float | None, paces_batches: bool
) -> list[int]:
    """Write down what became of a job's passages and free their lanes; the campaigns that may be done.

    `first_lookup_s`: how long after the call a provider is asked about a doubt; None: it cannot be asked. What one of
    them fails with is its `failure`, and its lease brings it back; the others go on.
    """
    for passage in passages:
        with _noting_failure(passage):
            _decide(stations, passage, first_lookup_s)
    _write(stations, passages, first_lookup_s)
    written = [passage for passage in passages if passage.failure is None]
    ending: list[tuple[Passage, Ending]] = []
    for passage in written:
        with _noting_failure(passage):
            _follow(stations, passage)
            ending.append((passage, _ending(stations, passage, paces_batches)))
    if written:
        _tell(stations, written)
    return _free_lanes(stations, ending)


@contextmanager
def _noting_failure(*passages: Passage) -> Iterator[None]:
    """What the block raises is the passages' `failure`, and goes no further."""
    try:
        yield
    except Exception as error:
        for passage in passages:
            passage.failure = error


def _decide(stations: Stations, passage: Passage, first_lookup_s: float | None) -> None:
    try:
        passage.settled = _all_settled(stations, passage, first_lookup_s)
    except Exception as error:
        _break(stations, passage, first_lookup_s, error)


def _break(stations: Stations, passage: Passage, first_lookup_s: float | None, error: Exception) -> None:
    """Outcomes that break us, or that the ledger cannot take, become an outcome that it can: the lane goes on."""
    passage.outcomes = {row.seq: broken(passage, row.seq, error) for row in passage.rows}
    passage.rows = tuple(map(emptied, passage.rows))
    passage.settled = _all_settled(stations, passage, first_lookup_s)


def _write(stations: Stations, passages: Sequence[Passage], first_lookup_s: float | None) -> None:
    """The outcomes, in the ledger."""
    for passage, answer in zip(passages, _asked_together(stations, passages), strict=True):
        with _noting_failure(passage):
            try:
                _surely(stations, passage, answer)
            except DispatcherTrouble:
                raise
            except Exception as error:
                _break(stations, passage, first_lookup_s, error)
                _surely(stations, passage, partial(_settle, stations, passage))


def _asked_together(stations: Stations, passages: Sequence[Passage]) -> Sequence[Callable[[], int]]:
    if len(passages) > 1:
        with suppress(DispatcherTrouble):  # it is met again below, by each
            return stations.messages.settle_all([(passage.campaign.id, passage.settled) for passage in passages])
    return [partial(_settle, stations, passage) for passage in passages]


def _surely(stations: Stations, passage: Passage, first: Callable[[], int]) -> None:
    """While the ledger is away an outcome is written again and again."""
    try:
        first()
    except DispatcherTrouble:
        persist(partial(_settle, stations, passage), SURE_AFTER_S)


def _settle(stations: Stations, passage: Passage) -> int:
    return stations.messages.settle(passage.campaign.id, passage.settled)


def _follow(stations: Stations, passage: Passage) -> None:
    """What an outcome brings with it, now that it is written."""
    _keep_or_give_back(stations, passage)
    passage.settled = [_waiting(stations, passage, one) for one in passage.settled]
    watch(stations, passage, passage.settled)
    if passage.halt is not None:
        _halt(stations, passage, passage.halt)
    if not passage.running:
        plan(stations, passage.campaign.id)  # the clock missed the pause or the end: it would release this for ever


def _tell(stations: Stations, passages: Sequence[Passage]) -> None:
    """A line for all that ended alike, with the time since the first of them was begun: one for each message took a
    twentieth of the time of its send."""
    alike: dict[tuple[int, str, str], list[int]] = {}
    for passage in passages:
        for seq, _, outcome, *_ in passage.settled:
            alike.setdefault((passage.campaign.id, outcome.fate.value, outcome.reason), []).append(seq)
    took_ms = stations.now_ms() - min(passage.begun_ms for passage in passages)
    for (campaign, fate, reason), seqs in alike.items():
        emit("send.finished", campaign=campaign, seqs=seqs, fate=fate, reason=reason, took_ms=took_ms)


def _all_settled(stations: Stations, passage: Passage, first_lookup_s: float | None) -> list[Settled]:
    """What left together is due again together, one draw for all; what is to go apart, a millisecond from the next."""
    now_ms, jitter = stations.now_ms(), stations.jitter()
    settled = [_settled(passage, row, now_ms, jitter, first_lookup_s) for row in passage.rows]
    return followed([_apart(one, place) if one.outcome.apart else one for place, one in enumerate(settled)])


def _apart(one: Settled, place: int) -> Settled:
    return one._replace(due_ms=None if one.due_ms is None else one.due_ms + place)


def _settled(passage: Passage, row: Claimed, now_ms: int, jitter: int, first_lookup_s: float | None) -> Settled:
    outcome = after_attempt(passage.outcomes[row.seq], row.tries, passage.account.max_attempts)
    due_ms: int | None = None
    if outcome.fate is Fate.RETRY:
        due_ms = now_ms + backoff_ms(row.tries, jitter, outcome.retry_after_s)
    elif outcome.fate is Fate.DEFERRED:
        told_ms = int((outcome.lock_s or 0) * 1000)  # a provider puts back "now" otherwise: its halt holds the lane
        due_ms = passage.defers.get(row.seq, now_ms + told_ms)
    elif outcome.fate is Fate.IN_DOUBT:
        look_s = first_look_s(first_lookup_s, passage.account.on_doubt)
        due_ms = None if look_s is None else now_ms + int(look_s * 1000)
    elif outcome.fate is Fate.SENT and outcome.poll_s is not None:
        due_ms = now_ms + int(outcome.poll_s * 1000)
    following_ms = next_due_ms(passage.campaign.follow_ups, row.payload, row.seq, now_ms)
    return Settled(row.seq, row.attempt, outcome, due_ms, following_ms)


def _waiting(stations: Stations, passage: Passage, one: Settled) -> Settled:
    """Who is moved aside for its client waits as long as the lock stands, now that a reply would find it waiting."""
    if one.outcome.fate is not Fate.DEFERRED or one.outcome.reason != CONTACT_OPEN:
        return one
    scope, message = lock_scope(passage.account, passage.sender), MessageId(passage.campaign.id, one.seq)
    (key,) = (row.key for row in passage.rows if row.seq == one.seq)
    ask = partial(stations.waits.until_lifted, scope, key, message, stations.now_ms())
    until_ms = persist(ask, SURE_AFTER_S)
    return one if until_ms is None else one._replace(due_ms=until_ms)


def _keep_or_give_back(stations: Stations, passage: Passage) -> None:
    scope = lock_scope(passage.account, passage.sender)
    keys = {row.seq: row.key for row in passage.rows}
    for one in passage.settled:
        message, key = MessageId(passage.campaign.id, one.seq), keys[one.seq]
        if one.outcome.lock_s is not None and key:
            _hold_as_told(stations, scope, key, message, one.outcome.lock_s)
        elif one.seq in passage.locked and one.outcome.fate in CERTAINLY_NOT_SENT:
            give_back(stations, scope, key, message)


def _hold_as_told(stations: Stations, scope: str, key: str, message: MessageId, lock_s: float) -> None:
    now_ms = stations.now_ms()
    told_ms = now_ms + int(lock_s * 1000)
    until_ms = persist(lambda: stations.lock_book.extend(scope, key, message, now_ms, told_ms), SURE_AFTER_S)
    persist(lambda: stations.locks.extend(scope, key, holder_of(message), until_ms), SURE_AFTER_S)


def _halt(stations: Stations, passage: Passage, halt: Halt) -> None:
    whole = halt.scope is Scope.ACCOUNT
    senders = stations.accounts.senders(passage.account.id) if whole else [passage.sender]
    pause_senders(stations, passage.account, senders, halt.reason, halt.until_ms)


def _free_lanes(stations: Stations, ending: Sequence[tuple[Passage, Ending]]) -> list[int]:
    """The campaigns that the clock has nothing more of."""
    exhausted: set[int] = set()
    if ending:
        passages, endings = zip(*ending, strict=True)
        with _noting_failure(*passages):
            finished = _end(stations, passages[0].provider, endings)
            exhausted = {end.ticket.campaign for end, one in zip(endings, finished, strict=True) if one.exhausted}
    return sorted(exhausted)


def _end(stations: Stations, provider: str, endings: Sequence[Ending]) -> Sequence[Finished]:
    if len(endings) > 1:
        return stations.clock.end_all(provider, endings)
    ((ticket, called, retries, landing, jitter, busy_ms),) = endings
    if called:
        return [stations.clock.finish(provider, ticket, jitter, busy_ms, retries, landing)]
    return [stations.clock.skip(provider, ticket, retries)]


def _ending(stations: Stations, passage: Passage, paces_batches: bool) -> Ending:
    again, settled = {Fate.RETRY, Fate.DEFERRED}, passage.settled
    waiting = [(one.seq, one.due_ms or 0) for one in settled if one.outcome.fate in again]
    waiting += [
        (one.seq + STEP, one.follow_up_ms)
        for one in settled
        if one.outcome.fate is Fate.SENT and one.follow_up_ms is not None
    ]
    retries = near([*merged(waiting, passage.ticket.size), *passage.put_back], stations.now_ms())
    if not passage.called:
        return Ending(passage.ticket, False, retries, Landing(0))
    left = sum(one.outcome.fate not in CERTAINLY_NOT_SENT for one in settled)
    busy_ms = provider_busy_ms(passage.campaign.pacing, len(passage.parcels)) if paces_batches else 0
    landing = Landing(left, _rest(stations, passage, left))
    return Ending(passage.ticket, True, retries, landing, stations.jitter(), busy_ms)


def _rest(stations: Stations, passage: Passage, left: int) -> NotBefore | None:
    """What hours, caps and a provider that is down have, as they are now, against the lane's next send."""
    sent = passage.begun.sent or Sent()
    sent = replace(sent, today=sent.today - (passage.begun.granted - left))
    account, sender = stations.account(passage.account.id), stations.sender(passage.sender.id)
    answers = [sender_not_before(account, sender, sent, stations.now_ms())]
    if passage.left_alone_until_ms:
        answers.append(NotBefore(passage.left_alone_until_ms, Reason.BREAKER))
    return latest(answer for answer in answers if answer is not None)
