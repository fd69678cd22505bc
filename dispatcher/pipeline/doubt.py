"""The station for messages in doubt: ask the provider where it can be asked, otherwise follow the account's policy."""

from collections.abc import Sequence

from dispatcher.domain.account import Account, OnDoubt
from dispatcher.domain.campaign import Job
from dispatcher.domain.claims import Claimed, DoubtfulJob, Settled, TakenJob, followed
from dispatcher.domain.followups import next_due_ms
from dispatcher.domain.guards import lock_scope
from dispatcher.domain.ids import MessageId
from dispatcher.domain.outcomes import RESENT_BY_POLICY, Fate, Outcome
from dispatcher.domain.parcels import unfilled
from dispatcher.domain.retries import RESENT_AFTER_S, after_attempt
from dispatcher.domain.tickets import merged
from dispatcher.pipeline.giveback import give_back
from dispatcher.pipeline.plan import release_again
from dispatcher.pipeline.stations import Stations, account_of
from dispatcher.pipeline.wait import file_due
from dispatcher.telemetry import emit

LONGEST_WAIT_S = 3600.0  # between looks at a provider that cannot tell
MOST_LOOKS = 30  # a day: a provider that cannot tell by then never will
FREED_WITHIN_MS = 60_000  # should this process die before a client is given back, `poll` does it then
RESEND = Outcome(Fate.RETRY, RESENT_BY_POLICY)


def resolve(stations: Stations, campaign: int, job: str, lookup_waits_s: Sequence[float]) -> None:
    """Look a doubtful job up once.

    Found at the provider: sent. Not found: asked again after each of `lookup_waits_s`; only after the last
    the message certainly was not sent and is released again. No clear answer: it is resent where the account says
    so, except to who answered meanwhile or has had all tries; otherwise it waits for an operator, and is still asked
    about now and then, for the provider may be away.
    """
    doubtful = stations.doubts.job(campaign, job)
    if doubtful is None:
        return
    looked = doubtful.tries + 1
    last = looked >= len(lookup_waits_s)
    _count(stations, doubtful, next_look_s(looked, lookup_waits_s))
    outcomes = stations.caller.look_up(as_job(stations, doubtful)) if lookup_waits_s else None
    if outcomes is not None and _certain(outcomes, last):
        _settle(stations, doubtful, outcomes)
        return
    again = _resendable(account_of(stations, campaign), doubtful) if last else ()
    if again:
        _settle(stations, doubtful._replace(rows=again), (RESEND,) * len(again))


def _count(stations: Stations, doubtful: DoubtfulJob, wait_s: float | None) -> None:
    """Before the look: what breaks or kills who looks must not be looked at for ever."""
    if wait_s is None and any(row.unheard for row in doubtful.rows):
        wait_s = RESENT_AFTER_S
    due_ms = None if wait_s is None else stations.now_ms() + int(wait_s * 1000)
    stations.doubts.postpone(doubtful.campaign, doubtful.job, due_ms)


def _resendable(account: Account, doubtful: DoubtfulJob) -> tuple[Claimed, ...]:
    """Whom the account sends to again. An answer is no proof that the message arrived, but may be one to it;
    so may be a reply that waits to be processed."""
    if account.on_doubt is not OnDoubt.RESEND:
        return ()
    waiting = (row for row in doubtful.rows if row.tries < account.max_attempts)
    return tuple(row for row in waiting if not row.answered and not row.unheard)


def next_look_s(looked: int, lookup_waits_s: Sequence[float]) -> float | None:
    """How long after the `looked`-th look without an answer to look again; None: never."""
    if looked < len(lookup_waits_s):
        return lookup_waits_s[looked]
    if not lookup_waits_s or looked >= MOST_LOOKS:
        return None
    return min(LONGEST_WAIT_S, lookup_waits_s[-1] * 2.0 ** (looked - len(lookup_waits_s) + 1))


def _certain(outcomes: Sequence[Outcome], last: bool) -> bool:
    """ "Not there" counts only at the last look: the provider may have been slow to show the job."""
    return last or all(outcome.fate is not Fate.RETRY for outcome in outcomes)


def as_job(stations: Stations, doubtful: DoubtfulJob | TakenJob) -> Job:
    campaign = stations.campaign(doubtful.campaign)
    parcels = tuple(unfilled(campaign, row) for row in doubtful.rows)
    sender = stations.sender(doubtful.sender_id)
    return Job(campaign, stations.account(campaign.account_id), sender, parcels, mark=doubtful.job)


def _settle(stations: Stations, doubtful: DoubtfulJob, outcomes: Sequence[Outcome]) -> None:
    settled = _all_settled(stations, doubtful, outcomes)
    stations.messages.settle(doubtful.campaign, settled)
    _give_back(stations, doubtful, settled)
    again = [(one.seq, 0) for one in settled if one.outcome.fate is Fate.RETRY]
    if again:
        release_again(stations, doubtful.campaign, list(merged(again, len(again))))
    elif stations.campaign(doubtful.campaign).follow_ups:
        file_due(stations, doubtful.campaign)
    for one in settled:
        fate, reason = one.outcome.fate.value, one.outcome.reason
        emit("doubt.resolved", campaign=doubtful.campaign, seq=one.seq, fate=fate, reason=reason)


def _all_settled(stations: Stations, doubtful: DoubtfulJob, outcomes: Sequence[Outcome]) -> list[Settled]:
    now_ms, most = stations.now_ms(), account_of(stations, doubtful.campaign).max_attempts
    follow_ups = stations.campaign(doubtful.campaign).follow_ups
    settled = []
    for row, outcome in zip(doubtful.rows, outcomes, strict=True):
        following_ms = next_due_ms(follow_ups, row.payload, row.seq, now_ms)
        counted = after_attempt(outcome, row.tries, most)
        due_ms = now_ms + FREED_WITHIN_MS if counted.fate is Fate.FAILED else _due(outcome, now_ms)
        settled.append(Settled(row.seq, row.attempt, counted, due_ms, following_ms))
    return followed(settled)


def _due(outcome: Outcome, now_ms: int) -> int | None:
    if outcome.fate is not Fate.SENT:
        return now_ms
    return None if outcome.poll_s is None else now_ms + int(outcome.poll_s * 1000)


def _give_back(stations: Stations, doubtful: DoubtfulJob, settled: Sequence[Settled]) -> None:
    """The locks of those that failed and never left; who is sent again is about to need its own."""
    scope = lock_scope(account_of(stations, doubtful.campaign), stations.sender(doubtful.sender_id))
    failed = [row for row, one in zip(doubtful.rows, settled, strict=True) if one.outcome.fate is Fate.FAILED]
    for row in failed:
        if row.key:
            give_back(stations, scope, row.key, MessageId(doubtful.campaign, row.seq))
    if failed:
        stations.polls.freed(doubtful.campaign, [row.seq for row in failed])
