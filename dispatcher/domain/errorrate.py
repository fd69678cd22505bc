"""When a campaign pauses itself, for too much of it fails.

Messages are counted in windows. A failure opens one, unless one is open; it lasts for `of` settled messages (sent or
failed), and as soon as `rate` of those have failed the campaign pauses. As long as nothing fails nothing is counted.
"""

from math import ceil
from typing import NamedTuple


class Tally(NamedTuple):
    """How many of a campaign's messages have been sent or failed, and how many of them failed."""

    settled: int
    failed: int

    def since(self, begin: "Tally") -> "Tally":
        return Tally(self.settled - begin.settled, self.failed - begin.failed)


class Verdict(NamedTuple):
    """`begin`: the tally at which the window that counts began. `pauses`: too much of it failed."""

    begin: Tally
    pauses: bool


def judge(rate: float, of: int, begin: Tally | None, now: Tally, mine: Tally) -> Verdict:
    """After a failure. `begin`: of the window that was open; `mine`: what was settled just now, within `now`."""
    window = now.since(begin) if begin is not None else None
    if begin is None or window is None or not 0 <= window.settled <= of:
        begin = now.since(mine)
    return Verdict(begin, now.since(begin).failed >= most_failures(rate, of))


def most_failures(rate: float, of: int) -> int:
    """So many failures in a window pause the campaign; at least one."""
    return max(1, ceil(round(rate * of, 6)))  # 0.07 * 100 is a little over 7
