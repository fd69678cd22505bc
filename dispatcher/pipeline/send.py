"""The station where messages leave: the provider is called, through its adapter; at the first byte the gate (gate.py)
is asked whether the call still may leave.

Every step works on one `Passage` and leaves what it found there; `settle` writes it down.
"""

from dataclasses import replace
from functools import partial

from dispatcher.domain.account import base_urls_of
from dispatcher.domain.campaign import Job
from dispatcher.domain.claims import Claimed
from dispatcher.domain.guards import told_locked
from dispatcher.domain.ids import MessageId, job_text
from dispatcher.domain.outcomes import Fate
from dispatcher.domain.trouble import DispatcherTrouble
from dispatcher.pipeline.gate import Gate
from dispatcher.pipeline.guard import hold_anew
from dispatcher.pipeline.passage import Passage, broken, put_off
from dispatcher.pipeline.persist import if_reachable, persist
from dispatcher.pipeline.ready import make_ready
from dispatcher.pipeline.spared import spared
from dispatcher.pipeline.stations import Stations
from dispatcher.telemetry import emit

CLAIMED_WITHIN_S = 10.0  # below the margin of the lease, after which a pacer looks for the claim as well


def send(stations: Stations, passage: Passage) -> None:
    """Take a ticket that was begun to the provider's answer."""
    with spared(stations, passage.provider, [passage.ticket]):
        if not passage.is_ready:
            make_ready(stations, [passage])
        if passage.failure is not None:
            raise passage.failure
        if passage.trouble is not None:
            _put_back(stations, passage, str(passage.trouble))
    _tell_circuit(stations, passage, _call(stations, passage))


def _put_back(stations: Stations, passage: Passage, detail: str) -> None:
    """Nothing was called: what was claimed goes back to pending, the rest is released again."""
    if not passage.rows:
        _find_claimed(stations, passage)
    put_off(passage, "server_unavailable", detail, stations.now_ms())


def _find_claimed(stations: Stations, passage: Passage) -> None:
    """A claim whose answer was lost may have happened. The lane waits until the ledger can tell: it would
    run through its whole campaign meanwhile. Raises Unavailable when that takes too long; the lease brings it back.
    """
    found = persist(lambda: stations.messages.whereabouts(passage.ticket), CLAIMED_WITHIN_S)
    passage.put_back += found.pending
    passage.rows = tuple(Claimed(seq, attempt, "", "", {}, 0, False) for seq, attempt in found.sending)


def _call(stations: Stations, passage: Passage) -> bool | None:
    """Whether the provider was reached; None: there was no call."""
    if not passage.parcels:
        return None
    job = _job(stations, passage)
    if job is None:
        return None
    passage.called = True
    holds = partial(hold_anew, stations, passage)
    gate = Gate(stations, passage.provider, passage.ticket, passage.account, passage.sender, passage.begun_ms, holds)
    reading = stations.caller.call(job, gate)
    passage.called = gate.opened or not gate.shut_because
    passage.halt = reading.halt
    for parcel, outcome in zip(passage.parcels, reading.outcomes, strict=True):
        passage.outcomes[parcel.seq] = told_locked(outcome, passage.campaign.on_locked)
    if gate.shut_because:
        _turned_back(passage, gate)
    return reading.reached


def _job(stations: Stations, passage: Passage) -> Job | None:
    """None where its messages cannot be put together; they have failed by then."""
    try:
        return _built(stations, passage)
    except DispatcherTrouble:
        raise
    except Exception as error:
        for parcel in passage.parcels:
            passage.outcomes[parcel.seq] = broken(passage, parcel.seq, error)
        return None


def _built(stations: Stations, passage: Passage) -> Job:
    campaign = passage.campaign
    first = passage.rows[0]  # as the ledger names the job, whichever of its messages the guards kept back
    mark = job_text(MessageId(campaign.id, first.seq), first.attempt)
    url = stations.leads_url(campaign, mark, [parcel.seq for parcel in passage.parcels])
    return Job(campaign, passage.account, passage.sender, tuple(passage.parcels), url, mark)


def _turned_back(passage: Passage, gate: Gate) -> None:
    """What did not leave waits until it may."""
    seq, reason = passage.ticket.seq, gate.shut_because
    emit("send.put_back", "warning", campaign=passage.campaign.id, seq=seq, reason=reason)
    for parcel in passage.parcels:
        if passage.outcomes[parcel.seq].fate is Fate.DEFERRED:
            passage.defers[parcel.seq] = gate.until_ms


def _tell_circuit(stations: Stations, passage: Passage, reached: bool | None) -> None:
    """While a line is left alone nobody pays for it with a try: who certainly was not sent waits until it is asked
    again. Redis may not answer: then nothing is known, and nothing hangs on it.
    """
    with if_reachable():
        wait_ms = stations.circuits.tell(base_urls_of(passage.account, passage.sender), reached)
        passage.left_alone_until_ms = stations.now_ms() + wait_ms if wait_ms else 0
    if not passage.left_alone_until_ms:
        return
    for seq, outcome in passage.outcomes.items():
        if outcome.fate is Fate.RETRY:
            passage.outcomes[seq] = replace(outcome, fate=Fate.DEFERRED)
            passage.defers[seq] = passage.left_alone_until_ms
