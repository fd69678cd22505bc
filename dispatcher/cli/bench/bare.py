"""What a team would write first: one Celery task a recipient, one httpx client a process, nothing else.

No ledger, no lock, no pace; what is lost is lost, what is doubled is sent twice. Started by the bench as
`celery -A dispatcher.cli.bench.bare worker`, with the broker in BENCH_BROKER and the target in BENCH_TARGET.
"""

import os
from collections.abc import Sequence
from functools import cache

import httpx
from celery import Celery

from dispatcher.taskbus import batch

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


def enqueue(broker: str, recipients: Sequence[tuple[str, str, str]]) -> None:
    """Every recipient (sender, number, text) as a job, in kombu's batches: the fastest way that Celery has."""
    with app.connection_for_write(broker) as connection, connection.Producer() as producer, batch(producer):
        for recipient in recipients:
            send.apply_async(recipient, producer=producer, retry=False)
