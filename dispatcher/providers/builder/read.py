"""What Builder's answers mean (PROVIDERS 3; its 422 looks like FastAPI's).

the answer says                           the messages                     and
trigger   2xx and a number, 0 too         sent, by that number
campaign  2xx and an object with `_id`,
          or with our campaign_name       sent, by that `_id`
          … whose status is `error`       in doubt
2xx and anything else                     in doubt
401                                       put back                         the login is over
422 about a line of the sheet             that one failed, others retry
400, 409, 422, …                          failed                           all: it is about the call
anything else                             as in `statuses`
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from dispatcher.domain.campaign import Job
from dispatcher.domain.outcomes import Fate, Outcome, Reading, for_all, without_numbers
from dispatcher.providers.builder.build import CAMPAIGN, mode_of
from dispatcher.providers.contract import Response
from dispatcher.providers.statuses import REFUSED, UNREADABLE, by_status

ENDED_IN_ERROR = Outcome(Fate.IN_DOUBT, "campaign_error")
NOT_THIS_LINE = Outcome(Fate.RETRY, "refused_in_batch")

_BARE_NUMBER = re.compile(r"[0-9]{1,20}")


def read(job: Job, response: Response) -> Reading:
    body, status = _json(response), response.status
    if 200 <= status < 300:
        taken = _campaign if mode_of(job.account) == CAMPAIGN else _trigger
        return for_all(len(job.parcels), taken(job, body))
    wording = "; ".join(_wordings(body))
    if status == 401:
        return replace(by_status(job, response, wording), login_expired=True)
    if status == 422 and (lines := _refused_lines(job, body)):
        return _without(job, lines, wording)
    return by_status(job, response, wording, for_each=False)


def _json(response: Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _trigger(job: Job, body: Any) -> Outcome:
    """The bare number; also as a text, or as an object's `id`."""
    given = body.get("id") if isinstance(body, dict) else body
    is_number = isinstance(given, (int, str)) and not isinstance(given, bool) and _BARE_NUMBER.fullmatch(str(given))
    return Outcome(Fate.SENT, provider_ref=str(given)) if is_number else UNREADABLE


def _campaign(job: Job, body: Any) -> Outcome:
    echo: Mapping[str, Any] = body if isinstance(body, dict) else {}
    if echo.get("status") == "error":
        return ENDED_IN_ERROR
    reference, name = echo.get("_id"), echo.get("campaign_name")
    if isinstance(reference, str) and reference:
        return Outcome(Fate.SENT, provider_ref=reference)
    is_ours = isinstance(name, str) and name.endswith(job.id)
    return Outcome(Fate.SENT) if is_ours else UNREADABLE


# ---------------------------------------------------------------- refusals


def _details(body: Any) -> list[Any]:
    detail = body.get("detail") if isinstance(body, dict) else None
    return detail if isinstance(detail, list) else [detail]


def _wordings(body: Any) -> Iterator[str]:
    """`json.phone: field required` for each; a `detail` that is a text as it is. Never the `input` it may quote."""
    for one in _details(body):
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            loc = [str(step) for step in _loc(one) if step != "body"]
            message = one.get("msg")
            yield ": ".join(part for part in (".".join(loc), message if isinstance(message, str) else "") if part)


def _refused_lines(job: Job, body: Any) -> set[int]:
    """Which of the job's parcels are complained about; line 0 of a sheet is its header. Empty: not just lines."""
    found = set()
    for one in _details(body):
        match _loc(one) if isinstance(one, dict) else []:
            case ["body", "sheet_values", int(line), *_] if 1 <= line <= len(job.parcels):
                found.add(line - 1)
            case _:
                return set()
    return found


def _loc(detail: Mapping[str, Any]) -> list[Any]:
    loc = detail.get("loc")
    return loc if isinstance(loc, list) else []


def _without(job: Job, lines: set[int], wording: str) -> Reading:
    refused = Outcome(Fate.FAILED, REFUSED.reason, without_numbers(wording))
    return Reading(tuple(refused if at in lines else NOT_THIS_LINE for at in range(len(job.parcels))))
