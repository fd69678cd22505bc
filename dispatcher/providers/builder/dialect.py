"""Builder's two calls as upstream apps write them (seeds/003), as drafts; told apart by `json`.

A campaign action's recipients are a CSV: the lines of `sheet_values`, its header first, or else `content`.
Each one's text is in a column `message`, `mensagem`, `text` or `texto`; where there is none, it is the
action's `content` (if that is not the list), else its `description`. `{{column}}` is filled.

The account's own names for phone and text, where it has some, are understood beside the known ones.

An acionamento is one message with a phone under one of `PHONES`. Its text is optional for an account of
Builder, whose bot may know what to say; everything else goes through as it is. All acionamentos of a
day feed one campaign: a million of them must not be a million campaigns.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from dispatcher.domain.account import Account
from dispatcher.domain.campaign import Draft, DraftMessage
from dispatcher.domain.leads import PHONE_COLUMNS, Lead
from dispatcher.domain.pacing import Pacing
from dispatcher.domain.phone import InvalidPhone, canonical, dialable
from dispatcher.domain.template import MissingField, fill
from dispatcher.providers.builder.names import names_of
from dispatcher.providers.contract import BadRequest, ParseContext
from dispatcher.providers.recipients import (
    TEXT_COLUMNS,
    as_columns,
    begun,
    leads_of_file,
    messages,
    number_text,
    text_content,
)
from dispatcher.providers.schedule import start_ms, start_problems
from dispatcher.providers.sheet import column_of

REQUIRED = "field required"
PHONES = ("phone", "telefone", "celular", "number", "numero")
TEXTS = (
    *("_id", "organization", "scheduled_date", "campaign_name", "bot_name", "creation_date"),
    *("description", "name", "file", "content", "log_file"),
)
ACIONAMENTOS = "acionamentos"  # among a campaign's options: it gathers the acionamentos of that day
STATUSES = ("concluded", "in_progress", "not_started", "error")
TO_BE_SENT = ("in_progress", "not_started")

_ITS_OWN = ("sheet_values", "campaign_name", "scheduled_date", "bot_name")
_OTHERS = ("messages", "recipients")


def recognises(body: Any) -> bool:
    if not isinstance(body, dict) or any(name in body for name in _OTHERS):
        return False
    return isinstance(body.get("json"), dict) or any(name in body for name in _ITS_OWN)


def parse(body: Any, context: ParseContext) -> Draft:
    """The body as a draft; raises BadRequest, which names every field that is wrong."""
    if not isinstance(body, Mapping):
        raise BadRequest(("", "value is not a valid dict"))
    if context.path.get("bot_name") or ("json" not in body and any(name in body for name in (*_ITS_OWN, "content"))):
        return _action(body, context)
    return _acionamento(body, context)


def _texts_of(account: Account) -> tuple[str, ...]:
    return _with(names_of(account).json_message, TEXT_COLUMNS)


def _with(own: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """The account's own name for it before those that all know."""
    return tuple(dict.fromkeys((own.strip().casefold(), *known)))


def _pacing(account: Account) -> Pacing:
    return Pacing(account.delay_min_ms, account.delay_max_ms)


# ---------------------------------------------------------------- campaign action


def _action(body: Mapping[str, Any], context: ParseContext) -> Draft:
    if wrong := [*_problems(body), *start_problems(body.get("scheduled_date"), context.now_ms, "scheduled_date")]:
        raise BadRequest(*wrong)
    field, text = _roles(body)
    bot = context.path.get("bot_name") or body.get("bot_name")
    return Draft(
        name=body.get("campaign_name") or body.get("name") or "",
        dialect="builder",
        messages=messages(_leads(body, field, context.account), text, _texts_of(context.account), needs_text=True),
        pacing=_pacing(context.account),
        content=text_content(text) if text else None,
        senders=(bot,) if bot else (),
        scheduled_for_ms=start_ms(body.get("scheduled_date") or "", context.now_ms, "scheduled_date"),
        options=_echoed(body, field, context.path),
    )


def _problems(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in TEXTS:
        if not isinstance(body.get(name), str | None):
            yield name, "str type expected"
    status, values = body.get("status"), body.get("sheet_values")
    if status is not None and status not in STATUSES:
        yield "status", f"value is not a valid enumeration member; permitted: {', '.join(STATUSES)}"
    elif status is not None and status not in TO_BE_SENT:
        yield "status", f"an action that is to be sent is {' or '.join(TO_BE_SENT)}"
    if not isinstance(values, list | None):
        yield "sheet_values", "value is not a valid list"
    for at, value in enumerate(values if isinstance(values, list) else ()):
        if not isinstance(value, str):
            yield f"sheet_values[{at}]", "str type expected"
    if values in (None, []) and not body.get("content"):
        yield "sheet_values", f"{REQUIRED}: a header line, then a CSV line for each recipient; or the same as content"


def _roles(body: Mapping[str, Any]) -> tuple[str, str]:
    """Which field holds the recipients, and the text that they share."""
    if body.get("sheet_values"):
        return "sheet_values", body.get("content") or body.get("description") or ""
    return "content", body.get("description") or ""


def _leads(body: Mapping[str, Any], field: str, account: Account) -> Iterator[Lead]:
    lines = body[field] if field == "sheet_values" else [body[field]]
    pieces = (f"{line}\n".encode(errors="replace") for line in lines)
    return begun(leads_of_file(pieces, field, _with(names_of(account).json_phone, PHONE_COLUMNS)), field)


def _echoed(body: Mapping[str, Any], field: str, path: Mapping[str, str]) -> dict[str, Any]:
    """What comes back in the answer, but for the recipients: they are messages now, and not kept twice."""
    given = {name: body[name] for name in (*TEXTS, "status") if body.get(name) is not None and name != field}
    place = {"organization": path.get("organization_name"), "bot_name": path.get("bot_name")}
    return {**{name: value for name, value in place.items() if value}, **given}


# ---------------------------------------------------------------- acionamento


def _acionamento(body: Mapping[str, Any], context: ParseContext) -> Draft:
    data = body.get("json")
    if not isinstance(data, dict):
        raise BadRequest(("json", REQUIRED if data is None else "value is not a valid dict"))
    day = _local_day(context)
    return Draft(
        name=f"Acionamentos {day}",
        dialect="builder",
        messages=(_one(data, context.account),),
        pacing=_pacing(context.account),
        join_key=f"acionamento|{day}",
        options={ACIONAMENTOS: day},
    )


def _local_day(context: ParseContext) -> str:
    """`2026-11-07`, where the account's people are."""
    moment = datetime.fromtimestamp(context.now_ms / 1000, UTC)
    return moment.astimezone(ZoneInfo(names_of(context.account).timezone)).date().isoformat()


def _one(data: Mapping[str, Any], account: Account) -> DraftMessage:
    phone_name = column_of(data, _with(names_of(account).json_phone, PHONES))
    text_name = column_of(data, _texts_of(account))
    text = "" if (given := data.get(text_name or "")) is None else given
    columns = as_columns(data)
    wrong = list(_wrong_text(text_name or "message", text, columns, is_needed=account.provider != "builder"))
    try:
        phone, key = _address(phone_name, data)
    except BadRequest as refused:
        raise BadRequest(*wrong, *refused.problems) from None
    if wrong:
        raise BadRequest(*wrong)
    params = {name: value for name, value in data.items() if name not in (phone_name, text_name)}
    written = number_text(data.get(phone_name or ""))
    return DraftMessage(
        phone, key, text_content(text), columns if "{{" in text else None, params or None, written=written
    )


def _wrong_text(name: str, text: Any, columns: Mapping[str, str], is_needed: bool) -> Iterator[tuple[str, str]]:
    where = f"json.{name}"
    if not isinstance(text, str):
        yield where, "str type expected"
        return
    if not text and is_needed:
        yield where, REQUIRED
    try:
        fill(text, columns)
    except MissingField as missing:
        yield where, f"needs a value for {missing.field!r}"


def _address(name: str | None, data: Mapping[str, Any]) -> tuple[str, str]:
    """What is dialled, and the canonical key; raises BadRequest."""
    if name is None:
        raise BadRequest(("json.phone", f"{REQUIRED}: a phone under one of {', '.join(PHONES)}"))
    raw = number_text(data[name])
    if not raw and data[name] != "":
        raise BadRequest((f"json.{name}", "str type expected"))
    try:
        return dialable(raw), canonical(raw)
    except InvalidPhone as invalid:
        raise BadRequest((f"json.{name}", f"is no phone number: {invalid}")) from None
