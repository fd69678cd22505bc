"""Promise 8: what is planted with the recipients is found nowhere but in the ledger and at the provider."""

from collections.abc import Callable, Mapping

import httpx
import pytest
import redis
from celery import Celery

from dispatcher.simulator.server import SimulatorClient
from dispatcher.taskbus import SUBMIT, SUBMIT_QUEUE
from tests.journey.bodies import uazapi_account
from tests.journey.installation import Installation
from tests.journey.listening import Monitor, readable
from tests.plain import NO_TLS
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

SENDER = "5511912340001"
CLIENT, CLIENT_WITHOUT_NINTH = "5531987654321", "553187654321"
NAME, TEXT, TOKEN = "Zulmira Quatrocentos", "segredo-da-zulmira", "planted-sender-token"
PLANTED = (SENDER, CLIENT, CLIENT_WITHOUT_NINTH, NAME, TEXT, TOKEN, "ingress-loja")


def body() -> dict[str, object]:
    return {
        "account": "loja",
        "text": f"{{{{name}}}}, {TEXT}",
        "recipients": [{"phone": CLIENT_WITHOUT_NINTH, "name": NAME}],
    }


@pytest.fixture
def planted(place: Installation, simulator: SimulatorClient) -> Installation:
    place.accounts(
        uazapi_account(simulator.url, [SENDER], cpc=True).replace(f'token = "{SENDER}"', f'token = "{TOKEN}"')
    )
    return place


def test_promise_8_nothing_personal_in_redis_its_commands_the_logs_or_the_metrics(
    planted: Installation, simulator: SimulatorClient, redis_url: str
) -> None:
    """A failure that quotes the number, a send, a blocked message, a refused request, a reply through the webhook."""
    with Monitor(redis_url) as monitor:
        url = planted.start_web()
        planted.start_workers("a")
        simulator.set_faults({"kind": "preset", "name": "uazapi_not_on_whatsapp", "times": 1})
        simulator.set_webhooks({"provider": "uazapi", "url": f"{url}/webhooks/loja/hook-loja"})
        assert [planted.wait_done(planted.submit("loja", body())) for _ in range(3)] == [
            {"failed": 1},
            {"sent": 1},
            {"blocked": 1},
        ]
        over_http = {"messages": [{"number": CLIENT, "type": "text", "text": TEXT}]}
        refused = {"messages": [{"number": CLIENT, "type": "list", "text": TEXT}]}
        assert [post(url, one) for one in (over_http, refused)] == [200, 400]
        simulator.reply("uazapi", CLIENT_WITHOUT_NINTH, TEXT)
        wait_until(lambda: planted.submit_and_wait("loja", body()) == {"sent": 1}, 30)
        metrics = httpx.get(f"{url}/metrics", headers=planted.admin, trust_env=False, verify=NO_TLS)
        planted.workers["a"].stop()
    places = {
        "Redis": contents(redis_url),
        "commands to Redis": monitor.text(),
        "the worker's log": planted.workers["a"].log.read_text(),
        "the web's log": planted.web_log.read_text(),
        "metrics": metrics.text,
    }
    assert metrics.is_success
    assert all(places.values()), "each place was looked at"
    assert '"campaign"' in places["commands to Redis"], "the jobs were looked into"
    assert [(where, what) for where, text in places.items() for what in PLANTED if what in text] == []


def test_promise_8_flower_does_not_see_what_a_foreign_producer_put_into_its_job(
    planted: Installation, redis_url: str
) -> None:
    """The body is in the job, for they put it there; what workers tell of the job must not repeat it."""
    app = Celery("foreign", broker=redis_url)
    app.send_task(SUBMIT, kwargs={"account": "loja", "body": body()}, queue=SUBMIT_QUEUE)
    with Monitor(redis_url) as monitor:
        planted.start_workers("a")
        wait_until(lambda: "task-succeeded" in monitor.text(), 30)
    told = [line for line in monitor.text().splitlines() if "task-received" in line]
    assert any(SUBMIT in line for line in told)
    assert [what for what in PLANTED for line in told if what in line] == []


def test_promise_8_a_job_that_nobody_can_read_is_not_quoted_in_the_log(
    install: Callable[..., Installation], simulator: SimulatorClient, redis_url: str
) -> None:
    """A task's name with a letter wrong, a job that is none, one that is cut off; and all is logged that can be."""
    place = install(DISPATCHER_LOG_LEVEL="DEBUG")
    place.accounts(uazapi_account(simulator.url, [SENDER]))
    place.start_workers("a")
    app = Celery("foreign", broker=redis_url)
    app.send_task("dispatcher.sumbit", kwargs={"account": "loja", "body": body()}, queue=SUBMIT_QUEUE)
    with app.producer_or_acquire() as producer:
        producer.publish(body(), routing_key=SUBMIT_QUEUE, exchange="", serializer="json")
        cut = f'[["{NAME}", "{TEXT}'
        producer.publish(cut, routing_key=SUBMIT_QUEUE, exchange="", content_type="application/json")
    app.send_task(SUBMIT, kwargs={"account": "loja", "body": body()}, queue=SUBMIT_QUEUE)
    log = place.workers["a"].log
    wait_until(lambda: "send.finished" in log.read_text() or len(simulator.deliveries()) == 1, 30)
    place.workers["a"].stop()
    for told in ("unregistered task of type 'dispatcher.sumbit'", "deleted unknown message", "Can't decode message"):
        assert told in log.read_text()
    assert [what for what in PLANTED if what in log.read_text()] == []


def post(url: str, one: Mapping[str, object]) -> int:
    headers = {"token": "ingress-loja"}
    return httpx.post(f"{url}/sender/advanced", json=one, headers=headers, trust_env=False, verify=NO_TLS).status_code


def contents(url: str) -> str:
    """Everything that Redis holds, keys and values, read type by type."""
    client = redis.Redis.from_url(url, decode_responses=True, encoding_errors="replace")
    readers: dict[str, Callable[[str], object]] = {
        "string": client.get,
        "hash": client.hgetall,
        "set": client.smembers,
        "list": lambda key: client.lrange(key, 0, -1),
        "zset": lambda key: client.zrange(key, 0, -1, withscores=True),
    }
    names = [str(key) for key in client.scan_iter()]
    return readable("\n".join(f"{name} {readers[str(client.type(name))](name)}" for name in names))
