"""The task bus: names of tasks and queues, and publishing to them. The only place here that knows Celery.

| task                | queue           | carries                                                            |
|---------------------|-----------------|--------------------------------------------------------------------|
| dispatcher.send     | send.<provider> | provider; tickets, each lane, campaign, seq, size, token           |
| dispatcher.submit   | submit          | account, body, idempotency_key, as an upstream app put them there  |
| dispatcher.inbound  | events          | the number of a stored inbound event                               |
| dispatcher.resolve  | events          | a job in doubt: campaign, job                                      |
| dispatcher.poll     | events          | a job that its provider took: the id of its first message          |

All but `dispatcher.submit`, which foreign producers fill, carry ids and nothing about a person.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

from celery import Celery
from kombu import exceptions as kombu_says
from kombu import pools
from kombu.transport.redis import Channel
from kombu.utils.uuid import uuid
from redis.exceptions import RedisError

from dispatcher.domain.ids import MessageId, campaign_text, parse_campaign, parse_lane
from dispatcher.domain.tickets import SEND_PREFIX, Ticket, send_queue
from dispatcher.domain.trouble import Unavailable

SEND = "dispatcher.send"
SUBMIT = "dispatcher.submit"
INBOUND = "dispatcher.inbound"
RESOLVE = "dispatcher.resolve"
POLL = "dispatcher.poll"

SUBMIT_QUEUE = "submit"
EVENTS_QUEUE = "events"

TICKETS_A_JOB = 32
"""At most. Lanes that are paced come due one by one, and so does their job."""

ONE_TRY = {"max_retries": 1, "interval_start": 0}
"""For connections that publish: kombu's own try a refused one for six seconds, and a webhook would wait for it."""


FOREIGN: tuple[type[Exception], ...] = (
    kombu_says.OperationalError,
    kombu_says.BatchPublishError,  # type: ignore[attr-defined]  # kombu 5.7 has it, its type stubs not yet
    kombu_says.LimitExceeded,  # every connection that publishes is in use, and waits
    RedisError,
    OSError,
)

Channel.do_restore = False
"""A channel that is closed puts nothing back. kombu closes one twice when Redis goes away, and with a job in work the
second time ends the worker; what was not acknowledged comes back after the visibility time-out."""


def provider_of(queue: str) -> str | None:
    """The provider whose send jobs a queue carries; None for the other queues."""
    return queue.removeprefix(SEND_PREFIX) if queue.startswith(SEND_PREFIX) else None


def routes() -> dict[str, dict[str, str]]:
    return {
        SUBMIT: {"queue": SUBMIT_QUEUE},
        INBOUND: {"queue": EVENTS_QUEUE},
        RESOLVE: {"queue": EVENTS_QUEUE},
        POLL: {"queue": EVENTS_QUEUE},
    }


def written_ticket(ticket: Ticket) -> list[Any]:
    """A ticket as a job carries it: enough to find the message, nothing about the person."""
    return [str(ticket.lane), campaign_text(ticket.campaign), ticket.seq, ticket.size, ticket.token]


def read_ticket(written: Sequence[Any]) -> Ticket:
    lane, campaign, seq, size, token = written
    return Ticket(parse_lane(lane), parse_campaign(campaign), seq, size, token)


def celery_app(redis_url: str = "") -> Celery:
    """The application, with the settings of celeryconfig.py; the environment names the broker where no caller does."""
    app = Celery("dispatcher", broker=redis_url or None)
    app.config_from_object("celeryconfig")
    return app


class TaskBus:
    """Publishes jobs; several at once go to Redis in one batch. Raises Unavailable when Redis does not answer."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._renewed_at = monotonic()
        self._fresh_since: WeakKeyDictionary[Any, float] = WeakKeyDictionary()

    def renew(self) -> None:
        """Publish on new connections from now on: those that are open may hang half-open."""
        self._renewed_at = monotonic()

    @cached_property
    def _producers(self) -> Any:
        pool = pools.producers[self._app.connection_for_write(transport_options=ONE_TRY)]
        pool.limit = self._app.pool.limit
        return pool

    def sends(self, provider: str, tickets: Sequence[Ticket]) -> None:
        """Publish tickets that are due together, several in a job: under load a job costs more than what it carries."""
        jobs = (tickets[first : first + TICKETS_A_JOB] for first in range(0, len(tickets), TICKETS_A_JOB))
        carried = [{"provider": provider, "tickets": list(map(written_ticket, job))} for job in jobs]
        self._publish(SEND, send_queue(provider), carried)

    def inbound(self, event_ids: Sequence[int]) -> None:
        self._publish(INBOUND, EVENTS_QUEUE, [{"event": number} for number in event_ids])

    def doubts(self, jobs: Sequence[tuple[int, str]]) -> None:
        self._publish(RESOLVE, EVENTS_QUEUE, [{"campaign": campaign_text(one), "job": job} for one, job in jobs])

    def polls(self, firsts: Sequence[MessageId]) -> None:
        self._publish(POLL, EVENTS_QUEUE, [{"message": str(first)} for first in firsts])

    def _publish(self, task: str, queue: str, jobs: Sequence[dict[str, Any]]) -> None:
        if not jobs:
            return
        with _translated(), self._producers.acquire(block=True, timeout=5) as producer:
            self._freshen(producer)
            with batch(producer):
                for kwargs in jobs:
                    self._put(producer, task, queue, kwargs)

    def _put(self, producer: Any, task: str, queue: str, kwargs: dict[str, Any]) -> None:
        """As Celery's send_task does, which takes as long again for routes, options and a text of Flower's."""
        job = self._app.amqp.create_task_message(
            uuid(), task, kwargs=kwargs, argsrepr="()", kwargsrepr=repr(kwargs), ignore_result=True
        )
        producer.publish(
            job.body, exchange="", routing_key=queue, serializer="json", headers=job.headers, **job.properties
        )

    def _freshen(self, producer: Any) -> None:
        """A producer is one thread's while it has it."""
        if self._fresh_since.setdefault(producer, self._renewed_at) < self._renewed_at:
            producer.channel.pool.disconnect()
            self._fresh_since[producer] = self._renewed_at


def batch(producer: Any) -> AbstractContextManager[None]:
    """What is published meanwhile goes to Redis at once: kombu 5.7's batch, which its type stubs do not know yet."""
    together: AbstractContextManager[None] = producer.batch()
    return together


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except FOREIGN as error:
        raise Unavailable(f"the broker does not answer ({type(error).__name__})") from error
