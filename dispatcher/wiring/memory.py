"""A short memory for what the send path asks again and again: campaigns, accounts, senders."""

from collections.abc import Callable
from functools import lru_cache
from time import monotonic
from typing import TypeVar

T = TypeVar("T")

KEPT_S = 2.0  # a changed account or sender acts within this time; a paused campaign is seen by the claim at once
MOST = 4096  # of each kind; what was forgotten is asked for again


def remembered(ask: Callable[[int], T]) -> Callable[[int], T]:
    """`ask`, whose answers are kept for up to `KEPT_S` seconds."""

    @lru_cache(maxsize=MOST)
    def kept(number: int, period: int) -> T:
        return ask(number)

    return lambda number: kept(number, int(monotonic() / KEPT_S))
