"""The station for jobs that a provider takes first and carries out later: it is asked how they ended."""

from collections.abc import Iterable, Sequence

from dispatcher.domain.claims import FailedLater, Settled, TakenJob
from dispatcher.domain.guards import lock_scope
from dispatcher.domain.ids import MessageId
from dispatcher.domain.outcomes import Fate, Outcome
from dispatcher.pipeline.complete import complete
from dispatcher.pipeline.doubt import as_job
from dispatcher.pipeline.giveback import give_back
from dispatcher.pipeline.persist import if_reachable
from dispatcher.pipeline.plan import provider_of
from dispatcher.pipeline.stations import Stations
from dispatcher.telemetry import emit


def poll(stations: Stations, first: MessageId, waits_s: Sequence[float]) -> None:
    """Ask about the job of which `first` carries the questions; free the client, if it has failed meanwhile.

    Whom it did not reach becomes failed, and is not sent to again by itself. About those of whom nothing is said yet it
    is asked again after each of `waits_s`, then no more.
    """
    failed = stations.polls.failed(first)
    taken = None if failed else stations.polls.job(first)
    if failed:
        _free(stations, [failed])
    elif taken and taken.open:
        _ask(stations, taken, waits_s)
    else:
        stations.polls.never(first)


def _ask(stations: Stations, taken: TakenJob, waits_s: Sequence[float]) -> None:
    outcomes = stations.caller.poll(as_job(stations, taken), taken.reference)
    told = _told(taken, outcomes) if outcomes else []
    certain = {one.seq for one in told}
    still_open = [row.seq for row in taken.rows if row.seq in taken.open and row.seq not in certain]
    asked, now_ms = taken.tries + 1, stations.now_ms()
    due_ms = now_ms + int(waits_s[asked] * 1000) if asked < len(waits_s) else None
    failed = stations.polls.tell(taken, told, still_open, due_ms, now_ms)
    if failed:
        reasons = {one.seq: one.outcome.reason for one in told}
        seq = failed[0].message.seq
        emit("job.failed", campaign=taken.campaign, seq=seq, messages=len(failed), reason=reasons[seq])
        _free(stations, failed)


def _told(taken: TakenJob, outcomes: Iterable[Outcome]) -> list[Settled]:
    """What is certain about those that may fail yet."""
    both = zip(taken.rows, outcomes, strict=True)
    return [
        Settled(row.seq, row.attempt, outcome)
        for row, outcome in both
        if row.seq in taken.open and outcome.fate in (Fate.SENT, Fate.FAILED)
    ]


def _free(stations: Stations, failed: Sequence[FailedLater]) -> None:
    """Whose giving back is lost with this process is due again in a minute. Their follow-ups have ended, and with them
    perhaps the campaign."""
    campaign = failed[0].message.campaign
    account = stations.account(stations.campaign(campaign).account_id)
    scope = lock_scope(account, stations.sender(failed[0].sender_id))
    for one in failed:
        if one.key:
            give_back(stations, scope, one.key, MessageId(campaign, one.message.seq))
    stations.polls.freed(campaign, [one.message.seq for one in failed])
    if stations.campaign(campaign).follow_ups:
        with if_reachable():
            complete(stations, provider_of(stations, campaign), campaign)
