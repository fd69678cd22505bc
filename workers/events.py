"""Celery's events, for Flower: those of half a second go together.

Celery itself publishes them one by one, a job's arrival, start and end, which costs more than taking the job.
"""

from typing import Any

from celery import bootsteps

TOLD_EVERY_S = 0.5  # so much later Flower shows a job
NO_LIMIT = 1_000_000  # else whichever thread comes with the 24th publishes them, on the consumer's connection


class EventsTogether(bootsteps.StartStopStep):
    """Celery's hook: begins anew with each connection of the consumer's to the broker."""

    requires = ("celery.worker.consumer.events:Events",)

    def start(self, consumer: Any) -> None:
        dispatcher = consumer.event_dispatcher
        dispatcher.on_send_buffered, dispatcher.buffer_limit = None, NO_LIMIT
        self._timer = consumer.timer.call_repeatedly(TOLD_EVERY_S, dispatcher.flush)

    def stop(self, consumer: Any) -> None:
        self._timer.cancel()
