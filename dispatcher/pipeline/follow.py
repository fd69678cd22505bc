"""The station for jobs that a provider takes first and carries out later: it is asked how they ended."""

from collections.abc import Sequence

from dispatcher.domain.claims import Settled, TakenJob
from dispatcher.domain.guards import lock_scope
from dispatcher.domain.ids import MessageId
from dispatcher.domain.outcomes import Fate, Outcome
from dispatcher.pipeline.doubt import as_job
from dispatcher.pipeline.giveback import give_back
from dispatcher.pipeline.stations import Stations
from dispatcher.telemetry import emit


def follow(stations: Stations, first: MessageId, waits_s: Sequence[float]) -> None:
    """Ask about the job of which `first` is the first message that was sent.

    Whom it did not reach becomes failed, and is not sent to again by itself. While it goes on it is asked again
    after each of `waits_s`, then no more.
    """
    taken = stations.follows.job(first)
    if taken is None:
        stations.follows.postpone(first, None)
        return
    outcomes = stations.caller.follow(as_job(stations, taken), taken.reference)
    asked = taken.tries + 1
    if outcomes is None:
        wait_s = waits_s[asked] if asked < len(waits_s) else None
        stations.follows.postpone(first, None if wait_s is None else stations.now_ms() + int(wait_s * 1000))
        return
    _fail(stations, taken, outcomes)
    stations.follows.postpone(first, None)


def _fail(stations: Stations, taken: TakenJob, outcomes: Sequence[Outcome]) -> None:
    """The ledger first. Whose giving back is lost with this process stays locked for the rest of its day."""
    both = list(zip(taken.rows, outcomes, strict=True))
    failed = [Settled(row.seq, row.attempt, outcome) for row, outcome in both if outcome.fate is Fate.FAILED]
    if not failed:
        return
    gone = stations.follows.fail(taken.campaign, failed)
    account = stations.account(stations.campaign(taken.campaign).account_id)
    scope = lock_scope(account, stations.sender(taken.sender_id))
    for row, _ in both:
        if row.key and row.seq in gone:
            give_back(stations, scope, row.key, MessageId(taken.campaign, row.seq))
    emit("job.failed", campaign=taken.campaign, seq=failed[0].seq, messages=len(gone), reason=failed[0].outcome.reason)
