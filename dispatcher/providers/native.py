"""The native body: one form for every provider. Not a provider, but read like one: `recognises`, `parse`.

    {"account", "name"?, …pacing and policies?,
     "messages": [{"phone" | "number", "type"?, …content, "fields"?, …anything the provider knows}]
     or "text" | "content" and "recipients": [{"phone" | "number", …fields}]}

Names may be written in camelCase too. What a message holds beside its content (`domain.content.FIELDS`) goes to
the provider as it is: CPC's `contract`, Builder's own keys.

Two ways to hand people over, and two promises. `messages` were written one by one by an app that knows them:
a number that cannot be dialled is a mistake in the request, 400, nothing stored. `recipients` are a list out of
somebody's database: a bad row must not stop the others, so it is kept as a message that failed with
`invalid_number`, and counted. Nobody is written to less often than listed: the same phone twice is two messages.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from dispatcher.domain.campaign import Draft, DraftMessage
from dispatcher.domain.content import FIELDS, check_content
from dispatcher.domain.followups import of_options
from dispatcher.domain.pacing import Pacing
from dispatcher.domain.phone import InvalidPhone, address
from dispatcher.domain.template import read_template
from dispatcher.providers.contract import BadRequest, ParseContext
from dispatcher.providers.forms import PROBLEMS_NAMED, refused
from dispatcher.providers.native_form import NativeForm
from dispatcher.providers.operators import is_operator, needs_operator
from dispatcher.providers.recipients import as_columns, as_text, number_text, text_content, undialable
from dispatcher.providers.schedule import ahead, delays_ms, long_delay, to_ms

TEXT_ONLY = frozenset({"kinbox", "builder", "cpc"})
"""Providers that take nothing but text."""

_ADDRESS = ("phone", "number")
_BESIDE = frozenset({*_ADDRESS, "fields"})


def recognises(body: Any) -> bool:
    return (
        isinstance(body, dict) and isinstance(body.get("account"), str) and ("messages" in body or "recipients" in body)
    )


def parse(body: Any, context: ParseContext) -> Draft:
    """The body as a draft; raises BadRequest that names up to twenty fields."""
    form = _form(body)
    messages = _messages(form, context) if form.messages is not None else _recipients(form, context)
    return Draft(
        name=form.name,
        dialect="native",
        messages=messages,
        pacing=_pacing(form, context),
        chunks_count=form.chunks_count,
        content=_shared_content(form, context),
        senders=tuple(form.senders),
        scheduled_for_ms=_start_ms(form, context.now_ms),
        guarded=form.cpc,
        on_locked=form.on_locked,
        validity_s=form.validity_s,
        priority=form.priority,
        callback_url=form.callback_url,
        warnings=tuple(_warnings(form)),
        follow_ups=tuple(step.model_dump() for step in form.follow_ups) or of_options(context.account.options),
    )


def _form(body: Any) -> NativeForm:
    try:
        form = NativeForm.model_validate(body)
    except ValidationError as invalid:
        raise refused(invalid, _RULES) from None
    if (form.messages is None) == (form.recipients is None):
        raise BadRequest(("messages", "give either messages, or recipients and a text"))
    if form.messages is not None and (form.text is not None or form.content is not None):
        raise BadRequest(("text", "belongs to recipients; messages bring their own"))
    return form


_RULES = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "is_instance_of": "must be block or defer",
    "model_type": "must be an object",
    "string_pattern_mismatch": "must be an http or https URL",
}


def _messages(form: NativeForm, context: ParseContext) -> list[DraftMessage]:
    problems: list[tuple[str, str]] = []
    read = [_message(f"messages[{at}]", given, context, problems) for at, given in enumerate(form.messages or ())]
    if problems:
        raise BadRequest(*problems[:PROBLEMS_NAMED])
    return read


def _message(
    where: str, given: Mapping[str, Any], context: ParseContext, problems: list[tuple[str, str]]
) -> DraftMessage:
    content = {"type": "text", **{name: value for name, value in given.items() if name in FIELDS}}
    params = {name: value for name, value in given.items() if name not in FIELDS and name not in _BESIDE}
    broken = _check(content, context.account.provider)
    if needs_operator(context.account) and not is_operator(params.get("specialistCode")):
        broken.append(("specialistCode", "is required: the account has no specialist_code for all"))
    fields, phone, key = None, "", ""
    try:
        phone, key = _address(given)
    except InvalidPhone as invalid:
        broken.append((next((name for name in _ADDRESS if name in given), "phone"), str(invalid)))
    try:
        fields = _fields(given["fields"]) if given.get("fields") is not None else None
    except ValueError as invalid:
        broken.append(("fields", str(invalid)))
    problems += [(f"{where}.{field}", rule) for field, rule in broken]
    return DraftMessage(phone, key, content, fields, params or None, written=_raw(given))


def _recipients(form: NativeForm, context: ParseContext) -> Iterable[DraftMessage]:
    if needs_operator(context.account):
        raise BadRequest(
            ("recipients", "the account has no specialist_code: give messages, each with a specialistCode")
        )
    return _listed(form)


def _listed(form: NativeForm) -> Iterable[DraftMessage]:
    for at, given in enumerate(form.recipients or ()):
        try:
            fields = _fields({name: value for name, value in given.items() if name not in _ADDRESS})
        except ValueError as invalid:
            raise BadRequest((f"recipients[{at}]", str(invalid))) from None
        raw = _raw(given)
        try:
            phone, key = _address(given)
        except InvalidPhone:
            yield undialable(raw, fields=fields)
        else:
            yield DraftMessage(phone, key, fields={"phone": raw, **fields}, written=raw)


def _raw(given: Mapping[str, Any]) -> str:
    return number_text(next((given[name] for name in _ADDRESS if given.get(name) is not None), ""))


def _address(given: Mapping[str, Any]) -> tuple[str, str]:
    """What is dialled, and the canonical key; a group has none. Raises InvalidPhone."""
    raw = _raw(given)
    if not raw.strip():
        raise InvalidPhone("is required: a phone number")
    return address(raw)


def _fields(given: Any) -> dict[str, str]:
    """A recipient's columns as text; what has no value is left out, so that a default can stand in."""
    if not isinstance(given, Mapping):
        raise ValueError("must be an object")
    return {name: _column(name, value) for name, value in given.items() if value is not None}


def _column(name: str, value: Any) -> str:
    text = as_text(value)
    if text is None:
        raise ValueError(f"the field {name!r} must be a text or a number")
    return text


def _shared_content(form: NativeForm, context: ParseContext) -> dict[str, Any] | None:
    if form.recipients is None:
        return None
    if (form.text is None) == (form.content is None):
        raise BadRequest(("text", "recipients need a text, or a content, but not both"))
    content = text_content(form.text or "") if form.content is None else {"type": "text", **form.content}
    where = "content." if form.content is not None else ""
    if broken := _check(content, context.account.provider):
        raise BadRequest(*((f"{where}{field}", rule) for field, rule in broken))
    return content


def _check(content: Mapping[str, Any], provider: str) -> list[tuple[str, str]]:
    problems = check_content(content)
    if not problems and provider in TEXT_ONLY and content["type"] != "text":
        problems = [("type", f"{provider} takes texts only")]
    return problems


def _warnings(form: NativeForm) -> Iterator[str]:
    """A long delay; how many recipients a follow-up will not be sent to, for want of what its text needs."""
    yield from long_delay(form.delay_max, "delay_max")
    for at, step in enumerate(form.follow_ups):
        template = read_template(step.text)
        missing = Counter(field for columns in _columns(form) if (field := template.lacking(columns)) is not None)
        for field, count in missing.items():
            yield f"follow_ups[{at}].text: recipients who have no {field!r}, and will not be sent it: {count}"


def _columns(form: NativeForm) -> Iterator[dict[str, str]]:
    """Each recipient's own; a message without fields is sent to the letter and needs none."""
    for given in form.recipients or ():
        yield {"phone": _raw(given), **as_columns(given)}
    for message in form.messages or ():
        if isinstance(message.get("fields"), Mapping):
            yield as_columns(message["fields"])


def _pacing(form: NativeForm, context: ParseContext) -> Pacing:
    least, most = delays_ms(form.delay_min, form.delay_max, context.account, ("delay_min", "delay_max"))
    gap = to_ms(form.seconds_between_chunks) or 0
    return Pacing(least, most, form.chunk_size, gap)


def _start_ms(form: NativeForm, now_ms: int) -> int | None:
    return None if form.scheduled_for is None else ahead(form.scheduled_for, now_ms, "scheduled_for")
