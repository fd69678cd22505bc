"""A short memory for what the send path asks again and again: campaigns, accounts, senders."""

from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from time import monotonic
from typing import Generic, Protocol, TypeVar

KEPT_S = 2.0  # a changed account or sender acts within this time; a paused campaign is seen by the claim at once
USED_PERIODS = 15  # lanes go to any worker: one finds the sender of a lane that sends every ten seconds, mostly


class Numbered(Protocol):
    @property
    def id(self) -> int: ...


T = TypeVar("T", bound=Numbered)


class Remembered(Generic[T]):
    """What `ask` answers, kept for up to `KEPT_S`; then `ask_all` has one question for all that were lately wanted.

    `now_s` counts on. Many threads share one; raises what the questions raise.
    """

    def __init__(
        self,
        ask: Callable[[int], T],
        ask_all: Callable[[Sequence[int]], Iterable[T]],
        now_s: Callable[[], float] = monotonic,
    ) -> None:
        self._ask = ask
        self._ask_all = ask_all
        self._now_s = now_s
        self._lock = Lock()
        self._period = -1
        self._wanted: dict[int, int] = {}  # in which period last
        self._kept: dict[int, T] = {}

    def __call__(self, number: int) -> T:
        """What has that number, as it was less than `KEPT_S` ago."""
        period = int(self._now_s() / KEPT_S)
        if period != self._period:
            self._renew(period)
        self._wanted[number] = period
        kept = self._kept
        if number not in kept:
            kept[number] = self._ask(number)
        return kept[number]

    def _renew(self, period: int) -> None:
        """Whoever comes meanwhile waits for it instead of asking as well."""
        with self._lock:
            if period <= self._period:
                return
            lately = [number for number, last in list(self._wanted.items()) if period - last <= USED_PERIODS]
            self._kept = {one.id: one for one in self._ask_all(lately)} if lately else {}
            self._wanted = {number: self._wanted[number] for number in lately}
            self._period = period
