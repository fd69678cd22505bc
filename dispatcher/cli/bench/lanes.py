"""How many lanes this machine holds: more and more of them, until sends are late."""

from collections.abc import Iterator
from functools import partial

from dispatcher.cli.bench.ground import Ground, target, use_account, workers
from dispatcher.cli.bench.mailing import percentile
from dispatcher.cli.bench.measure import Measure, Size
from dispatcher.cli.bench.pacing import MAX_S, MIN_S, OURS, held
from dispatcher.cli.bench.report import Figure, Found, in_turns

LATE_MS = 250.0
STEP = 1.5
FINEST = 0.15
"""The search ends when what was held and what was not lie that share apart."""


def lanes(ground: Ground, runs: int, start: int, most: int, seconds: int) -> Iterator[Found]:
    """The most lanes of 3 to 6 s whose sends are less than 250 ms late, but for one in a hundred."""
    found = Found(f"lanes at {MIN_S:g} to {MAX_S:g} s with p99 under {LATE_MS:g} ms")
    yield in_turns(found, runs, {OURS: partial(_search, ground, start, most, seconds)}, ground.say)


def _search(ground: Ground, start: int, most: int, seconds: float) -> Iterator[Figure]:
    good, bad, wanted, late_ms = 0, most + 1, start, 0.0
    while True:
        p99 = _late(ground, wanted, seconds)
        ground.say(f"{wanted} lanes: p99 {p99:.0f} ms late")
        if p99 < LATE_MS:
            good, late_ms = wanted, p99
        else:
            bad = wanted
        if bad - good <= max(1, int(FINEST * good)):
            break
        wanted = min(int(good * STEP), most) if bad > most else (good + bad) // 2
    yield Figure("", good, "lanes")
    yield Figure("late, p99", late_ms, "ms")
    yield Figure("sends", good / ((MIN_S + MAX_S) / 2), "per s")


def _late(ground: Ground, wanted: int, seconds: float) -> float:
    """The 99th percentile, in ms."""
    ground.clean()
    with target(0) as url:
        use_account(ground, url, wanted)
        with workers(ground) as pids:
            errors, _, _ = held(ground, pids, url, wanted, seconds)
    return percentile(errors, 99)


MEASURE = Measure(
    "The most lanes with delays of 3 to 6 s that this machine holds with p99 under 250 ms.",
    lanes,
    (25, 60),
    (
        Size("start", "Lanes to begin with.", 10, 1500, 1500),
        Size("most", "Lanes to end with.", 10, 12_000, 12_000),
        Size("seconds", "How long each number of them is watched.", 5, 20, 60),
    ),
)
