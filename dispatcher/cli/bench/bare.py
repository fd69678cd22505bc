"""What a team would write first: one Celery task a recipient, one httpx client a process, nothing else.

No ledger, no lock, no pace; what is lost is lost, what is doubled is sent twice. Started by the bench as
`celery -A dispatcher.cli.bench.bare worker`, with the broker in BENCH_BROKER and the target in BENCH_TARGET.
"""

import os
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from itertools import repeat
from time import monotonic

import httpx
from celery import Celery

from dispatcher.taskbus import batch

Recipient = tuple[str, str, str]
"""Sender, number, text."""

app = Celery("bare", broker=os.environ.get("BENCH_BROKER"))
app.conf.update(
    task_ignore_result=True,
    task_default_queue="bare",
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    broker_transport_options={"max_connections": 400},
)


@cache
def client() -> httpx.Client:
    return httpx.Client(trust_env=False, limits=httpx.Limits(max_connections=200, max_keepalive_connections=200))


@app.task(name="bare.send")
def send(sender: str, number: str, text: str) -> None:
    answer = client().post(
        f"{os.environ['BENCH_TARGET']}/send/text", headers={"token": sender}, json={"number": number, "text": text}
    )
    answer.raise_for_status()


def enqueue(broker: str, recipients: Sequence[Recipient], countdowns_s: Sequence[float] | None = None) -> list[float]:
    """Every recipient as a job, in kombu's batches: the fastest way that Celery has.

    `countdowns_s`: when each is due, from the moment that it was put into the queue; gives these (monotonic, s).
    """
    put = []
    with app.connection_for_write(broker) as connection, connection.Producer() as producer, batch(producer):
        for recipient, countdown_s in zip(recipients, countdowns_s or repeat(None), strict=False):
            put.append(monotonic())
            at = None if countdown_s is None else app.now() + timedelta(seconds=countdown_s)
            send.apply_async(recipient, eta=at, producer=producer, retry=False)  # type: ignore[arg-type]
    return put
