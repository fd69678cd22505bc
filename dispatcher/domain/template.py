"""Text with `{{column}}` in it, filled from a recipient's own fields.

    {{name}}            the field; MissingField where there is none, never an empty hole
    {{ name | you }}    the field, or "you"
    {{name|}}           the field, or nothing: the one way to ask for an empty hole

A field without a visible character counts as missing. Names match to the letter, else without regard to
case. A value is text, not a template: braces in it are not filled again. Braces that are nested
(`{{a {{b}} }}`), unbalanced or empty are not ours and stay as they are; `{{{url}}}` is a filled `{{url}}`
between two single braces, which is how a carousel's image is written.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

_NESTED = r"\{\{[^{}]*(?:\{\{[^{}]*\}\}[^{}]*)+\}\}"
_BRACES = re.compile(rf"{_NESTED}|\{{\{{(?P<name>[^{{}}|]*)(?:\|(?P<default>[^{{}}]*))?\}}\}}")


class MissingField(ValueError):
    """The recipient has no such field, and the template no default for it."""

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(f"the recipient has no value for the field {field!r}")


class _Hole(NamedTuple):
    name: str
    default: str | None

    def found(self, fields: Mapping[str, str]) -> str | None:
        """What it is filled with; None where the field is missing."""
        value = fields.get(self.name)
        if value is None:
            value = _whatever_the_case(self.name, fields)
        return value if value and not value.isspace() else self.default

    def fill(self, fields: Mapping[str, str]) -> str:
        value = self.found(fields)
        if value is None:
            raise MissingField(self.name)
        return value


def _whatever_the_case(name: str, fields: Mapping[str, str]) -> str | None:
    folded = name.casefold()
    return next((value for field, value in fields.items() if field.casefold() == folded), None)


class Template:
    """A text read once, to be filled many times."""

    __slots__ = ("_holes", "_pieces", "fields", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._pieces = tuple(_pieces(text)) if "{{" in text else (text,)
        self._holes = tuple(piece for piece in self._pieces if isinstance(piece, _Hole))
        self.fields: tuple[str, ...] = tuple(dict.fromkeys(hole.name for hole in self._holes))

    def fill(self, fields: Mapping[str, str]) -> str:
        """The text for one recipient; raises MissingField."""
        if not self.fields:
            return self.text
        return "".join(piece if isinstance(piece, str) else piece.fill(fields) for piece in self._pieces)

    @property
    def needs(self) -> tuple[str, ...]:
        """The fields without which it cannot be filled."""
        return tuple(hole.name for hole in self._holes if hole.default is None)

    def lacking(self, fields: Mapping[str, str]) -> str | None:
        """The first field without which it cannot be filled; None when nothing is missing."""
        for hole in self._holes:
            value = fields.get(hole.name)
            if (not value or value.isspace()) and hole.found(fields) is None:
                return hole.name
        return None


def _pieces(text: str) -> Iterator[str | _Hole]:
    end = 0
    for braces in _BRACES.finditer(text):
        name, default = braces["name"], braces["default"]
        if not name or name.isspace():
            continue
        yield text[end : braces.start()]
        yield _Hole(name.strip(), None if default is None else default.strip())
        end = braces.end()
    yield text[end:]


read_template = lru_cache(maxsize=256)(Template)
"""A text's template, from a short memory: a campaign has a handful of texts and a million recipients."""


def fill(template: str, fields: Mapping[str, str]) -> str:
    """`template` for one recipient; raises MissingField."""
    return read_template(template).fill(fields) if "{{" in template else template


def fill_content(content: Any, fields: Mapping[str, str]) -> Any:
    """A copy of JSON-like `content` with every string in it filled, however deep; keys stay as they are.

    A loop, not a recursion: content comes from outside, and may be nested deeper than Python's stack.
    """
    whole: list[Any] = [content]
    unread: list[list[Any] | dict[Any, Any]] = [whole]
    while unread:
        node = unread.pop()
        for place, value in list(_items(node)):
            filled = _filled(value, fields)
            node[place] = filled
            if isinstance(filled, (dict, list)):
                unread.append(filled)
    return whole[0]


def _items(node: list[Any] | dict[Any, Any]) -> Iterator[tuple[Any, Any]]:
    return iter(node.items()) if isinstance(node, dict) else enumerate(node)


def _filled(value: Any, fields: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return fill(value, fields)
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, (list, tuple)) else value
