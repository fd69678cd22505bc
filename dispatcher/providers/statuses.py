"""What an HTTP status means where a provider's own table of codes says nothing else.

    status                  the messages      and
    3xx                     put back          the account halts: its base URL points elsewhere
    400, 409, 422, …        failed            (in a batch: each is tried again by itself, one bad message spoils all)
    401, 403                put back          the account halts, or the sender if the token is its own
    402, 404, 405           put back          the account halts: nothing can be sent this way
    408                     in doubt
    425, 429                retry             not before Retry-After
    503                     retry             not before Retry-After; the next base URL is tried at once
    500, 502, 504, other    in doubt          a 500 may come after the message was delivered (PROVIDERS 1.6)

A success is never read here: only the body can tell what became of the messages.
"""

from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any

from dispatcher.domain.campaign import Job
from dispatcher.domain.outcomes import Fate, Halt, Outcome, Reading, Scope, for_all, without_numbers
from dispatcher.providers.contract import Response

LONGEST_WISH_S = 86_400.0  # a Retry-After beyond a day is a mistake: messages live a day


UNREADABLE = Outcome(Fate.IN_DOUBT, "unreadable_answer")
"""For a success whose body tells nothing."""

NOT_AT_PROVIDER = Outcome(Fate.RETRY, "not_at_provider")
"""For a job that the provider does not list."""


@dataclass(frozen=True, slots=True)
class Meaning:
    fate: Fate
    reason: str
    halts: bool = False
    base_url_down: bool = False


REFUSED = Meaning(Fate.FAILED, "refused_by_provider")
REDIRECTED = Meaning(Fate.DEFERRED, "redirected", halts=True)
UNAUTHORISED = Meaning(Fate.DEFERRED, "unauthorised", halts=True)
NOT_THERE = Meaning(Fate.DEFERRED, "endpoint_not_found", halts=True)
RATE_LIMITED = Meaning(Fate.RETRY, "rate_limited")
UNEXPECTED = Meaning(Fate.IN_DOUBT, "unexpected_status")

STATUSES = {
    401: UNAUTHORISED,
    402: Meaning(Fate.DEFERRED, "payment_required", halts=True),
    403: UNAUTHORISED,
    404: NOT_THERE,
    405: NOT_THERE,
    408: UNEXPECTED,
    413: Meaning(Fate.FAILED, "too_large"),
    425: RATE_LIMITED,
    429: RATE_LIMITED,
    500: Meaning(Fate.IN_DOUBT, "server_error"),
    502: Meaning(Fate.IN_DOUBT, "gateway_error"),
    503: Meaning(Fate.RETRY, "provider_unavailable", base_url_down=True),
    504: Meaning(Fate.IN_DOUBT, "gateway_error"),
}
CLASSES = {3: REDIRECTED, 4: REFUSED}


def by_status(job: Job, response: Response, wording: str = "", *, for_each: bool = True) -> Reading:
    """The table above applied; `wording` is what the provider says about it, if anything.

    `for_each` False: what a refusal is about is the call, not one of its messages; none of them is tried again.
    """
    meaning = STATUSES.get(response.status) or CLASSES.get(response.status // 100, UNEXPECTED)
    outcome = Outcome(
        meaning.fate, meaning.reason, without_numbers(wording), retry_after_s=retry_after_s(response.headers)
    )
    if meaning is REFUSED and not for_each:
        return for_all(len(job.parcels), outcome)
    halt = Halt(halt_scope(job), meaning.reason) if meaning.halts else None
    return of_the_whole(job, outcome, halt=halt, base_url_down=meaning.base_url_down)


def of_the_whole(job: Job, outcome: Outcome, **effects: Any) -> Reading:
    """One outcome for all of a job. A batch is not failed as a whole: its messages are tried again one by one."""
    if outcome.fate is Fate.FAILED and len(job.parcels) > 1:
        detail = outcome.detail or outcome.reason
        outcome = replace(outcome, fate=Fate.RETRY, reason="refused_in_batch", detail=detail, apart=True)
    return for_all(len(job.parcels), outcome, **effects)


def halt_scope(job: Job) -> Scope:
    """Whose settings a bad token or base URL is among."""
    return Scope.SENDER if job.sender.token or job.sender.base_urls else Scope.ACCOUNT


def retry_after_s(headers: Any) -> float | None:
    """`Retry-After` in seconds, at most a day. A date counts from the answer's own `Date`, not from our clock."""
    wish = headers.get("retry-after", "").strip()
    seconds = float(wish) if wish.isascii() and wish.isdigit() else _until(wish, headers.get("date", ""))
    return None if seconds is None else min(max(seconds, 0.0), LONGEST_WISH_S)


def _until(wish: str, date: str) -> float | None:
    try:
        return (parsedate_to_datetime(wish) - parsedate_to_datetime(date)).total_seconds()
    except (TypeError, ValueError):
        return None
