"""Recipients of a list, a file or the request's own, as messages of a draft (Kinbox' leads, Builder's sheets).

A list comes out of somebody's database, so a bad row stops nobody else: it is kept as a message that failed
from the start and says why.

    problem                  the row
    invalid_number           has no phone that can be dialled
    missing_field:<name>     lacks what the text needs
    duplicate_recipient      names a client that an earlier row of the list will reach already
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, TypeVar

from dispatcher.domain.campaign import Content, DraftMessage, Roll, Rolls
from dispatcher.domain.leads import PHONE_COLUMNS, Lead, LeadsError, Slice, read_leads, read_slices
from dispatcher.domain.phone import InvalidPhone, people, person
from dispatcher.domain.template import Template, read_template
from dispatcher.providers.contract import BadRequest
from dispatcher.providers.sheet import column_of

INVALID_NUMBER = "invalid_number"
DUPLICATE = "duplicate_recipient"
MISSING = "missing_field:"
TEXT_COLUMNS = ("message", "mensagem", "text", "texto")

Leads = TypeVar("Leads", Lead, Slice)

_LONGEST_PHONE = 64  # characters kept of what is no phone number


def text_content(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def leads_of_file(chunks: Iterable[bytes], field: str, phone_columns: Sequence[str] = PHONE_COLUMNS) -> Iterator[Lead]:
    """The leads of a CSV file; what breaks its rules is a BadRequest about `field`."""
    try:
        yield from read_leads(chunks, phone_columns=phone_columns)
    except LeadsError as broken:
        raise BadRequest((field, str(broken))) from None


def slices_of_file(chunks: Iterable[bytes], field: str) -> Iterator[Slice]:
    """The same leads, many at a time."""
    try:
        yield from read_slices(chunks)
    except LeadsError as broken:
        raise BadRequest((field, str(broken))) from None


def leads_of_list(given: Any, field: str) -> Iterator[Lead]:
    """Leads that the request brings itself, as objects: the phone under one of its names, and other columns."""
    if not isinstance(given, list):
        raise BadRequest((field, "must be an array"))
    for at, one in enumerate(given):
        if not isinstance(one, Mapping):
            raise BadRequest((f"{field}[{at}]", "must be an object"))
        columns = {name: _cell(value, f"{field}[{at}].{name}") for name, value in one.items() if value is not None}
        yield Lead(at, _value(columns, PHONE_COLUMNS), columns)


def _value(columns: Mapping[str, str], names: Sequence[str]) -> str:
    column = column_of(columns, names)
    return "" if column is None else columns[column]


def _cell(value: Any, where: str) -> str:
    text = as_text(value)
    if text is None:
        raise BadRequest((where, "must be a string or a number"))
    return text


def as_text(value: Any) -> str | None:
    """A column's value as text; None for what is no text, number or truth value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int, float)) else None


def as_columns(data: Mapping[str, Any]) -> dict[str, str]:
    """An object's plain values as columns; what is nested, or null, is none."""
    texts = {name: as_text(value) for name, value in data.items()}
    return {name: text for name, text in texts.items() if text is not None}


def number_text(value: Any) -> str:
    """A phone as text, also one whose digits came as a JSON number, 5511900000001.0 too; "" for anything else."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def undialable(
    phone: str,
    content: Content | None = None,
    fields: Mapping[str, str] | None = None,
    params: Mapping[str, Any] | None = None,
) -> DraftMessage:
    """A recipient who is kept, and counted, although there is nobody to be dialled."""
    return DraftMessage(phone[:_LONGEST_PHONE], "", content, fields, params, problem=INVALID_NUMBER)


def begun(leads: Iterator[Leads], field: str) -> Iterator[Leads]:
    """The same leads, the first fetched now: no file, or nobody in it, shows before anything is stored."""
    first = next(leads, None)
    if first is None:
        raise BadRequest((field, "names no recipient"))
    return chain((first,), leads)


def messages(
    leads: Iterable[Lead], text: str, text_columns: Sequence[str] = (), *, needs_text: bool = False
) -> Iterator[DraftMessage]:
    """A message for each lead. `text` is the campaign's; a lead's own under one of `text_columns` goes before it.

    `needs_text`: a lead without either is one that lacks its message.
    """
    reached: set[int] = set()
    template = read_template(text)
    for _, phone, fields in leads:
        own = ""
        if text_columns and (column := column_of(fields, text_columns)) is not None:
            own = fields[column]
            fields = {name: value for name, value in fields.items() if name != column}
        if needs_text and not (own or text):
            lacks: str | None = "message"
        else:
            lacks = (read_template(own) if own else template).lacking(fields)
        problem = MISSING + lacks if lacks else None
        yield _message(phone, fields, text_content(own) if own else None, problem, reached)


def _message(
    phone: str, fields: dict[str, str], content: Content | None, problem: str | None, reached: set[int]
) -> DraftMessage:
    try:
        dialled, key = person(phone)
    except InvalidPhone:
        return undialable(phone, content, fields)
    if problem is None:
        number = int(key)
        problem = DUPLICATE if number in reached else None
        reached.add(number)
    return DraftMessage(dialled, key, content, fields, None, problem, phone)


def rolls(slices: Iterable[Slice], text: str) -> Rolls:
    """`messages` of the same leads, by the same rules, many at a time: most of a file is looked at once for all."""
    reached: set[int] = set()
    template = read_template(text)
    return Rolls(_roll(one, template, reached) for one in slices)


def _roll(leads: Slice, template: Template, reached: set[int]) -> Roll:
    written = [cells[leads.phone] for cells in leads.cells]
    phones, keys = people(written)
    problems = _lacking(leads, template)
    if not all(keys):
        problems |= {place: INVALID_NUMBER for place, key in enumerate(keys) if not key}
        phones = [phone or raw[:_LONGEST_PHONE] for phone, raw in zip(phones, written, strict=True)]
        written = [raw if key else "" for key, raw in zip(keys, written, strict=True)]
    numbers = {int(key) for place, key in enumerate(keys) if place not in problems}
    if len(numbers) + len(problems) < len(keys) or not numbers.isdisjoint(reached):
        numbers = _mark_duplicates(keys, problems, reached)
    reached |= numbers
    return Roll(leads.names, leads.cells, phones, keys, written, problems)


def _lacking(leads: Slice, template: Template) -> dict[int, str]:
    columns = [leads.names.index(name) for name in template.needs if name in leads.names]
    there = [cells[column] for column in columns for cells in leads.cells]
    if len(columns) == len(template.needs) and all(there) and not any(map(str.isspace, there)):
        return {}
    each = (template.lacking(dict(zip(leads.names, cells, strict=True))) for cells in leads.cells)
    return {place: MISSING + name for place, name in enumerate(each) if name}


def _mark_duplicates(keys: Sequence[str], problems: dict[int, str], reached: set[int]) -> set[int]:
    """The numbers that are reached for the first time."""
    first: set[int] = set()
    for place, key in enumerate(keys):
        if place in problems:
            continue
        number = int(key)
        if number in reached or number in first:
            problems[place] = DUPLICATE
        first.add(number)
    return first
