"""How exactly lanes keep their pace, beside Celery's countdown.

When a lane may send next is read off the lane clock between two sends; when it did send, the target says. Both
tell the time of this one machine. A send is late by what lies between the two.
"""

import os
import random
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from threading import Event, Thread
from time import monotonic, time

import redis

from dispatcher.cli.bench import bare
from dispatcher.cli.bench.ground import (
    ACCOUNT,
    Cpu,
    Ground,
    bare_workers,
    calls,
    rest,
    target,
    use_account,
    workers,
)
from dispatcher.cli.bench.mailing import accept, numbers, percentile, stop
from dispatcher.cli.bench.measure import Measure, Size
from dispatcher.cli.bench.report import Figure, Found, Goal, in_turns
from dispatcher.coordination import keys
from dispatcher.domain.ids import Lane, parse_lane

PROVIDER = "uazapi"
MIN_S, MAX_S = 3.0, 6.0
MEAN_S = (MIN_S + MAX_S) / 2
WARM_UP_S = 15.0  # at most: all lanes leave at once in the beginning, and lie apart two draws later
LOOK_EVERY_S = 0.5  # a lane's time stands for three seconds at least
OURS, BARE = "dispatcher", "bare Celery, countdown"

Times = Mapping[str, Sequence[float]]
"""By lane, in the machine's monotonic seconds, ascending."""


def pacing(ground: Ground, runs: int, lanes: int, seconds: int) -> Iterator[Found]:
    """`lanes` with delays of 3 to 6 s, watched for so many seconds."""
    found = Found(f"{lanes:,} lanes at {MIN_S:g} to {MAX_S:g} s", compared_with=BARE)
    subjects = {OURS: partial(_ours, ground, lanes, seconds), BARE: partial(_bare, ground, lanes, seconds)}
    yield in_turns(found, runs, subjects, ground.say)


def _ours(ground: Ground, lanes: int, seconds: float) -> Iterator[Figure]:
    with target(0) as url:
        use_account(ground, url, lanes)
        with workers(ground) as pids:
            errors, gaps, cpu = held(ground, pids, url, lanes, seconds)
    yield from _figures(errors, Goal(50))
    yield Figure("shortest gap of a lane", min(gaps), "s", Goal(MIN_S, at_most=False))
    yield Figure("sent too early", sum(error < 0 for error in errors), "sends", Goal(0))
    yield Figure("sends", len(errors) / seconds, "per s")
    yield Figure("CPU of the machine", sum(cpu.values()) / seconds / (os.cpu_count() or 1) * 100, "%", Goal(60))
    yield from (Figure(f"CPU of {name}", used / seconds * 100, "% of a core") for name, used in cpu.items())


def _figures(errors_ms: Sequence[float], goal: Goal | None = None) -> Iterator[Figure]:
    yield Figure("late, median", percentile(errors_ms, 50), "ms")
    yield Figure("late, p99", percentile(errors_ms, 99), "ms", goal)
    yield Figure("late, at most", max(errors_ms), "ms")


def held(
    ground: Ground, pids: Sequence[int], url: str, lanes: int, seconds: float
) -> tuple[list[float], list[float], dict[str, float]]:
    """How late each send was (ms), the gaps between a lane's sends (s), and who used how much CPU (s)."""
    warm_s = min(WARM_UP_S, seconds)
    campaign = accept(ground, int(lanes * (warm_s + seconds) / MEAN_S * 1.2), delay_min=MIN_S, delay_max=MAX_S)
    rest(warm_s)
    cpu = Cpu(ground, pids)
    with due(ground) as dues:
        rest(seconds)
        used = cpu.used_s()
    stop(ground, campaign)
    made = by_lane(url)
    gaps = [later - earlier for each in made.values() for earlier, later in pairwise(each)]
    return late_ms(dues, made), gaps, used


@contextmanager
def due(ground: Ground) -> Iterator[dict[str, list[float]]]:
    """When each lane may send next, as long as the context lasts; complete at its end."""
    senders = ground.wiring.accounts.senders(ground.wiring.accounts.named(ACCOUNT).id)
    names = {sender.id: sender.name for sender in senders}
    seen: dict[str, set[int]] = defaultdict(set)
    found: dict[str, list[float]] = {}
    over = Event()

    def look() -> None:
        while not over.wait(LOOK_EVERY_S):
            for lane, at_ms in waiting(ground.wiring.redis).items():
                seen[names[lane.sender_id]].add(at_ms)

    thread = Thread(target=look, name="dues")
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()
        ahead_s = time() - monotonic()
        found.update({name: sorted(at_ms / 1000 - ahead_s for at_ms in each) for name, each in seen.items()})


def waiting(client: redis.Redis) -> dict[Lane, int]:
    """Lanes that wait for their time, and that time (ms by Redis' clock); who is in line for room has had it."""
    clock, _, flights, *_ = keys.memory(PROVIDER)
    batch = client.pipeline(transaction=True)
    batch.zrange(clock, 0, -1, withscores=True)
    batch.hkeys(flights)
    lanes, flying = batch.execute()
    in_flight = set(flying)
    return {parse_lane(lane): int(at_ms) for lane, at_ms in lanes if at_ms >= 0 and lane not in in_flight}


def by_lane(url: str) -> dict[str, list[float]]:
    told = calls(url)
    made: dict[str, list[float]] = defaultdict(list)
    for at_s, token in zip(told["at_s"], told["tokens"], strict=True):
        made[str(token)].append(at_s)
    return made


def late_ms(dues: Times, made: Times) -> list[float]:
    """The send that belongs to a time is the first one later than half the shortest delay before it."""
    late = []
    for lane, times in dues.items():
        each = made.get(lane, ())
        for at_s in times:
            place = bisect_left(each, at_s - MIN_S / 2)
            if place < len(each):
                late.append((each[place] - at_s) * 1000)
    return late


def _bare(ground: Ground, lanes: int, seconds: float) -> Iterator[Figure]:
    """Each send as a task of its own with a countdown; all are in the queue before the first is due."""
    lead_s = min(WARM_UP_S, seconds)
    plan = sorted(_plan(lanes, seconds))
    names = [f"line{lane}" for _, lane in plan]
    recipients = list(zip(names, numbers(len(plan)), ["Olá"] * len(plan), strict=True))
    with target(0) as url, bare_workers(ground, url, "-P", "solo") as pids:
        cpu, zero = Cpu(ground, pids), monotonic() + lead_s
        with_lead = [at_s + lead_s for at_s, _ in plan]
        starts = bare.enqueue(ground.redis_url, recipients, with_lead)
        rest(max(0.0, zero + seconds + 1 - monotonic()))
        used, made = cpu.used_s(), by_lane(url)
    late = [
        (at_s - (start_s + wanted_s)) * 1000
        for name, own in _by_name(names, starts, with_lead).items()
        for at_s, (start_s, wanted_s) in zip(made.get(name, ()), own, strict=False)
    ]
    yield from _figures(late)
    yield Figure("sends", len(late) / seconds, "per s")
    yield Figure("CPU of the machine", sum(used.values()) / seconds / (os.cpu_count() or 1) * 100, "%")


def _by_name(
    names: Sequence[str], starts: Sequence[float], wanted: Sequence[float]
) -> dict[str, list[tuple[float, float]]]:
    own: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for name, start_s, wanted_s in zip(names, starts, wanted, strict=True):
        own[name].append((start_s, wanted_s))
    return own


def _plan(lanes: int, seconds: float) -> Iterator[tuple[float, int]]:
    for lane in range(lanes):
        at_s = random.uniform(0, MEAN_S)
        while at_s < seconds:
            yield at_s, lane
            at_s += random.uniform(MIN_S, MAX_S)


MEASURE = Measure(
    "How late sends are at a thousand lanes, and what CPU that takes, against Celery's countdown.",
    pacing,
    (10, 70),
    (
        Size("lanes", "Lanes, with delays of 3 to 6 s.", 20, 1000, 1000),
        Size("seconds", "How long they are watched.", 5, 60, 600),
    ),
)
