"""What workers tell Flower of their jobs."""

import json
from base64 import b64decode
from types import SimpleNamespace

import redis
from celery import Celery
from kombu.asynchronous.timer import Timer

from tests.waiting import wait_until
from workers.events import EventsTogether

EVENTS = 60  # more than Celery would keep


def fire(timer: Timer) -> bool:
    """Whether it was time for something."""
    _, entry = next(iter(timer))
    if entry is not None:
        timer.apply_entry(entry)
    return entry is not None


def test_events_of_jobs_go_to_flower_together(redis_url: str) -> None:
    app, timer = Celery(broker=redis_url), Timer()
    listener = redis.Redis.from_url(redis_url, socket_timeout=30)
    with listener.pubsub(ignore_subscribe_messages=True) as flower, app.connection() as broker:  # type: ignore[no-untyped-call]
        flower.psubscribe("*celeryev*")
        dispatcher = app.events.Dispatcher(broker, buffer_group=["task"])
        dispatcher.on_send_buffered = dispatcher.flush  # as the consumer does
        consumer = SimpleNamespace(event_dispatcher=dispatcher, timer=timer)
        step = EventsTogether(consumer)
        step.start(consumer)
        for number in range(EVENTS):
            dispatcher.send("task-received", uuid=str(number))
        wait_until(lambda: fire(timer), 30)
        step.stop(consumer)
        told = next(flower.listen())
        events = json.loads(b64decode(json.loads(told["data"])["body"]))
        assert [event["uuid"] for event in events] == list(map(str, range(EVENTS)))
