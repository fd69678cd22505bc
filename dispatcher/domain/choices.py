"""The `choices` mini-syntax of uazapi's menus: what its documents rule out.

    button     Label | Label|id | Label|reply:id | Label|https://… | Label|url:… | Label|copy:CODE | Label|call:+55…
    list       [Section] or Text|id|description; a row needs no section, id or description
    poll       plain text
    carousel   [Card text], then perhaps {image}, then the card's buttons; and the next card

A line break separates a button's label from its action as well as `|` does. What the documents do not
speak of (how many, how long, the same id twice) is for the provider to judge.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

_SEPARATOR = re.compile(r"[|\n]")
_NEEDS = {
    "url:": "a link needs its address",
    "copy:": "a copy button needs its code",
    "call:": "a call needs its number",
}


class Problem(NamedTuple):
    """`at` is the choice's index in the list; None: the list as a whole."""

    at: int | None
    rule: str


def check_choices(type: str, choices: Any) -> list[Problem]:
    """What is wrong with the `choices` of a message of this type; a type without choices has no problems."""
    check = _CHECKS.get(type)
    if check is None:
        return []
    if not isinstance(choices, (list, tuple)) or not choices:
        return [Problem(None, "must be a list with at least one choice")]
    return _not_text(choices) or list(check(choices))


def _not_text(choices: Sequence[Any]) -> list[Problem]:
    blank = (index for index, choice in enumerate(choices) if not isinstance(choice, str) or not choice.strip())
    return [Problem(index, "must be a text, and not an empty one") for index in blank]


def _check_buttons(choices: Iterable[str]) -> Iterator[Problem]:
    for index, choice in enumerate(choices):
        yield from _check_button(index, choice)


def _check_button(index: int, choice: str) -> Iterator[Problem]:
    label, *action = _SEPARATOR.split(choice, maxsplit=1)
    if not label.strip():
        yield Problem(index, "a button needs a label before its action")
    for kind, rule in _NEEDS.items():
        if action and action[0].strip() == kind:
            yield Problem(index, rule)


def _check_list(choices: Sequence[str]) -> Iterator[Problem]:
    if all(map(_is_bracketed, choices)):
        yield Problem(None, "a list needs a row, not only sections")
    for index, choice in enumerate(choices):
        if _is_bracketed(choice):
            yield from _check_title(index, choice, "a section needs a title")
        elif not choice.partition("|")[0].strip():
            yield Problem(index, "a row needs a text before its id")


def _check_carousel(choices: Sequence[str]) -> Iterator[Problem]:
    cards = [index for index, choice in enumerate(choices) if _is_bracketed(choice)]
    if cards[:1] != [0]:
        yield Problem(0, "a carousel begins with a card: [text]")
    for card, end in pairwise([*cards, len(choices)]):
        yield from _check_card(card, choices[card:end])


def _check_card(start: int, card: Sequence[str]) -> Iterator[Problem]:
    yield from _check_title(start, card[0], "a card needs a text")
    if all(map(_is_image, card[1:])):
        yield Problem(start, "a card needs a button")
    for index, choice in enumerate(card[1:], start + 1):
        if _is_image(choice):
            yield from _check_image(index, choice, follows_text=index == start + 1)
        else:
            yield from _check_button(index, choice)


def _check_image(index: int, choice: str, *, follows_text: bool) -> Iterator[Problem]:
    if not follows_text:
        yield Problem(index, "an image comes right after its card's text")
    yield from _check_title(index, choice, "an image needs its address or its base64")


def _check_title(index: int, choice: str, rule: str) -> Iterator[Problem]:
    if not choice.strip()[1:-1].strip():
        yield Problem(index, rule)


def _is_bracketed(choice: str) -> bool:
    return choice.lstrip().startswith("[") and choice.rstrip().endswith("]")


def _is_image(choice: str) -> bool:
    """`{…}`, but not a button whose label is all `{{column}}`; `{{{column}}}` is an image again."""
    text = choice.strip()
    return text.startswith("{") and text.endswith("}") and (not text.startswith("{{") or text.startswith("{{{"))


_CHECKS: dict[str, Callable[[Sequence[str]], Iterable[Problem]]] = {
    "button": _check_buttons,
    "list": _check_list,
    "poll": lambda choices: (),
    "carousel": _check_carousel,
}
