"""What uazapi's answers mean (PROVIDERS 1.2, 1.6). The body decides before the status: 5xx does not mean transient.

the answer says                         the messages                     and
200, count = what was sent              sent
200, count 0                            failed
200, count less than what was sent      in doubt
200, anything else                      in doubt
"… is not on WhatsApp"                  that one failed, others in doubt
provider_code 463                       put back (a batch: in doubt)     the sender halts until `until`
503 "disconnected"                      put back                         the sender halts
500 "disconnected"                      in doubt                         the sender halts
500 "failed to get group members"       failed
anything else                           as in `statuses`
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from dispatcher.domain.campaign import Job
from dispatcher.domain.outcomes import Fate, Halt, Outcome, Reading, Scope, for_all, without_numbers
from dispatcher.domain.pacing import leaves_in_ms
from dispatcher.domain.phone import InvalidPhone, canonical
from dispatcher.providers.contract import Response
from dispatcher.providers.lines import is_up
from dispatcher.providers.stamps import read_stamp
from dispatcher.providers.statuses import NOT_AT_PROVIDER, UNREADABLE, by_status, of_the_whole

POLL_WAITS_S = (20.0, 60.0, 300.0, 1_800.0, 6 * 3600.0, 12 * 3600.0)
"""A mass send fails within seconds, or hours later if its line was down. The first counts from when its last message
should have left."""


class Said(NamedTuple):
    """An answer taken apart: its status, its body if that is a JSON object, and all its wording in lower case."""

    status: int
    body: Mapping[str, Any]
    text: str


def read(job: Job, response: Response) -> Reading:
    if 200 <= response.status < 300:
        return _read_count(job, response.json_object())
    return read_refusal(job, response)


def read_refusal(job: Job, response: Response) -> Reading:
    """What anything but a success means, in either mode."""
    body = response.json_object()
    wording = _wording(body)
    said = Said(response.status, body, wording.lower())
    for applies, meaning in CODES:
        if applies(said):
            return meaning(job, said, wording)
    return by_status(job, response, wording)


def _wording(body: Mapping[str, Any]) -> str:
    """`error` is a text, or true with the text in `message`."""
    texts = (body.get("error"), body.get("message"), body.get("message_ptbr"))
    return "; ".join(text for text in texts if isinstance(text, str))


def _read_count(job: Job, body: Mapping[str, Any]) -> Reading:
    """`count` is how many were accepted, not how many were asked for."""
    sent, count, folder = len(job.parcels), body.get("count"), body.get("folder_id")
    if isinstance(count, bool) or not isinstance(count, int):
        return for_all(sent, UNREADABLE)
    if count <= 0:
        return of_the_whole(job, Outcome(Fate.FAILED, "refused_by_provider", "accepted no message"))
    reference = folder if isinstance(folder, str) else None
    if count < sent:
        few = Outcome(Fate.IN_DOUBT, "accepted_in_part", f"{count} of {sent}", provider_ref=reference)
        return for_all(sent, few)
    return for_all(sent, Outcome(Fate.SENT, provider_ref=reference, poll_s=_poll_s(job, reference)))


def _poll_s(job: Job, reference: str | None) -> float | None:
    """It spaces its messages out by itself, and is asked about them when all should have left."""
    if reference is None:
        return None
    return POLL_WAITS_S[0] + leaves_in_ms(job.campaign.pacing, len(job.parcels) - 1) / 1000


# ---------------------------------------------------------------- the table of codes


def _not_on_whatsapp(job: Job, said: Said, wording: str) -> Reading:
    missing = Outcome(Fate.FAILED, "not_on_whatsapp", without_numbers(wording))
    if len(job.parcels) == 1:
        return Reading((missing,))
    keys = {_key(word) for word in said.text.split() if word[0].isdigit()}
    other = Outcome(Fate.IN_DOUBT, "failed_in_batch", missing.detail)
    return Reading(tuple(missing if parcel.key and parcel.key in keys else other for parcel in job.parcels))


def _key(word: str) -> str:
    try:
        return canonical(word)
    except InvalidPhone:
        return ""


def _timelock(job: Job, said: Said, wording: str) -> Reading:
    """WhatsApp lets this number open no new conversations; every further try makes it worse."""
    halt = Halt(Scope.SENDER, "reachout_timelock", _until_ms(said.body))
    fate = Fate.DEFERRED if len(job.parcels) == 1 else Fate.IN_DOUBT
    return for_all(len(job.parcels), Outcome(fate, halt.reason, without_numbers(wording)), halt=halt)


def _until_ms(body: Mapping[str, Any]) -> int | None:
    found: Any = body
    for step in ("details", "reachout_timelock", "until"):
        found = found.get(step) if isinstance(found, dict) else None
    return read_stamp(found)


def _disconnected(job: Job, said: Said, wording: str) -> Reading:
    """At 503 nothing was tried; at 500 the line may have gone after the message left."""
    halt = Halt(Scope.SENDER, "disconnected")
    fate = Fate.DEFERRED if said.status == 503 else Fate.IN_DOUBT
    return for_all(len(job.parcels), Outcome(fate, halt.reason, without_numbers(wording)), halt=halt)


def _group_gone(job: Job, said: Said, wording: str) -> Reading:
    return of_the_whole(job, Outcome(Fate.FAILED, "group_not_found", without_numbers(wording)))


def _says(*phrases: str, status: tuple[int, ...] = ()) -> Callable[[Said], bool]:
    return lambda said: (not status or said.status in status) and any(phrase in said.text for phrase in phrases)


def _is_timelock(said: Said) -> bool:
    return said.body.get("provider_code") in (463, "463") or said.body.get("error_key") == "WHATSAPP_REACHOUT_TIMELOCK"


CODES: tuple[tuple[Callable[[Said], bool], Callable[[Job, Said, str], Reading]], ...] = (
    (_is_timelock, _timelock),
    (_says("not on whatsapp"), _not_on_whatsapp),
    (_says("disconnected", "not connected", "not reconnectable", "no session", status=(500, 503)), _disconnected),
    (_says("failed to get group members"), _group_gone),
)


# ---------------------------------------------------------------- looking a job up


def read_lookup(job: Job, response: Response) -> tuple[Outcome, ...] | None:
    """The list of mass sends: one that carries our job id was taken. Fewer in it than sent: which, cannot be told."""
    folders = _folders(response)
    if folders is None:
        return None
    found = next((folder for folder in folders if folder.get("info") == job.id), None)
    if found is None:
        return (NOT_AT_PROVIDER,) * len(job.parcels)
    if not _holds_all(found, len(job.parcels)):
        return None
    given = found.get("id")
    reference = given if isinstance(given, str) else None
    sent = Outcome(Fate.SENT, "found_at_provider", provider_ref=reference, poll_s=_poll_s(job, reference))
    return (sent,) * len(job.parcels)


def _folders(response: Response) -> list[Mapping[str, Any]] | None:
    """The listed folders; None for an answer that is no list of them, which says nothing about ours."""
    try:
        body = response.json() if response.status == 200 else None
    except ValueError:
        return None
    if not isinstance(body, list) or not all(isinstance(folder, dict) for folder in body):
        return None
    return body


def read_probe(response: Response) -> bool | None:
    """Is the line up? None where the answer does not say, as while it is connecting."""
    body = response.json_object() if response.status == 200 else {}
    instance, status = body.get("instance"), body.get("status")
    if isinstance(status, dict) and isinstance(status.get("connected"), bool):
        return bool(status["connected"])
    return is_up(instance.get("status")) if isinstance(instance, dict) else None


def _holds_all(folder: Mapping[str, Any], sent: int) -> bool:
    total = folder.get("log_total")
    return not isinstance(total, int) or total >= sent
