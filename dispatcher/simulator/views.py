"""What the control API shows of the record: deliveries, calls, the summary.

Times are milliseconds, of the wall clock (`started`) and of the monotonic one (`started_mono`), which all
processes of a machine share. An open call has no end and no status; status 0 is a call without an answer.
"""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from dispatcher.simulator.numbers import digits_of, person
from dispatcher.simulator.record import OPEN, WALL, Record, message_id
from dispatcher.simulator.tally import job_of

Json = dict[str, Any]


def wall_ms(monotonic_s: float) -> float:
    return (WALL + monotonic_s) * 1000


def delivery(record: Record, wanted: int) -> Json:
    at = wanted - record.base
    number, job = record.numbers[at], record.jobs[at]
    of = call(record, record.call_of[at])
    return {
        "id": wanted,
        **{name: of.get(name, "") for name in ("provider", "sender", "link", "fault")},
        "number": number,
        "digits": digits_of(number),
        "content": json.loads(record.contents[at]),
        "marker": job.marker,
        "job": job_of(job.marker),
        "folder": job.folder,
        "message_id": message_id(wanted),
        "delivered": wall_ms(record.delivered[at]),
        "delivered_mono": record.delivered[at] * 1000,
        **{name: of.get(name) for name in ("started", "ended", "started_mono", "ended_mono", "status")},
        "call": record.call_of[at],
    }


def deliveries(record: Record, number: str, after: int, limit: int) -> list[Json]:
    return [delivery(record, i) for _, i in zip(range(limit), record.ids(number, after), strict=False)]


def call(record: Record, index: int) -> Json:
    """Empty for one that was forgotten."""
    at = index - record.call_base
    if not 0 <= at < len(record.calls):
        return {}
    provider, sender, link, method, path = record.calls[at]
    started, ended = record.call_started[at], record.call_ended[at]
    is_open = ended == OPEN
    return {
        "id": index,
        "provider": provider,
        "sender": sender,
        "link": link,
        "method": method,
        "path": path,
        "started": wall_ms(started),
        "ended": None if is_open else wall_ms(ended),
        "started_mono": started * 1000,
        "ended_mono": None if is_open else ended * 1000,
        "status": None if is_open else record.call_status[at],
        "fault": record.call_fault[at],
        "deliveries": record.call_delivered[at],
    }


def calls(record: Record, after: int, limit: int) -> list[Json]:
    first = max(after + 1, record.call_base)
    last = min(first + limit, record.call_base + len(record.calls))
    return [call(record, index) for index in range(first, last)]


def counts(record: Record, by: str, limit: int) -> list[Json]:
    """How often each person (or each content to each person) was reached, most often first."""
    keys: Iterable[Any] = record.content_keys if by == "content" else map(person, record.numbers)
    last: dict[Any, int] = {}
    times: Counter[Any] = Counter()
    for at, key in enumerate(keys):
        times[key] += 1
        last[key] = at
    most = times.most_common(limit)
    if by == "person":
        return [{"person": key, "count": count} for key, count in most]
    return [
        {"number": record.numbers[last[k]], "content": json.loads(record.contents[last[k]]), "count": count}
        for k, count in most
    ]


def duplicates(record: Record) -> list[Json]:
    """Messages that were delivered again (the first thousand), each with all its deliveries."""
    tally = record.tally
    return [_several(record, [tally.first.get(key, -1), *ids]) for key, ids in tally.again.items()]


def repeats(record: Record) -> list[Json]:
    tally = record.tally
    return [_several(record, [i], tally.contents.get(key, 0)) for key, i in tally.repeated.items()]


def _several(record: Record, ids: list[int], count: int = 0) -> Json:
    one = delivery(record, ids[-1]) if record.holds(ids[-1]) else {}
    kept = {name: one.get(name) for name in ("provider", "number", "job", "content")}
    return {**kept, "count": count or len(ids), "deliveries": ids}


def summary(record: Record) -> Json:
    return {
        "deliveries": record.base + len(record.numbers),
        "calls": record.call_base + len(record.calls),
        "providers": dict(record.received),
        "senders": record.lanes.as_list(),
        "overlaps": record.lanes.overlaps(),
        "duplicate_count": record.tally.duplicates,
        "duplicates": duplicates(record),
        "repeat_count": record.tally.repeats,
        "repeats": repeats(record),
        "unfilled": record.unfilled,
        "answers": [{"provider": p, "status": s, "count": n} for (p, s), n in record.statuses.items()],
        "faults": dict(record.faults),
        "errors": record.errors,
        "notes": list(record.notes),
    }
