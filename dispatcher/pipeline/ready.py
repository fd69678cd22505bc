"""The station that makes messages ready for their calls, those of a campaign that were begun together in one go.

claim   pending -> sending in the ledger, durable before anything leaves
guard   guard.py: expired? suppressed? night where the client is? is another message in contact with the client?
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from dispatcher.domain.claims import Claim
from dispatcher.domain.notbefore import SENTENCES, Reason
from dispatcher.domain.policies import is_closed
from dispatcher.domain.tickets import merged
from dispatcher.domain.trouble import DispatcherTrouble
from dispatcher.pipeline.guard import guard
from dispatcher.pipeline.passage import Passage, put_off
from dispatcher.pipeline.stations import Stations


def make_ready(stations: Stations, passages: Sequence[Passage]) -> None:
    """Claim and guard passages of one campaign. Raises nothing: a server's trouble is each one's own `trouble`, for
    `send` to put it back; what else it fails with is its `failure`, which `send` raises."""
    claimed: list[Passage] = []
    with _noting_failure(passages):
        for passage, claim in zip(passages, _claims(stations, passages), strict=True):
            with _noting_failure([passage]):
                _take(passage, claim())
                if _are_hours_open(stations, passage):
                    claimed.append(passage)
    with _noting_failure(claimed):
        guard(stations, claimed)
    for passage in passages:
        passage.is_ready = True


@contextmanager
def _noting_failure(passages: Sequence[Passage]) -> Iterator[None]:
    """What the block raises is the passages' `trouble`, or else their `failure`, and goes no further."""
    try:
        yield
    except DispatcherTrouble as trouble:
        for passage in passages:
            passage.trouble = trouble
    except Exception as error:
        for passage in passages:
            passage.failure = error


def _claims(stations: Stations, passages: Sequence[Passage]) -> Sequence[Callable[[], Claim]]:
    tickets = [passage.ticket for passage in passages]
    if len(tickets) == 1:
        return [partial(stations.messages.claim, tickets[0])]
    return stations.messages.claim_all(tickets)


def _take(passage: Passage, claim: Claim) -> None:
    passage.rows, passage.running, passage.hours = claim.rows, claim.running, claim.hours
    if not claim.running:
        passage.put_back += merged(((seq, 0) for seq in claim.waiting), passage.ticket.size)


def _are_hours_open(stations: Stations, passage: Passage) -> bool:
    """The campaign may have been given others since this process read it: what closed meanwhile goes back."""
    if not passage.rows or passage.hours == passage.campaign.business_hours:
        return True
    passage.campaign = replace(passage.campaign, business_hours=passage.hours)
    if not is_closed(passage.account, passage.hours, passage.begun_ms):
        return True
    put_off(passage, Reason.HOURS, SENTENCES[Reason.HOURS], stations.now_ms())
    return False
