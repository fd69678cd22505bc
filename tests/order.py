"""In which order the workers of the suite get its tests: what takes longest begins first, and with each of them some.

A worker that has nothing left takes over half of what another has left; a test of a minute that begins at the end
is waited for by all.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import TypeVar

T = TypeVar("T")

LONGEST = (
    "cli/test_demo.py",
    "cli/test_bench.py",
    "hosts/test_hosts.py",
    "overload/test_overload.py",
    "chaos/test_chaos.py",
    "cli/test_up.py",
    "coordination/test_laneclock_machine.py",
    "coordination/test_wake.py",
    "journey/test_pacing.py",
    "journey/test_hours.py",
    "journey/",
)
"""Files of tests/, or their folder, the longest first: mostly they wait."""


def rank(nodeid: str) -> int:
    """Its place among the longest; behind them all for every other."""
    return next((place for place, name in enumerate(LONGEST) if nodeid.startswith(f"tests/{name}")), len(LONGEST))


def is_long(nodeid: str) -> bool:
    return rank(nodeid) < len(LONGEST)


def spread(longest: Iterable[T], others: Iterable[T], shares: Sequence[int]) -> list[T]:
    """The shares one after the other: each has its part of the longest first, in their order, then of the others."""
    parts: list[list[T]] = [[] for _ in shares]
    for one in longest:
        free = (part for part, size in zip(parts, shares, strict=True) if len(part) < size)
        min(free, key=len).append(one)
    rest = iter(others)
    for part, size in zip(parts, shares, strict=True):
        part += islice(rest, size - len(part))
    return [*chain(*parts)]


def shares_of(workers: int, tests: int) -> list[int]:
    """How pytest-xdist deals out a list (`--dist worksteal`): equal parts, the longer ones last."""
    return [(tests + place) // workers for place in range(workers)]
