"""What the system's answers mean. `status` and `errors` of the body decide, not the HTTP code (PROVIDERS 4.2).

the answer says                               the messages
success, no errors                            sent
errors: a list of {phone, reason}             as in `reasons`, by the phone; the others sent if it adds up
error, and no list                            failed, or as its `message` says
errors: a number, or processed too few        in doubt: which ones, cannot be told
2xx with anything else                        in doubt
404 "Tag … não encontrada"                    put back, the tag halts
another status without such a list            as in `statuses`
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from dispatcher.domain.campaign import Job, Parcel
from dispatcher.domain.outcomes import Fate, Halt, Outcome, Reading, Scope, for_all
from dispatcher.domain.phone import InvalidPhone, canonical
from dispatcher.providers.contract import Response
from dispatcher.providers.cpc.reasons import Meaning, meaning_of
from dispatcher.providers.statuses import UNREADABLE, by_status

SENT = Outcome(Fate.SENT)
IN_PART = Outcome(Fate.IN_DOUBT, "accepted_in_part")
UNKNOWN_TAG = Outcome(Fate.DEFERRED, "unknown_tag")

Error = Mapping[str, Any]


def read(job: Job, response: Response) -> Reading:
    body = response.json_object()
    errors = _error_list(body.get("errors"))
    if errors:
        return _one_by_one(job, body, errors)
    if not 200 <= response.status < 300:
        return _refused(job, response, _wording(body))
    return for_all(len(job.parcels), _all_alike(len(job.parcels), body))


def _error_list(errors: Any) -> list[Error]:
    """Empty where `errors` is a number, or lists rules broken by the body instead of recipients."""
    if not isinstance(errors, list) or not all(isinstance(error, dict) for error in errors):
        return []
    return errors


def _wording(body: Mapping[str, Any]) -> str:
    rules = body.get("errors")
    texts = [body.get("message"), *(rules if isinstance(rules, list) else [])]
    return "; ".join(text for text in texts if isinstance(text, str))


def _refused(job: Job, response: Response, wording: str) -> Reading:
    if response.status == 404 and "tag" in wording.lower():
        return for_all(len(job.parcels), UNKNOWN_TAG, halt=Halt(Scope.SENDER, UNKNOWN_TAG.reason))
    return by_status(job, response, wording)


def _all_alike(sent: int, body: Mapping[str, Any]) -> Outcome:
    """The one outcome of all, where nobody is named."""
    processed, errors = _count(body.get("processed")), body.get("errors")
    match body.get("status"):
        case "success" if errors in (None, 0, []):
            return SENT if processed is None or processed >= sent else IN_PART
        case "error":
            return meaning_of(_wording(body)).outcome if not processed else IN_PART
        case "success" | "partial":
            return IN_PART
        case _:
            return UNREADABLE


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


# ---------------------------------------------------------------- errors with names on them


def _one_by_one(job: Job, body: Mapping[str, Any], errors: Sequence[Error]) -> Reading:
    """Errors go to their parcels by the phone, which is all that links them."""
    meant: dict[str, list[Meaning]] = defaultdict(list)
    only = _key_of(job.parcels[0]) if len(job.parcels) == 1 else None
    for error in errors:
        meant[only or _key(str(error.get("phone", "")))].append(meaning_of(str(error.get("reason", ""))))
    rest = SENT if _adds_up(job, body, meant) else IN_PART
    twins = Counter(map(_key_of, job.parcels))
    outcomes = tuple(_outcome(meant.get(_key_of(parcel), []), twins[_key_of(parcel)], rest) for parcel in job.parcels)
    halting = (one.outcome.reason for found in meant.values() for one in found if one.halts)
    reason = next(halting, None)
    return Reading(outcomes, halt=Halt(Scope.SENDER, reason) if reason else None)


def _outcome(meant: Sequence[Meaning], twins: int, rest: Outcome) -> Outcome:
    """Of twins, messages to the same phone, one error cannot tell which of them it is about."""
    if not meant:
        return rest
    if len(meant) < twins:
        return Outcome(Fate.IN_DOUBT, "failed_in_batch", meant[0].outcome.detail)
    return meant[0].outcome


def _adds_up(job: Job, body: Mapping[str, Any], meant: Mapping[str, Sequence[Meaning]]) -> bool:
    """Were those that no error names sent? Only if every error has its parcel and enough were processed."""
    keys = [_key_of(parcel) for parcel in job.parcels]
    unnamed = sum(key not in meant for key in keys)
    processed = _count(body.get("processed"))
    return (
        body.get("status") in ("success", "partial")
        and meant.keys() <= set(keys)
        and (processed is None or processed >= unnamed)
    )


def _key_of(parcel: Parcel) -> str:
    return parcel.key or _key(parcel.phone)


def _key(phone: str) -> str:
    try:
        return canonical(phone)
    except InvalidPhone:
        return "".join(letter for letter in phone if letter.isdigit())
