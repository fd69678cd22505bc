"""Messages that are alike are looked at together, field by field: nearly all of a campaign's are.

Alike are messages with the same fields in the same order, of the same type, to people. This is a short cut and
knows no rule of its own: what is not certainly right goes the way of `dialect`, which also says what is wrong with it.
"""

from collections.abc import Sequence
from typing import Any

from dispatcher.domain.campaign import Roll
from dispatcher.domain.content import all_fit
from dispatcher.domain.phone import people
from dispatcher.providers.recipients import number_text
from dispatcher.providers.uazapi.documents import doc_name

TOGETHER = 1000  # messages: one that is not like its others costs only so many the long way


def roll_of(messages: Sequence[Any]) -> Roll | None:
    """The messages, which keep every rule; None: they have to be looked at one by one."""
    columns = _columns(messages)
    if not columns.keys() >= {"number", "type"}:
        return None
    written = _numbers(columns.pop("number"))
    if not all_fit(columns) or not _named(columns):
        return None
    phones, keys = people(written)
    cells = list(zip(*columns.values(), strict=True))
    return Roll(tuple(columns), cells, phones, keys, written, {}, as_content=True) if all(keys) else None


def _columns(messages: Sequence[Any]) -> dict[str, Sequence[Any]]:
    """The values by field; none where the messages do not all have the same fields in the same order."""
    if set(map(type, messages)) != {dict} or len(set(map(tuple, messages))) != 1:
        return {}
    return dict(zip(messages[0], zip(*map(dict.values, messages), strict=True), strict=True))


def _numbers(given: Sequence[Any]) -> Sequence[str]:
    return given if set(map(type, given)) == {str} else list(map(number_text, given))


def _named(columns: dict[str, Sequence[Any]]) -> bool:
    """Documents without names are given theirs; False where only some have one."""
    if columns["type"][0] != "document":
        return True
    if "docName" not in columns:
        columns["docName"] = list(map(doc_name, columns["file"]))
    return all(columns["docName"])
