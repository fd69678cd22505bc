"""A key outlives the process that worked on its request; a job of a foreign producer makes one campaign, or none."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from dispatcher import taskbus
from tests.journey.bodies import campaign, names, uazapi_account
from tests.journey.installation import Installation
from tests.plain import NO_TLS
from tests.slowfile import slow_file
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

NOBODY_LISTENS = "http://127.0.0.1:9"
CAIXA = f"""
[[account]]
name = "caixa"
provider = "kinbox"
base_urls = ["{NOBODY_LISTENS}"]
ingress_token = "ingress-caixa"
credentials = {{ token = "x" }}
sender = [{{ name = "canal-1" }}]
"""


def post(url: str, leads: str) -> httpx.Response:
    headers = {"Authorization": "Bearer ingress-caixa", "Idempotency-Key": "june"}
    body = {"name": "Lançamento", "message": "Olá {{nome}}", "leadsAssetUrl": leads}
    return httpx.post(f"{url}/v3/campaigns", json=body, headers=headers, trust_env=False, verify=NO_TLS, timeout=60)


def stored(place: Installation) -> list[dict[str, int]]:
    return [place.counts(number) for number in place.campaigns()]


def test_promise_1_a_web_that_is_killed_while_it_takes_a_campaign_in_leaves_nothing_and_the_key_free(
    place: Installation,
) -> None:
    place.accounts(CAIXA)
    url = place.start_web()
    with ThreadPoolExecutor(1) as pool, slow_file() as file:
        cut_off = pool.submit(post, url, file.url)
        wait_until(file.asked.is_set, 20)
        assert place.web is not None
        place.web.kill()
        assert isinstance(cut_off.exception(20), httpx.TransportError)
        place.web.wait()
        assert stored(place) == []
        file.let.set()
        url = place.start_web()
        first, again = post(url, file.url), post(url, file.url)
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert stored(place) == [{"pending": 2, "failed": 39_999}]


def test_promise_1_a_submit_job_that_comes_twice_makes_one_campaign(place: Installation, redis_url: str) -> None:
    place.accounts(uazapi_account(NOBODY_LISTENS, names(1)))
    app = taskbus.celery_app(redis_url)
    jobs: list[tuple[str, dict[str, Any]]] = [
        ("job-1", {"account": "loja", "body": campaign([1], delay_min=60)}),
        ("job-1", {"account": "loja", "body": campaign([1], delay_min=60)}),
        ("job-2", {"account": "loja", "body": campaign([2], delay_min=60), "idempotency_key": "june"}),
        ("job-3", {"account": "loja", "body": campaign([2], delay_min=60), "idempotency_key": "june"}),
        ("job-4", {"account": "loja", "body": campaign([3], delay_min=9, delay_max=3)}),
        ("job-5", {"account": "nobody", "body": campaign([3])}),
    ]
    for number, kwargs in jobs:
        app.send_task(taskbus.SUBMIT, kwargs=kwargs, task_id=number, queue=taskbus.SUBMIT_QUEUE)
    place.start_workers("a")
    log = place.workers["a"].log
    wait_until(lambda: len(place.campaigns()) == 2 and log.read_text().count("campaign.refused") == 2, 20)
    other = {"account": "loja", "body": campaign([4]), "idempotency_key": "june"}
    app.send_task(taskbus.SUBMIT, kwargs=other, queue=taskbus.SUBMIT_QUEUE)
    wait_until(lambda: log.read_text().count("campaign.refused") == 3, 20)
    place.workers["a"].stop()
    assert len(place.campaigns()) == 2
    for rule in ("delay_min: must not be over delay_max", "no such account", "idempotency key"):
        assert rule in log.read_text()
    assert "Traceback" not in log.read_text()


APP = """
import sys
from dispatcher import Producer
body = {"delayMin": 3, "delayMax": 6, "messages": [{"number": "5511900000001", "type": "text", "text": "oi"}]}
producer = Producer()
print(producer.submit("loja", body, "june"), producer.submit("loja", body, idempotency_key="june"))
try:
    producer.submit("loja", {**body, "delayMin": 9})
except ValueError as refused:
    print(refused)
"""


def test_an_apps_producer_hands_over_once_and_is_told_in_one_line_what_is_wrong(place: Installation) -> None:
    place.accounts(uazapi_account(NOBODY_LISTENS, names(1)))
    done = subprocess.run([sys.executable, "-c", APP], env=place.env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    *_, ids, refusal = done.stdout.splitlines()
    assert ids.split() == place.campaigns() * 2
    assert refusal == "delayMin: must not be over delayMax"
