"""Promises 1 to 6 in all plays of tiny worlds with a surprise, in drawn plays of bigger ones; broken without a guard.

DISPATCHER_MODEL_PLAYS=2000 draws so many of each bigger world, with DISPATCHER_MODEL_SEED (`make model`).
"""

import os
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from dispatcher.pipeline.stations import Stations
from tests.model import bent
from tests.model.place import Place
from tests.model.search import Finding, all_of, drawn, shortest
from tests.model.setting import Setting
from tests.model.worlds import BEHIND, BIGGER, GUARDED, IN_CHUNKS, SMALL, TINY

PLAYS = int(os.environ.get("DISPATCHER_MODEL_PLAYS", "3"))  # of each bigger world; in the suite some seconds' worth
SEED = os.environ.get("DISPATCHER_MODEL_SEED", "suite")

Bending = Callable[[Engine], Callable[[Stations], Stations]]


def no_promise_breaks(place: Place, setting: Setting, plays: Iterator[Finding | None], name: str) -> None:
    """Prints how many plays there were; fails with the first that broke a promise, as short as it can be told."""
    count = 0
    for found in plays:
        count += 1
        if found is not None:
            pytest.fail(f"play {count} of {name!r}, seed {SEED!r}\n{shortest(place, setting, found)}")
    print(f"{count:6} plays of {name!r} broke no promise")


@pytest.mark.parametrize("name", SMALL)
def test_promises_1_to_5_hold_with_one_surprise_at_any_step(place: Place, name: str) -> None:
    place.prepare(SMALL[name])
    no_promise_breaks(place, SMALL[name], all_of(place, SMALL[name], 1), name)


@pytest.mark.parametrize("name", BIGGER)
def test_promises_1_to_6_hold_in_drawn_plays(place: Place, name: str) -> None:
    place.prepare(BIGGER[name])
    no_promise_breaks(place, BIGGER[name], drawn(place, BIGGER[name], SEED, PLAYS), name)


@pytest.mark.parametrize(
    ("setting", "bending", "broken", "seed"),
    [
        (BEHIND, bent.claims_anyhow, "is sent twice", "c"),
        (TINY, bent.takes_lost_for_unsent, "is sent twice", "bent"),
        (GUARDED, bent.never_locks, "a second contact", "bent"),
        (IN_CHUNKS, bent.hurries, "too early", "bent"),
    ],
)
def test_the_model_finds_what_a_missing_guard_lets_through(
    place: Place, setting: Setting, bending: Bending, broken: str, seed: str
) -> None:
    place.prepare(setting)
    plays = drawn(place, setting, seed, 400, bending(place.engine))
    found = next(one for one in plays if one)
    assert broken in found.broken[0]


@pytest.mark.slow
@pytest.mark.skipif("DISPATCHER_MODEL_PLAYS" not in os.environ, reason="takes a quarter of an hour: make model")
@pytest.mark.timeout(7200)
def test_promises_1_to_5_hold_with_two_surprises_at_any_steps(place: Place) -> None:
    place.prepare(TINY)
    no_promise_breaks(place, TINY, all_of(place, TINY, 2), "tiny, two surprises")
