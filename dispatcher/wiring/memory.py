"""A short memory for what the send path asks again and again: campaigns, accounts, senders."""

from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from time import monotonic
from typing import Generic, Protocol, TypeVar

from dispatcher.domain.account import Account, Sender
from dispatcher.domain.campaign import Campaign
from dispatcher.domain.tickets import Ticket
from dispatcher.domain.trouble import DispatcherTrouble

KEPT_S = 2.0  # a changed account or sender acts within this time; a paused campaign is seen by the claim at once
USED_PERIODS = 15  # half a minute
SENDERS_PERIODS = 150  # five: lanes go to any worker, and of several one sees a sender again after minutes only


class Numbered(Protocol):
    @property
    def id(self) -> int: ...


T = TypeVar("T", bound=Numbered)


class Remembered(Generic[T]):
    """What `ask` answers, kept for up to `KEPT_S`; then `ask_all` has one question for all that were lately wanted.

    Lately is within `used_periods`. `now_s` counts on. Many threads share one; raises what the questions raise.
    """

    def __init__(
        self,
        ask: Callable[[int], T],
        ask_all: Callable[[Sequence[int]], Iterable[T]],
        now_s: Callable[[], float] = monotonic,
        used_periods: int = USED_PERIODS,
    ) -> None:
        self._ask = ask
        self._ask_all = ask_all
        self._now_s = now_s
        self._used_periods = used_periods
        self._lock = Lock()
        self._period = -1
        self._wanted: dict[int, int] = {}  # in which period last
        self._kept: dict[int, T] = {}

    def __call__(self, number: int) -> T:
        """What has that number, as it was less than `KEPT_S` ago."""
        period = int(self._now_s() / KEPT_S)
        if period != self._period:
            self._renew(period)
        kept = self._kept
        if number not in kept:
            kept[number] = self._ask(number)
        self._wanted[number] = period
        return kept[number]

    def has(self, number: int) -> bool:
        """Was it read here lately, and will it be read again with the others?"""
        last = self._wanted.get(number)
        return last is not None and int(self._now_s() / KEPT_S) - last <= self._used_periods

    def _all(self, numbers: Sequence[int]) -> dict[int, T]:
        """None, where one of them breaks who reads it: then each is asked for by itself, and breaks nobody else."""
        try:
            return {one.id: one for one in self._ask_all(numbers)} if numbers else {}
        except DispatcherTrouble:
            raise
        except Exception:
            return {}

    def _renew(self, period: int) -> None:
        """Whoever comes meanwhile waits for it instead of asking as well."""
        with self._lock:
            if period <= self._period:
                return
            lately = [number for number, last in list(self._wanted.items()) if period - last <= self._used_periods]
            self._kept = self._all(lately)
            self._wanted = {number: self._wanted[number] for number in self._kept}
            self._period = period


def is_known(
    campaign: Remembered[Campaign], account: Remembered[Account], sender: Remembered[Sender], ticket: Ticket
) -> bool:
    """Has all been read here lately that a worker needs to begin the ticket?"""
    if not campaign.has(ticket.campaign) or not sender.has(ticket.lane.sender_id):
        return False
    return account.has(campaign(ticket.campaign).account_id)
