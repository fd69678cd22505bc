"""The parts in which a campaign leaves: its chunks, or where it has none the days, each by the openings of its hours.

A `Diary` is kept by a course (`domain/course.py`) while it is played.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from dispatcher.domain.caps import next_midnight
from dispatcher.domain.hours import Hours, open_until


class Part(NamedTuple):
    """So many messages leave, the first at `first_ms`; the last send ends at `last_ms` (UTC epoch, ms).

    Without a message both are when its turn would have come.
    """

    messages: int
    first_ms: int
    last_ms: int

    def later(self, by_ms: int) -> "Part":
        return Part(self.messages, self.first_ms + by_ms, self.last_ms + by_ms)


def messages_after(parts: Iterable[Part], at_ms: int) -> int:
    """About how many messages leave after a moment: those of a part leave evenly."""
    return sum(round(part.messages * _share_after(part, at_ms)) for part in parts)


def _share_after(part: Part, at_ms: int) -> float:
    if part.last_ms <= at_ms or part.first_ms > at_ms:
        return float(part.first_ms > at_ms)
    return (part.last_ms - at_ms) / (part.last_ms - part.first_ms)


@dataclass(slots=True)
class Diary:
    """`over_at`: when a part that is under way at a moment is over at the latest; None: the parts are chunks."""

    chunk_size: int
    over_at: Callable[[int], int]
    parts: list[Part] = field(default_factory=list)
    until: int = 0

    def turns(self, place: int, at: int) -> bool:
        """With the message of that place a part begins, if it leaves now."""
        return place % self.chunk_size == 0 if self.chunk_size else at >= self.until

    def turn(self, at: int) -> None:
        self.parts.append(Part(0, at, at))
        if not self.chunk_size:
            self.until = self.over_at(at)

    def note(self, messages: int, at: int, end: int) -> None:
        """So many messages leave at `at`; the last send of all ends at `end`."""
        part = self.parts[-1]
        self.parts[-1] = Part(part.messages + messages, part.first_ms if part.messages else at, end)

    def leap(self, again: int, length: int, messages: int) -> None:
        """What took `length` came again so often: whole chunks, or `messages` of the part that is under way."""
        if self.chunk_size and messages % self.chunk_size == 0:
            seen = self.parts[-(messages // self.chunk_size) :]
            for times in range(1, again + 1):
                self.parts += [one.later(times * length) for one in seen]
        else:
            part = self.parts[-1]
            self.parts[-1] = Part(part.messages + again * messages, part.first_ms, part.last_ms + again * length)


def ends_of_days(hours: Hours | None, zone: str) -> Callable[[int], int]:
    """The end of a day in `zone`, or of the opening of the hours, whichever is first."""

    def over_at(at: int) -> int:
        midnight = next_midnight(zone, at)
        return midnight if hours is None else min(midnight, open_until(hours, at))

    return over_at
