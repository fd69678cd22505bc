"""Each sender's calls in time: overlaps and gaps.

    overlap   a call that sends began while another of the same sender was open
    gap       from the end of one call that delivered to the start of the next one; negative if they overlap

A call ends when its answer is written, when its connection is cut, or when its client leaves, whichever
comes first. A call that began before the last one whose gap was measured (its client left early, and the delivery
followed late; or it was overtaken) has no gap of its own.
"""

from array import array
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Lane:
    calls: int = 0
    delivering: int = 0
    deliveries: int = 0
    open: int = 0
    overlaps: int = 0
    last_end: float = 0.0
    last_delivering_start: float = 0.0
    last_delivering_end: float = 0.0
    gaps: "array[float]" = field(default_factory=lambda: array("d"))

    def begin(self, started: float) -> None:
        if self.open or started < self.last_end:
            self.overlaps += 1
        self.open += 1
        self.calls += 1

    def close(self, ended: float) -> None:
        self.open -= 1
        self.last_end = max(self.last_end, ended)

    def delivered(self, started: float, ended: float) -> None:
        """A call of this lane, closed by now, has delivered."""
        if self.delivering and started >= self.last_delivering_start:
            self.gaps.append(started - self.last_delivering_end)
        self.delivering += 1
        self.last_delivering_start = max(self.last_delivering_start, started)
        self.last_delivering_end = max(self.last_delivering_end, ended)

    def as_dict(self) -> dict[str, Any]:
        gaps = self.gaps
        return {
            "calls": self.calls,
            "delivering_calls": self.delivering,
            "deliveries": self.deliveries,
            "open": self.open,
            "overlaps": self.overlaps,
            "smallest_gap_ms": min(gaps) * 1000 if gaps else None,
            "largest_gap_ms": max(gaps) * 1000 if gaps else None,
        }


class Lanes:
    """Lanes by provider and sender; a call without a known sender belongs to none."""

    def __init__(self) -> None:
        self._lanes: dict[tuple[str, str], Lane] = {}

    def of(self, provider: str, sender: str) -> Lane:
        lane = self._lanes.get((provider, sender))
        if lane is None:
            lane = self._lanes[(provider, sender)] = Lane()
        return lane

    def as_list(self) -> list[dict[str, Any]]:
        return [{"provider": p, "sender": s, **lane.as_dict()} for (p, s), lane in self._lanes.items()]

    def gaps_ms(self, provider: str, sender: str) -> list[float]:
        lane = self._lanes.get((provider, sender))
        return [gap * 1000 for gap in lane.gaps] if lane else []

    def overlaps(self) -> int:
        return sum(lane.overlaps for lane in self._lanes.values())
