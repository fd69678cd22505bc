"""The long forms, on servers of their own: `make overload`. Prints figures; what should not be ends it with status 1.

make overload CLIENTS=500 EVENTS=10000 QUEUE=1000000 JOBS=100000     (0 leaves one out)
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import redis

from dispatcher.embedded import EmbeddedPostgres, EmbeddedValkey
from dispatcher.simulator.server import SimulatorClient, SimulatorProcess
from dispatcher.taskbus import EVENTS_QUEUE
from tests.journey.bodies import NAME, campaign, names, uazapi_account
from tests.journey.installation import Installation, installation
from tests.overload import web, work
from tests.overload.memory import watched
from tests.spawner import Fresh
from tests.waiting import wait_until

HOURS_S = 4 * 3600.0
LARGE_BYTES = 62 * web.MIB
WARM_UP = 1_000

Told = Callable[..., None]


def crowd(place: Installation, simulator: SimulatorClient, redis_url: str, clients: int) -> None:
    place.accounts(web.accounts(simulator.url))
    url = place.start_web()
    assert place.web is not None
    followed = place.submit(web.QUIET, campaign(range(1), account=web.QUIET, scheduled_for="2099-01-01T00:00:00Z"))
    come = web.Crowd(url, place.admin, followed, LARGE_BYTES)
    began = monotonic()
    with watched(place.web.pid) as memory:
        come.come(clients, times=3, large=clients // 10)
    for (kind, status), number in sorted(come.seen.answers.items()):
        tell("  answers", f"{kind} {status}", number)
    tell(f"  {clients} clients, {clients // 10} of them with bodies of 62 MiB", f"{monotonic() - began:.0f} s")
    tell("  memory of the web", f"{memory.samples[0]} MiB before, {memory.most_mib} MiB at most")
    assert come.seen.wrong == [], come.seen.wrong[:10]


def storm(place: Installation, simulator: SimulatorClient, redis_url: str, events: int) -> None:
    place.accounts(web.accounts(simulator.url))
    url = place.start_web()
    assert place.web is not None
    began = monotonic()
    with watched(place.web.pid) as memory:
        seen = web.storm(url, web.LOUD, events, clients=100)
        seen.wrong += web.storm(url, web.QUIET, 1, clients=1).wrong
    tell(f"  {events} events stored", f"{monotonic() - began:.0f} s, told to come later: {seen.later()}")
    tell("  memory of the web", f"{memory.samples[0]} MiB before, {memory.most_mib} MiB at most")
    with redis.Redis.from_url(redis_url) as broker:
        tell("  jobs in the queue of events", broker.llen(EVENTS_QUEUE))
    began = monotonic()
    place.start_workers("a", "b")
    wait_until(lambda: work.events_left(place) == 0, HOURS_S, 1.0)
    order = work.order_of_processing(place)
    tell("  processed by two workers", f"{monotonic() - began:.0f} s")
    tell("  place of the other account's event, which came last", order.index(web.QUIET) + 1)
    assert seen.wrong == [], seen.wrong[:10]
    assert len(order) == events + 1


def queue(place: Installation, simulator: SimulatorClient, redis_url: str, messages: int) -> None:
    place.accounts(work.accounts(simulator.url, lanes=200))
    place.wiring.rebuild_clock()
    with redis.Redis.from_url(redis_url) as broker:
        before, began = broker.info("memory")["used_memory_dataset"], monotonic()
        huge, small = work.huge_and_small(place, messages)
        tell(f"  {messages} messages taken in", f"{monotonic() - began:.0f} s")
        tell("  bytes that they cost Redis", broker.info("memory")["used_memory_dataset"] - before)
    began = monotonic()
    place.start_workers("a", "b")
    for number in small:
        assert place.wait_done(number, HOURS_S) == {"sent": work.EACH}
    sent = place.counts(huge).get("sent", 0)
    tell("  small campaigns behind it done", f"{monotonic() - began:.0f} s, {sent} of the huge one sent by then")


def jobs(place: Installation, simulator: SimulatorClient, redis_url: str, number: int) -> None:
    place.accounts(uazapi_account(simulator.url, names(100)))
    made = place.submit(NAME, campaign(range(WARM_UP + number)))
    began = monotonic()
    place.start_workers("a", concurrency=32)
    held = work.growth_mib(place, "a", made, WARM_UP, number, HOURS_S)
    tell(f"  {number} jobs through one worker", f"{monotonic() - began:.0f} s")
    tell("  MiB after the warm-up and each tenth", " ".join(map(str, held)))


def tell(*what: object) -> None:
    print(*what, flush=True)


MEASURES = {"CLIENTS": (crowd, 500), "EVENTS": (storm, 10_000), "QUEUE": (queue, 1_000_000), "JOBS": (jobs, 100_000)}


def main() -> None:
    for name, (measure, usual) in MEASURES.items():
        size = int(os.environ.get(name) or usual)
        if not size:
            continue
        tell(f"{name}={size}")
        with tempfile.TemporaryDirectory(prefix="dispatcher-overload-") as folder:
            (own := Path(folder) / "own").mkdir()
            with (
                EmbeddedValkey(Path(folder) / "valkey") as valkey,
                EmbeddedPostgres(Path(folder) / "postgres") as postgres,
                SimulatorProcess() as simulator,
                installation(Fresh(), valkey.url, postgres.url, own) as place,
            ):
                measure(place, simulator.client, valkey.url, size)


if __name__ == "__main__":
    main()
