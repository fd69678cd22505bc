"""What a message of each type must hold, in any dialect.

    type                                     needs
    text                                     text
    image video audio ptt myaudio sticker    file
    document                                 file
    contact                                  fullName, phoneNumber
    location                                 latitude, longitude
    button carousel poll                     text, choices
    list                                     text, listButton, choices

The names are uazapi's (PROVIDERS 1.2), and content in that shape is our neutral form. What the provider
alone can judge (lengths, formats of files, how many choices) is left to it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dispatcher.domain.choices import check_choices

_FILE = ("file",)
_MENU = ("text", "choices")

NEEDS: dict[str, tuple[str, ...]] = {
    "text": ("text",),
    "image": _FILE,
    "document": _FILE,
    "audio": _FILE,
    "ptt": _FILE,
    "myaudio": _FILE,
    "sticker": _FILE,
    "video": _FILE,
    "contact": ("fullName", "phoneNumber"),
    "location": ("latitude", "longitude"),
    "poll": _MENU,
    "list": ("text", "listButton", "choices"),
    "button": _MENU,
    "carousel": _MENU,
}


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_degree(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -180 <= value <= 180


TEXTS = frozenset(
    {
        *("text", "file", "docName", "fullName", "phoneNumber", "organization", "email", "url", "name", "address"),
        *("linkPreviewTitle", "linkPreviewDescription", "linkPreviewImage"),
        *("footerText", "buttonText", "listButton", "imageButton"),
    }
)

_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(TEXTS, (_is_text, "must be a text")),
    **dict.fromkeys(("linkPreview", "linkPreviewLarge"), (_is_flag, "must be true or false")),
    **dict.fromkeys(("latitude", "longitude"), (_is_degree, "must be a number of degrees")),
    "selectableCount": (_is_count, "must be a whole number"),
}

FIELDS = frozenset({"type", "choices", *_KINDS})
"""Every field of a message's content; what else a message holds is not content."""


def check_content(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What breaks the rules, as (field, rule) pairs: ("listButton", "is required for a list"), ("choices[2]", …)."""
    kind = content.get("type")
    if not isinstance(kind, str) or kind not in NEEDS:
        return [("type", f"must be one of {', '.join(NEEDS)}")]
    problems = [(field, _required(kind)) for field in NEEDS[kind] if _is_empty(content.get(field))]
    for field, value in content.items():
        if value is not None and field in _KINDS and not _KINDS[field][0](value):
            problems.append((field, _KINDS[field][1]))
    if content.get("choices") is not None and "choices" in NEEDS[kind]:
        problems += [
            ("choices" if found.at is None else f"choices[{found.at}]", found.rule)
            for found in check_choices(kind, content["choices"])
        ]
    return problems


def all_fit(columns: Mapping[str, Sequence[Any]]) -> bool:
    """Do contents, given field by field, certainly keep the rules? False: `check_content` has to look at each."""
    first = {field: column[0] for field, column in columns.items()}
    if check_content(first) or not _same(columns["type"]):
        return False
    needed = NEEDS[first["type"]]
    return all(_same(column) or _fits(field, column, field in needed) for field, column in columns.items())


def _same(column: Sequence[Any]) -> bool:
    """All as the first; `True` is not taken for 1."""
    return column.count(column[0]) == len(column) and len(set(map(type, column))) == 1


def _fits(field: str, column: Sequence[Any], is_needed: bool) -> bool:
    if field in TEXTS:
        if set(map(type, column)) != {str}:
            return False
        return not is_needed or (all(column) and not any(map(str.isspace, column)))
    return field != "choices" and (field not in _KINDS or all(map(_KINDS[field][0], column)))


def _required(kind: str) -> str:
    return f"is required for {'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and (not value or value.isspace()))
