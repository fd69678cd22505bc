"""When a campaign will be through, and when each part of it leaves, if nothing comes in between.

Senders of equal caps are taken as one; the course of the campaign is played in `domain/course.py`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import ceil
from typing import NamedTuple

from dispatcher.domain.caps import Caps, Sent, room, times
from dispatcher.domain.course import Course, Crew
from dispatcher.domain.hours import Hours
from dispatcher.domain.pacing import Pacing
from dispatcher.domain.parts import Diary, Part, ends_of_days

__all__ = ["Crew", "Timetable", "chunk_count", "finish_ms", "timetable"]


class Timetable(NamedTuple):
    """The parts in their order, and the end of the last send (UTC epoch, ms). None: no lane can send, or not within
    ten years; the parts are those that leave until then."""

    parts: Sequence[Part]
    end_ms: int | None


def finish_ms(
    pacing: Pacing,
    start_ms: int,
    settled: int,
    remaining: int,
    crews: int | Sequence[Crew],
    call_ms: int = 0,
    hours: Hours | None = None,
) -> int | None:
    """The end of the last send (UTC epoch, ms) of `remaining` messages that begin at `start_ms`.

    `settled` messages came before them, which tells how full the open chunk is. `crews`: the senders, or how many
    lanes there are where no sender has caps. None: no lane can send, or not within ten years.
    """
    if remaining <= 0:
        return start_ms
    senders = (Crew(crews),) if isinstance(crews, int) else _alike(crews, pacing, start_ms)
    if not any(crew.lanes > 0 for crew in senders):
        return None
    return Course(pacing, start_ms, settled, settled + remaining, senders, call_ms, hours).end_ms()


def timetable(
    pacing: Pacing,
    start_ms: int,
    total: int,
    crews: Sequence[Crew],
    hours: Hours | None,
    zone: str,
    absent: Sequence[int] = (),
) -> Timetable:
    """When the parts of a campaign that begins at `start_ms` leave: its chunks, or else the days of `zone`, each by
    the openings of the hours. `absent`: the places (from 0 on, in order) of messages that are known not to leave."""
    senders = _alike(crews, pacing, start_ms)
    if not senders:
        return Timetable((), None)
    diary = Diary(pacing.chunk_size, ends_of_days(hours, zone))
    course = Course(pacing, start_ms, 0, total, senders, 0, hours, absent, diary)
    end_ms = course.end_ms()
    return Timetable(diary.parts, end_ms)


def _alike(crews: Iterable[Crew], pacing: Pacing, now_ms: int) -> tuple[Crew, ...]:
    """Senders that may send, those of equal caps as one: they share a campaign evenly. Apart: who is through for today,
    for it leaves the others alone, and who has a gap to keep that the delays do not keep anyway.
    """
    groups: dict[tuple[Caps, bool, int], list[Crew]] = {}
    for place, crew in enumerate(crews):
        caps = crew.caps
        if crew.lanes == 1 and caps.min_gap_ms <= pacing.delay_min_ms:
            caps = replace(caps, min_gap_ms=0)
        is_through = room(caps, crew.sent, now_ms) == 0
        if crew.lanes:
            groups.setdefault((caps, is_through, place if caps.min_gap_ms else -1), []).append(crew)
    return tuple(_as_one(caps, group) for (caps, *_), group in groups.items())


def _as_one(caps: Caps, group: Sequence[Crew]) -> Crew:
    sent = Sent(sum(crew.sent.today for crew in group), max(crew.sent.last_ms for crew in group))
    return Crew(sum(crew.lanes for crew in group), times(caps, len(group)), sent)


def chunk_count(total: int, chunk_size: int) -> int:
    """How many chunks `total` messages make; everything is one chunk where no size is given."""
    return ceil(total / chunk_size) if chunk_size else min(total, 1)
