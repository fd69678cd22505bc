"""Whether worker and web hold more and more memory the more messages go through them."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import httpx
import psutil

from dispatcher.cli.bench.ground import Ground, count, family, servers, target, use_account, wait_until, workers
from dispatcher.cli.bench.mailing import numbers
from dispatcher.cli.bench.measure import Measure, Size
from dispatcher.cli.bench.report import Figure, Found, Goal, in_turns

LANES = 200
PARTS = 10
FLAT = Goal(15)
OURS = "dispatcher"


def growth(ground: Ground, runs: int, messages: int) -> Iterator[Found]:
    """Campaigns of a hundredth of them through HTTP, each sent before the next."""
    found = Found(f"memory over {messages:,} messages")
    yield in_turns(found, runs, {OURS: partial(_grow, ground, messages)}, ground.say)


def _grow(ground: Ground, messages: int) -> Iterator[Figure]:
    with target(0) as url:
        use_account(ground, url, LANES)
        web = httpx.Client(base_url=ground.running.web, timeout=60, trust_env=False)
        with workers(ground) as pids, web:
            held = list(_held(ground, pids, messages, partial(_send, web, url)))
    for name in held[0]:
        values = [each[name] for each in held]
        yield Figure(f"{name}, after a tenth", values[0], "MB")
        yield Figure(f"{name}, at the end", values[-1], "MB")
        yield Figure(f"{name}, grown since half of them", values[-1] - values[PARTS // 2 - 1], "MB", FLAT)


def _held(
    ground: Ground, pids: Sequence[int], messages: int, send: Callable[[int], None]
) -> Iterator[dict[str, float]]:
    """MB of worker and web, after each tenth."""
    watched = {"workers": pids, "web": servers(ground)["web"]}
    for part in range(PARTS):
        for _ in range(PARTS):
            send(max(1, messages // PARTS**2))
        yield {name: sum(map(_resident_mb, family(pids))) for name, pids in watched.items()}
        ground.say(f"{(part + 1) * messages // PARTS:,} of {messages:,} messages")


def _send(web: httpx.Client, url: str, many: int) -> None:
    before = count(url)
    body = {"delayMin": 0, "delayMax": 0, "messages": [_message(number) for number in numbers(many)]}
    web.post("/sender/advanced", json=body, headers={"token": "bench"}).raise_for_status()
    wait_until(lambda: count(url) >= before + many, "all are sent")


def _message(number: str) -> dict[str, str]:
    return {"number": number, "type": "text", "text": "Olá"}


def _resident_mb(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss) / 1e6


MEASURE = Measure(
    "Memory of worker and web over many messages.",
    growth,
    (4, 60),
    (Size("messages", "Messages in each run.", 100, 50_000, 1_000_000),),
)
