"""The tasks: unpack, call one station, hand on what it returns.

A message's way in one place:  submit -> accept, plan  |  pacer -> pace  |  send -> begin, send, settle, complete
                               inbound -> process      |  resolve -> resolve  |  poll -> poll
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from celery import Task, shared_task
from celery.exceptions import Reject
from celery.worker.request import Request

from dispatcher import taskbus
from dispatcher.domain.ids import parse_campaign, parse_message
from dispatcher.domain.trouble import DispatcherTrouble
from dispatcher.pipeline.begin import begin
from dispatcher.pipeline.complete import complete
from dispatcher.pipeline.doubt import resolve
from dispatcher.pipeline.passage import Passage
from dispatcher.pipeline.persist import persist
from dispatcher.pipeline.plan import provider_of
from dispatcher.pipeline.poll import poll
from dispatcher.pipeline.reply import process
from dispatcher.pipeline.send import send
from dispatcher.pipeline.settle import settle
from dispatcher.producer import REFUSED, submit
from dispatcher.providers.registry import provider as known
from dispatcher.telemetry import emit, trouble
from dispatcher.wiring import first_lookup_s, stations
from workers.crew import crew

LEDGER_BACK_WITHIN_S = 60  # a third of the broker's visibility timeout: meanwhile nobody else gets the job


class Discreet(Request):
    """A request whose arguments are not shown to anybody: a foreign producer put people into them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._argsrepr = "(…)"
        self._kwargsrepr = "{…}"

    def acknowledge(self) -> None:
        """Redis may have gone and come back meanwhile: then the job's channel is closed, and the job comes again."""
        if self.message.channel.connection is not None:
            super().acknowledge()

    def reject(self, requeue: bool = False) -> None:
        if self.message.channel.connection is not None:
            super().reject(requeue)


class DiscreetTask(Task[Any, None]):
    Request = Discreet  # type: ignore[assignment]  # Celery takes a class as well as its name


class SubmissionRefused(ValueError):
    """A queued campaign breaks a rule. One text: Celery copies exceptions by their arguments."""


class WakeUp(Request):
    """A request that nobody waits for: Redis forgot its job when it was taken, so there is nothing to acknowledge."""

    def acknowledge(self) -> None:
        self.acknowledged = True

    def reject(self, requeue: bool = False) -> None:
        self.acknowledged = True


class WakeUpTask(Task[Any, None]):
    """Leases and the sweeper repeat what met trouble with a server; that is told once, and not for each job."""

    Request = WakeUp  # type: ignore[assignment]
    throws = (DispatcherTrouble,)

    def on_failure(self, exc: Exception, *_: Any) -> None:
        if isinstance(exc, DispatcherTrouble):
            trouble(exc)


@shared_task(name=taskbus.SEND, base=WakeUpTask)
def send_messages(provider: str, tickets: list[list[Any]]) -> None:
    """Tickets that were due together, without those that are stale or go back: their calls are made all at once."""
    taken = list(map(taskbus.read_ticket, tickets))
    start = partial(begin, stations(), provider, taken, known(provider).paces_batches)
    crew().together(len(taken), start, partial(send, stations()), partial(settle_messages, provider))


def settle_messages(provider: str, passages: Sequence[Passage]) -> None:
    """Those whose provider calls ended at about the same moment."""
    over = settle(stations(), passages, first_lookup_s(provider), known(provider).paces_batches)
    for campaign in over:
        complete(stations(), provider, campaign)
    for passage in passages:
        if passage.failure:
            raise passage.failure


@shared_task(name=taskbus.SUBMIT, base=DiscreetTask, bind=True, throws=(SubmissionRefused,))
def submit_campaign(self: Task[Any, None], account: str, body: Any, idempotency_key: str | None = None) -> None:
    """A campaign that an upstream app put into the queue, in any dialect. A job that comes twice makes one campaign.

    While the ledger is away it is tried again, and then given back to the queue: nobody else has the campaign.
    """
    key = f"task:{self.request.id}" if idempotency_key is None else idempotency_key
    try:
        persist(lambda: submit(stations(), account, body, key), LEDGER_BACK_WITHIN_S)
    except REFUSED as refused:
        emit("campaign.refused", "error", account=account, rule=str(refused))
        raise SubmissionRefused(str(refused)) from None
    except DispatcherTrouble as met:
        emit("campaign.put_back", "warning", account=account, reason=str(met))
        raise Reject("the ledger is away", requeue=True) from None


@shared_task(name=taskbus.INBOUND, base=WakeUpTask)
def process_inbound(event: int) -> None:
    process(stations(), event)


@shared_task(name=taskbus.RESOLVE, base=WakeUpTask)
def resolve_doubt(campaign: str, job: str) -> None:
    number = parse_campaign(campaign)
    resolve(stations(), number, job, known(provider_of(stations(), number)).lookup_waits_s)


@shared_task(name=taskbus.POLL, base=WakeUpTask)
def poll_job(message: str) -> None:
    first = parse_message(message)
    poll(stations(), first, known(provider_of(stations(), first.campaign)).poll_waits_s)
