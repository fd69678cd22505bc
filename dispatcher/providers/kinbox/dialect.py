"""`POST /v3/campaigns` as upstream apps write it (seeds/002), as a draft.

    recipients   the CSV file behind `leadsAssetUrl`, or `leads` in the request itself; one of the two
    text         `message`, else `textRaw`, with `{{column}}` for the recipient's own columns
    pace         `secondsBetweenMessages` is both ends of the delay; the account's delays where it is not given
    sender       `channelId`; every sender of the account where it is not given
    hours        `businessHoursId`, one of those that the account names; its own where it is not given

`assetsUrls` and `template` are Kinbox' own: only an account of theirs can send them, and then no text is needed.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dispatcher.domain.account import Account
from dispatcher.domain.campaign import Draft, DraftMessage
from dispatcher.domain.pacing import Pacing
from dispatcher.providers.contract import BadRequest, ParseContext
from dispatcher.providers.kinbox.form import given_in, hours_problems, problems
from dispatcher.providers.recipients import begun, leads_of_list, messages, rolls, slices_of_file, text_content
from dispatcher.providers.schedule import start_ms, start_problems, to_ms

_ITS_OWN = ("leadsAssetUrl", "leads", "leadType", "channelId", "textRaw", "secondsBetweenMessages", "chunkSize")
_OTHERS = ("messages", "recipients", "json", "sheet_values")
_BEYOND_TEXT = ("assetsUrls", "template")


def recognises(body: Any) -> bool:
    return (
        isinstance(body, dict)
        and "name" in body
        and any(name in body for name in _ITS_OWN)
        and not any(name in body for name in _OTHERS)
    )


def parse(body: Any, context: ParseContext) -> Draft:
    """The body as a draft; raises BadRequest, which names every field that is wrong."""
    if not isinstance(body, Mapping):
        raise BadRequest(("", "must be a JSON object"))
    given = given_in(body)
    if wrong := [*_problems(given, body, context)]:
        raise BadRequest(*wrong)
    text = given.get("message") or given.get("textRaw") or ""
    return Draft(
        name=given["name"],
        dialect="kinbox",
        messages=_messages(given, body, context, text),
        pacing=_pacing(given, context.account),
        chunks_count=given.get("chunksCount", 0),
        content=text_content(text),
        senders=(given["channelId"],) if "channelId" in given else (),
        scheduled_for_ms=start_ms(given.get("scheduledTo", ""), context.now_ms, "scheduledTo"),
        business_hours=given.get("businessHoursId"),
        options=given,
    )


def _problems(given: Mapping[str, Any], body: Mapping[str, Any], context: ParseContext) -> Iterator[tuple[str, str]]:
    yield from problems(given)
    yield from start_problems(given.get("scheduledTo"), context.now_ms, "scheduledTo")
    yield from _missing(given, body)
    yield from hours_problems(given, context.account)
    yield from _beyond(given, context.account)


def _missing(given: Mapping[str, Any], body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not any(given.get(name) for name in ("message", "textRaw", *_BEYOND_TEXT)):
        yield "message", "is required: a text (or textRaw, assetsUrls or a template)"
    has_file, has_leads = "leadsAssetUrl" in given, body.get("leads") is not None
    if has_file and has_leads:
        yield "leadsAssetUrl", "must not be given beside `leads`: one of the two names the recipients"
    elif not has_file and not has_leads:
        yield "leadsAssetUrl", "is required: a CSV file of recipients; or else `leads`, an array of them"


def _beyond(given: Mapping[str, Any], account: Account) -> Iterator[tuple[str, str]]:
    if account.provider != "kinbox":
        yield from ((name, "can only be sent by a kinbox account") for name in _BEYOND_TEXT if given.get(name))


def _messages(
    given: Mapping[str, Any], body: Mapping[str, Any], context: ParseContext, text: str
) -> Iterable[DraftMessage]:
    if "leadsAssetUrl" in given:
        file = context.open_leads(given["leadsAssetUrl"])
        return rolls(begun(slices_of_file(file, "leadsAssetUrl"), "leadsAssetUrl"), text)
    return messages(begun(leads_of_list(body["leads"], "leads"), "leads"), text)


def _pacing(given: Mapping[str, Any], account: Account) -> Pacing:
    gap_ms = to_ms(given.get("secondsBetweenChunks", 0)) or 0
    size = given.get("chunkSize", 0)
    delay_ms = to_ms(given.get("secondsBetweenMessages"))
    if delay_ms is None:
        return Pacing(account.delay_min_ms, account.delay_max_ms, size, gap_ms)
    return Pacing(delay_ms, delay_ms, size, gap_ms)
