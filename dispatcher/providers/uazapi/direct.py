"""Mode `direct`: a job is one message in one call, marked with our job id in `track_id` (PROVIDERS 1.5).

type                                           call
text                                           /send/text
button list poll carousel                      /send/menu
image document audio ptt myaudio sticker video /send/media
contact                                        /send/contact
location                                       /send/location

the answer says                                the message is    and
2xx, a message with an id                      sent              its id is what receipts speak of
2xx, that message is queued or pending         in doubt          looked up
2xx, that message failed                       failed
2xx, anything else                             in doubt
anything else                                  as in `read`

A job in doubt is looked for by `track_id`. Only an answer that surely is about it decides: where other
messages come back as well, or the chat is not known for another reason, nothing is concluded.
"""

from collections.abc import Mapping
from typing import Any

from dispatcher.domain.campaign import Job
from dispatcher.domain.outcomes import Fate, Outcome, Reading, for_all, without_numbers
from dispatcher.providers.contract import Request, Response, Unsendable
from dispatcher.providers.statuses import NOT_AT_PROVIDER, UNREADABLE
from dispatcher.providers.uazapi.build import token_header
from dispatcher.providers.uazapi.read import read_refusal

TRACK_SOURCE = "dispatcher"

_MENU, _MEDIA = "/send/menu", "/send/media"
CALLS = {
    "text": "/send/text",
    **dict.fromkeys(("button", "list", "poll", "carousel"), _MENU),
    **dict.fromkeys(("image", "document", "audio", "ptt", "myaudio", "sticker", "video"), _MEDIA),
    "contact": "/send/contact",
    "location": "/send/location",
}
_NOT_OURS_TO_SEND = frozenset({"async", "number", "track_id", "track_source"})  # async: 200 would mean "queued"
_UNDECIDED = frozenset({"queued", "pending", "scheduled"})
_GONE_WRONG = frozenset({"failed", "canceled", "cancelled", "error"})


def build(job: Job) -> Request:
    """The message's call; raises Unsendable for several messages or a type that has no call."""
    if len(job.parcels) > 1:
        raise Unsendable("one_message_at_a_time")  # the account was in mode `sender` when they were put together
    parcel = job.parcels[0]
    path = CALLS.get(str(parcel.content.get("type")))
    if path is None:
        raise Unsendable("unknown_type")
    unsaid = _NOT_OURS_TO_SEND if path in (_MENU, _MEDIA) else _NOT_OURS_TO_SEND | {"type"}
    content = {name: value for name, value in parcel.content.items() if name not in unsaid}
    return Request("POST", path, token_header(job), {**content, "number": parcel.phone, **_track(job)})


def build_lookup(job: Job) -> Request:
    return Request("POST", "/message/find", token_header(job), _track(job))


def read(job: Job, response: Response) -> Reading:
    if not 200 <= response.status < 300:
        return read_refusal(job, response)
    body = response.json_object()
    known = body if _message_id(body) or "status" in body else body.get("message")
    return for_all(len(job.parcels), outcome_of(known) if isinstance(known, dict) else UNREADABLE)


def read_lookup(job: Job, response: Response) -> tuple[Outcome, ...] | None:
    """None while the provider cannot tell."""
    if _knows_no_chat(response):
        return (NOT_AT_PROVIDER,) * len(job.parcels)
    listed = response.json_object().get("messages") if response.status == 200 else None
    if not isinstance(listed, list):
        return None
    found = [one for one in listed if isinstance(one, dict) and one.get("track_id") == job.id]
    if not found:
        return None if listed else (NOT_AT_PROVIDER,) * len(job.parcels)
    outcomes = [outcome_of(one, "found_at_provider") for one in found]
    sent = next((one for one in outcomes if one.fate is Fate.SENT), None)
    certain = sent or (outcomes[0] if all(one.fate is Fate.FAILED for one in outcomes) else None)
    return None if certain is None else (certain,) * len(job.parcels)


def _track(job: Job) -> dict[str, str]:
    return {"track_source": TRACK_SOURCE, "track_id": job.id}


def outcome_of(message: Mapping[str, Any], reason: str = "") -> Outcome:
    """What became of the message that the provider shows."""
    reference, status = _message_id(message), str(message.get("status", "")).lower()
    if status in _GONE_WRONG:
        said = message.get("error")
        wording = without_numbers(said) if isinstance(said, str) else ""
        word = "not_on_whatsapp" if "not on whatsapp" in wording.lower() else "refused_by_provider"
        return Outcome(Fate.FAILED, word, wording)
    if status in _UNDECIDED:
        return Outcome(Fate.IN_DOUBT, "queued_at_provider", provider_ref=reference)
    return Outcome(Fate.SENT, reason, provider_ref=reference) if reference else UNREADABLE


def _message_id(message: Mapping[str, Any]) -> str | None:
    """The bare id, as receipts name it; `id` is written `owner:messageid`."""
    for name in ("messageid", "id"):
        given = message.get(name)
        if isinstance(given, str) and given:
            return given.rpartition(":")[2] or None
    return None


def _knows_no_chat(response: Response) -> bool:
    """A 404 of a server that has no such call says something else."""
    said = response.json_object() if response.status == 404 else {}
    wording = f"{said.get('error', '')} {said.get('message', '')}".lower()
    return "chat not found" in wording
