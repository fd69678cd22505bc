"""Promise 3 with real worker processes, judged by what the simulator saw."""

from time import monotonic

import pytest

from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import campaign, names, uazapi_account
from tests.journey.installation import Installation
from tests.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.alone]

LANES, EACH = 20, 24
MIN_MS, MAX_MS, SLACK_MS = 1000, 2000, 250
NOT_UNIFORM = 0.25
"""Constant, smallest or largest delays only would lie 0.5 and more away. How exact the draws are is tried without
a clock, in tests/domain/test_laneclock.py."""
ON_TIME = 0.75
"""The share of gaps that must not be late at all: machines that run tests stand still for a second now and then."""


def test_promise_3_gaps_lie_within_the_delays_and_are_uniform(place: Installation, simulator: SimulatorClient) -> None:
    place.accounts(uazapi_account(simulator.url, names(LANES)))
    place.start_workers("a", "b", "c")
    number = place.submit("loja", campaign(range(LANES * EACH), delay_min=1, delay_max=2))
    assert place.wait_done(number, 90) == {"sent": LANES * EACH}

    seen = simulator.summary()
    assert seen["deliveries"] == LANES * EACH
    assert seen["duplicates"] == []
    assert seen["overlaps"] == 0
    gaps = [gap for name in names(LANES) for gap in simulator.gaps_ms(name)]
    assert min(gaps) >= MIN_MS
    on_time = [gap for gap in gaps if gap <= MAX_MS + SLACK_MS]
    assert len(on_time) >= ON_TIME * len(gaps)
    assert distance_from_uniform(on_time, MIN_MS, MAX_MS) < NOT_UNIFORM


def test_promise_3_a_backlog_never_turns_into_a_burst(place: Installation, simulator: SimulatorClient) -> None:
    place.accounts(uazapi_account(simulator.url, names(5)))
    place.start_workers("a", "b")
    number = place.submit("loja", campaign(range(60), delay_min=0.5, delay_max=0.8))
    wait_until(lambda: len(simulator.deliveries()) >= 15, 30)
    assert [place.workers[name].stop() for name in ("a", "b")] == [0, 0]
    before = len(simulator.deliveries())

    wait_until(lambda: quiet_for_ms(simulator) > 4000, 10)
    assert len(simulator.deliveries()) == before, "nobody sends while no worker runs"
    place.start_workers("c", "d")
    assert place.wait_done(number, 60) == {"sent": 60}

    gaps = [gap for name in names(5) for gap in simulator.gaps_ms(name)]
    assert min(gaps) >= 500
    assert simulator.summary()["duplicates"] == []


def distance_from_uniform(values: list[float], low: float, high: float) -> float:
    """Kolmogorov and Smirnov's distance between what was seen and a uniform draw over low..high."""
    ordered = sorted(min(1.0, max(0.0, (value - low) / (high - low))) for value in values)
    n = len(ordered)
    return max(max((i + 1) / n - share, share - i / n) for i, share in enumerate(ordered))


def quiet_for_ms(simulator: SimulatorClient) -> float:
    """How long ago the last delivery was, by the clock that all processes of a machine share."""
    last = simulator.deliveries()[-1]["ended_mono"]
    return monotonic() * 1000 - float(last)


def test_the_distance_tells_uniform_from_skewed() -> None:
    even = [1000 + i for i in range(1000)]
    assert distance_from_uniform(list(map(float, even)), 1000, 2000) < 0.01
    assert distance_from_uniform([1000 + (i / 1000) ** 2 * 1000 for i in range(1000)], 1000, 2000) > 0.2
