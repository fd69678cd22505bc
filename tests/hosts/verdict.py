"""What was promised, held against what was seen, and the figures. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from tests.chaos.judge import Call, Evidence, judge
from tests.hosts.plan import Cut, Plan

EVEN = ("direct", "builder")  # accounts of one campaign, with one call a message: its pace is that of their lanes
SETTLES_WITHIN_S = 30.0  # a lane whose host is gone goes on when its lease, 21 s, is over; then the ledger is asked


class Gap(NamedTuple):
    """Between two calls of a lane: when (ms) the first ended, and by how much (ms) the next came after its time."""

    since_ms: float
    until_ms: float
    late_ms: float
    lane: str


class Done(NamedTuple):
    """A cut as it happened, ms by the machine's monotonic clock; `again_ms`: the host's first outcome after it."""

    cut: Cut
    began_ms: float
    mended_ms: float
    again_ms: float | None


@dataclass
class Story:
    plan: Plan
    evidence: Evidence
    delays_s: dict[str, float]
    done: list[Done]
    clocks_s: dict[str, float]  # host -> by how much its workers' log is ahead of us, at the start
    outcomes: dict[str, int]  # host -> how many it wrote down
    took_s: float
    broken: list[str] = field(init=False)

    def __post_init__(self) -> None:
        early = [
            f"promise 3: {one.lane} was {-one.late_ms:.0f} ms early, at {one.until_ms:.0f} ms"
            for one in self.gaps
            if one.late_ms < 0
        ]
        silent = [f"host {one.cut.host} sent nothing after it was back" for one in self.done if one.again_ms is None]
        self.broken = [*judge(self.evidence), *early, *silent]

    @property
    def gaps(self) -> list[Gap]:
        return list(gaps(self.evidence.calls, self.delays_s))

    @property
    def undisturbed_ms(self) -> list[float]:
        """How late calls were whose lanes no cut can have held up; sorted."""
        spans = [(one.began_ms, one.mended_ms + SETTLES_WITHIN_S * 1000) for one in self.done]
        return sorted(
            one.late_ms for one in self.gaps if not any(one.since_ms < to and one.until_ms > at for at, to in spans)
        )

    def stood_still_s(self, done: Done) -> float:
        """The longest that a lane waited beyond its time, of those that waited when the host was cut off."""
        held = [one.late_ms for one in self.gaps if done.began_ms < one.until_ms and one.since_ms < done.mended_ms]
        return max(held, default=0.0) / 1000

    def silence_s(self, done: Done) -> float:
        """The longest that nobody at all was reached, from this cut until it was mended."""
        at = [one.at_ms for one in self.evidence.deliveries if done.began_ms <= one.at_ms <= done.mended_ms]
        times = [done.began_ms, *sorted(at), done.mended_ms]
        return max(to - since for since, to in pairwise(times)) / 1000


def gaps(calls: Iterable[Call], delays_s: Mapping[str, float]) -> Iterator[Gap]:
    """Of the lanes whose account has a fixed delay (s), behind calls that were answered: of one that was given up a
    provider cannot tell when it ended."""
    lanes: Mapping[str, list[Call]] = defaultdict(list)
    for call in calls:
        if _account(call.lane) in delays_s:
            lanes[call.lane].append(call)
    for lane, of_lane in lanes.items():
        delay_ms = delays_s[_account(lane)] * 1000
        for first, second in pairwise(sorted(of_lane, key=lambda call: call.started_ms)):
            if first.answered and first.ended_ms is not None:
                late_ms = second.started_ms - first.ended_ms - delay_ms
                yield Gap(first.ended_ms, second.started_ms, late_ms, lane)


def _account(lane: str) -> str:
    """`uazapi direct7` is a lane of the account `direct`."""
    return lane.rpartition(" ")[2].rstrip("0123456789")


def share(ordered: Sequence[float], part: float) -> float:
    """The value below which that part of them lies; 0 of none."""
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0
