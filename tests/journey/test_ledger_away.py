"""PostgreSQL is away while a foreign producer's campaign is taken from the queue: nobody else has that campaign."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from dispatcher import taskbus
from dispatcher.embedded import EmbeddedPostgres
from tests.journey.bodies import campaign, names, uazapi_account
from tests.journey.installation import Installation, installation
from tests.spawner import Starter
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

IMPATIENT = """
from workers import app, tasks
tasks.LEDGER_BACK_WITHIN_S = 0.5
app.worker_main(["worker", "-n", "a@test", "-c", "4", "--without-gossip", "--without-mingle"])
"""
"""A worker that waits less than a minute for the ledger, so that the test need not."""


@pytest.fixture
def own_postgres(service_dir: Path, tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """One that may be stopped, unlike the session's."""
    with EmbeddedPostgres(service_dir / f"away-{tmp_path.name}") as server:
        yield server


@pytest.fixture
def place(starter: Starter, redis_url: str, own_postgres: EmbeddedPostgres, tmp_path: Path) -> Iterator[Installation]:
    with installation(starter, redis_url, own_postgres.url, tmp_path) as place:
        place.accounts(uazapi_account("http://127.0.0.1:9", names(1)))
        yield place


def test_promise_2_a_submit_job_waits_in_the_queue_until_the_ledger_is_back(
    place: Installation, own_postgres: EmbeddedPostgres, redis_url: str
) -> None:
    own_postgres.stop()
    job = {"account": "loja", "body": campaign([1], delay_min=60)}
    taskbus.celery_app(redis_url).send_task(taskbus.SUBMIT, kwargs=job, queue=taskbus.SUBMIT_QUEUE)
    log = place.folder / "impatient.log"
    with log.open("wb") as out, redis.Redis.from_url(redis_url) as broker:
        worker = subprocess.Popen([sys.executable, "-c", IMPATIENT], env=place.env, stdout=out, stderr=out)
        try:
            wait_until(lambda: log.read_text().count("campaign.put_back") >= 2, 60)
            own_postgres.start()
            place.wiring.engine.dispose()  # our own connections died with the server
            wait_until(lambda: len(place.campaigns()) == 1, 30)
            wait_until(lambda: broker.exists(taskbus.SUBMIT_QUEUE, "unacked") == 0)
        finally:
            worker.terminate()
            worker.wait(60)
    assert "Traceback" not in log.read_text()
