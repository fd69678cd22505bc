"""`PATCH /v3/campaigns/{id}`: schedule, hours and pace of what is not sent yet, and what of a campaign is frozen.
Beside it `PATCH …/results`, a report of somebody else's counts.

A field with the value that the campaign has is no change, so that a whole campaign can be sent back as it was read. One
that is null or empty is none either, except for `businessHoursId`: then the campaign keeps its account's own hours.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from dispatcher.domain.account import Account
from dispatcher.domain.campaign import Campaign
from dispatcher.domain.changes import Change
from dispatcher.domain.forecast import chunk_count
from dispatcher.domain.pacing import chunk_size_for
from dispatcher.providers.contract import BadRequest
from dispatcher.providers.kinbox.build import seconds
from dispatcher.providers.kinbox.form import NUMBERS, given_in, hours_problems, wrong_types
from dispatcher.providers.kinbox.render import asked_of
from dispatcher.providers.schedule import start_ms, start_problems, to_ms

COUNTED = ("sent", "received", "read", "answered")
_MOST = 10_000_000  # as for `chunkSize`
CHANGEABLE = ("scheduledTo", "businessHoursId", *NUMBERS)
_ANSWERED = ("originalScheduledTo", "finishedAtPrediction")  # ours to say: what a caller says of them is passed over


def read_change(body: Mapping[str, Any], campaign: Campaign, account: Account, now_ms: int) -> Change:
    """What is to change; raises BadRequest, which names every field that is wrong or frozen."""
    has = _has(campaign)
    given = {name: value for name, value in given_in(body).items() if not _same(value, has[name])}
    moved = given.get("scheduledTo")
    changing = {name: given[name] for name in CHANGEABLE if name in given}
    wrong = [*_frozen(given, body), *wrong_types(changing), *start_problems(moved, now_ms, "scheduledTo")]
    if wrong := [*wrong, *hours_problems(changing, account)]:
        raise BadRequest(*wrong)
    size = _chunk_size(given, body, campaign.total)
    options: dict[str, Any] = {} if size is None else {"chunkSize": size, "chunksCount": None}
    if moved is not None:
        first = has["originalScheduledTo"] or has["scheduledTo"]
        options |= {"scheduledTo": moved, **({"originalScheduledTo": first} if first else {})}
    hours = given.get("businessHoursId", "" if _unnamed(body) and has["businessHoursId"] else None)
    if hours is not None:
        options["businessHoursId"] = hours or None
    delay_ms = to_ms(given.get("secondsBetweenMessages"))
    return Change(
        delay_min_ms=delay_ms,
        delay_max_ms=delay_ms,
        chunk_size=size,
        chunk_gap_ms=to_ms(given.get("secondsBetweenChunks")),
        moves_start=moved is not None,
        scheduled_for_ms=None if moved is None else start_ms(moved, now_ms, "scheduledTo"),
        business_hours=hours,
        options=options if campaign.dialect == "kinbox" else {},
    )


def check_results(body: Mapping[str, Any]) -> None:
    """Is it a report on one of the result counts? Raises BadRequest, which names every field that is wrong."""
    status, count = body.get("status"), body.get("count")
    wrong = []
    if not isinstance(status, str) or status not in COUNTED:
        wrong.append(("status", f"must be one of the following values: {', '.join(COUNTED)}"))
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= _MOST:
        wrong.append(("count", f"must be an integer number from 0 to {_MOST}"))
    if wrong:
        raise BadRequest(*wrong)


def _has(campaign: Campaign) -> dict[str, Any]:
    """The fields as the campaign's own are shown."""
    pacing = campaign.pacing
    return {
        **asked_of(campaign),
        "name": campaign.name,
        "chunkSize": pacing.chunk_size or campaign.total,
        "chunksCount": chunk_count(campaign.total, pacing.chunk_size),
        "secondsBetweenMessages": seconds(pacing.delay_max_ms),
        "secondsBetweenChunks": seconds(pacing.chunk_gap_ms),
    }


def _unnamed(body: Mapping[str, Any]) -> bool:
    """Does it say that the campaign names no hours? One that leaves the field out does not."""
    return "businessHoursId" in body and body["businessHoursId"] in (None, "")


def _same(value: Any, had: Any) -> bool:
    """JSON's true is no 1."""
    return bool(value == had) and isinstance(value, bool) == isinstance(had, bool)


def _frozen(given: Mapping[str, Any], body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in (*given, *(["leads"] if body.get("leads") is not None else [])):
        if name not in CHANGEABLE and name not in _ANSWERED:
            yield name, "cannot be changed: it was frozen when the campaign was accepted"


def _chunk_size(given: Mapping[str, Any], body: Mapping[str, Any], total: int) -> int | None:
    """`chunksCount` counts only where the request names no size."""
    if body.get("chunkSize") not in (None, ""):
        return given.get("chunkSize")
    count = given.get("chunksCount")
    return chunk_size_for(total, 0, count) if count else None
