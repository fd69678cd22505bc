"""What Kinbox' answers mean (PROVIDERS 2.2; only successes are documented, errors look like NestJS).

    the answer says                      the messages          and
    2xx and an id                        sent, by that id
    2xx and anything else                in doubt
    400, 404, 422 about the channel      put back              the sender halts: there is no such channel
    400, 409, 422, …                     failed                all: what is wrong is the campaign, not a recipient
    anything else                        as in `statuses`

Looked up by name:

    a campaign of our name               sent
      … that failed with nobody reached  retry
      … that was cancelled before it     failed
    a full list without it               retry: it certainly is not there
    anything else                        cannot be told yet

Asked, once it was taken:

    failed or cancelled, nobody reached  failed: it is not sent again by itself
    done, or ended after some            sent, for it does not tell who was left out
    anything else                        it goes on
"""

from collections.abc import Mapping
from typing import Any

from dispatcher.domain.campaign import Job
from dispatcher.domain.outcomes import Fate, Halt, Outcome, Reading, Scope, for_all, without_numbers
from dispatcher.providers.contract import Response
from dispatcher.providers.kinbox.build import campaign_name
from dispatcher.providers.statuses import NOT_AT_PROVIDER, UNREADABLE, by_status

CAMPAIGN_FAILED = Outcome(Fate.RETRY, "campaign_failed")
CAMPAIGN_CANCELED = Outcome(Fate.FAILED, "campaign_canceled")

POLL_WAITS_S = (30.0, 120.0, 600.0, 3600.0, 6 * 3600.0, 12 * 3600.0)  # its file is fetched at once; most fail there

_OVER = frozenset({"done", "done-sent", "failed", "canceled"})
_CHANNEL_STATUSES = (400, 404, 422)
_ENDED_EARLY = {"failed": CAMPAIGN_FAILED, "canceled": CAMPAIGN_CANCELED}


def read(job: Job, response: Response) -> Reading:
    body, status = response.json_object(), response.status
    if 200 <= status < 300:
        reference = _id(body)
        sent = Outcome(Fate.SENT, provider_ref=reference, poll_s=POLL_WAITS_S[0])
        return for_all(len(job.parcels), sent if reference else UNREADABLE)
    wording = _wording(body)
    if status in _CHANNEL_STATUSES and "channel" in wording.lower():
        return _no_channel(job, wording)
    return by_status(job, response, wording, for_each=False)


def _no_channel(job: Job, wording: str) -> Reading:
    outcome = Outcome(Fate.DEFERRED, "unknown_channel", without_numbers(wording))
    return for_all(len(job.parcels), outcome, halt=Halt(Scope.SENDER, outcome.reason))


def read_lookup(job: Job, response: Response) -> tuple[Outcome, ...] | None:
    body = response.json_object() if response.status == 200 else {}
    listed = body.get("data")
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        return None
    ours = next((one for one in listed if _is_ours(job, one.get("name"))), None)
    if ours is not None:
        return (_found(ours),) * len(job.parcels)
    total = body.get("totalCount")
    is_whole = isinstance(total, int) and total <= len(listed)
    return (NOT_AT_PROVIDER,) * len(job.parcels) if is_whole else None


def _is_ours(job: Job, name: Any) -> bool:
    """By its end, should Kinbox have changed the rest."""
    return isinstance(name, str) and (name == campaign_name(job) or name.endswith(f" {job.id}"))


def _found(campaign: Mapping[str, Any]) -> Outcome:
    ended = _ENDED_EARLY.get(str(campaign.get("status")))
    if ended is not None and _reached_nobody(campaign):
        return ended
    poll_s = None if str(campaign.get("status")) in _OVER else POLL_WAITS_S[0]
    return Outcome(Fate.SENT, "found_at_provider", provider_ref=_id(campaign) or None, poll_s=poll_s)


def read_poll(job: Job, response: Response) -> tuple[Outcome, ...] | None:
    body = response.json_object() if response.status == 200 else {}
    status = str(body.get("status"))
    if status not in _OVER:
        return None
    ended = _ENDED_EARLY.get(status)
    if ended is not None and _reached_nobody(body):
        return (Outcome(Fate.FAILED, ended.reason),) * len(job.parcels)
    return (Outcome(Fate.SENT),) * len(job.parcels)


def _reached_nobody(campaign: Mapping[str, Any]) -> bool:
    """Both counts must be there and say so."""
    counts = campaign.get("resultCounts")
    sent = counts.get("sent") if isinstance(counts, dict) else None
    return sent == 0 and campaign.get("messagesProcessed") == 0


def _id(body: Mapping[str, Any]) -> str | None:
    """Both `id` and `_id` appear."""
    given = body.get("id") or body.get("_id")
    is_id = isinstance(given, (str, int)) and not isinstance(given, bool)
    return str(given) if is_id else None


def _wording(body: Mapping[str, Any]) -> str:
    """`message` is a text or a list of them; `error` is only the status in words."""
    message = body.get("message") or body.get("error")
    texts = message if isinstance(message, list) else [message]
    return "; ".join(text for text in texts if isinstance(text, str))
