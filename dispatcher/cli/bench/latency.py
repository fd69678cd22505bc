"""How long it takes from handing a campaign over until its first call, beside Celery's send until its task's call."""

from collections.abc import Callable, Iterator
from functools import partial
from time import monotonic

import httpx
from kombu import Producer

from dispatcher.cli.bench import bare
from dispatcher.cli.bench.ground import (
    ACCOUNT,
    Ground,
    bare_workers,
    count,
    rest,
    target,
    use_account,
    wait_until,
    workers,
)
from dispatcher.cli.bench.mailing import numbers, percentile
from dispatcher.cli.bench.measure import Measure, Size
from dispatcher.cli.bench.pacing import by_lane
from dispatcher.cli.bench.report import Figure, Found, Goal, in_turns

LANES = 200
EVERY_S = 0.1
WARM_UP = 20
OURS, BARE = "dispatcher, from the request", "bare Celery, from apply_async"

Ask = Callable[[str, str], float]
"""Hand one message for a line (its name) and number over; gives when it was answered (monotonic, s)."""


def latency(ground: Ground, runs: int, campaigns: int) -> Iterator[Found]:
    """Campaigns of one message through HTTP, ten a second, each on a lane that is free."""
    found = Found("from accepting to the first call", compared_with=BARE)
    subjects = {OURS: partial(_ours, ground, campaigns), BARE: partial(_bare, ground, campaigns)}
    yield in_turns(found, runs, subjects, ground.say)


def _ours(ground: Ground, campaigns: int) -> Iterator[Figure]:
    with target(0) as url:
        use_account(ground, url, LANES)
        web = httpx.Client(base_url=ground.running.web, headers=ground.bearer, timeout=60, trust_env=False)
        with workers(ground), web:
            asked, answered = _one_by_one(url, campaigns, partial(_post, web))
    yield Figure("median", percentile(asked, 50), "ms", Goal(50))
    yield Figure("p99", percentile(asked, 99), "ms", Goal(200))
    yield Figure("median, from the answer", percentile(answered, 50), "ms")
    yield Figure("p99, from the answer", percentile(answered, 99), "ms")


def _bare(ground: Ground, campaigns: int) -> Iterator[Figure]:
    with (
        target(0) as url,
        bare_workers(ground, url, "-P", "solo"),
        bare.app.connection_for_write(ground.redis_url) as connection,
        connection.Producer() as producer,
    ):
        asked, _ = _one_by_one(url, campaigns, partial(_apply, producer))
    yield Figure("median", percentile(asked, 50), "ms")
    yield Figure("p99", percentile(asked, 99), "ms")


def _one_by_one(url: str, campaigns: int, ask: Ask) -> tuple[list[float], list[float]]:
    """From asking and from its answer to the call (ms); negative where the call came before the answer."""
    handed: dict[str, list[tuple[float, float]]] = {}
    for number, phone in enumerate(numbers(WARM_UP + campaigns)):
        name, begun = f"line{number % LANES}", monotonic()
        handed.setdefault(name, []).append((begun, ask(name, phone)))
        rest(max(0.0, begun + EVERY_S - monotonic()))
    wait_until(lambda: count(url) >= WARM_UP + campaigns, "all are sent")
    pairs = [pair for name, calls in by_lane(url).items() for pair in zip(handed[name], calls, strict=True)]
    pairs.sort()
    kept = pairs[WARM_UP:]
    return [(at - asked) * 1000 for (asked, _), at in kept], [(at - told) * 1000 for (_, told), at in kept]


def _post(web: httpx.Client, name: str, phone: str) -> float:
    body = {"account": ACCOUNT, "text": "Olá", "recipients": [{"phone": phone}], "senders": [name]}
    web.post("/v1/campaigns", json=body).raise_for_status()
    return monotonic()


def _apply(producer: Producer, name: str, phone: str) -> float:
    bare.send.apply_async((name, phone, "Olá"), producer=producer, retry=False)
    return monotonic()


MEASURE = Measure(
    "From accepting a campaign to its first call, against Celery's send to its task's call.",
    latency,
    (5, 12),
    (Size("campaigns", "Campaigns of one message, in each run.", 10, 200, 1000),),
)
