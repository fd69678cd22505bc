"""The fields of `POST /v3/campaigns` (the second seed) and their types; only `name` is required.

A field that is null or an empty text counts as not given.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dispatcher.domain.account import Account
from dispatcher.providers.schedule import MAX_DELAY_S

TEXTS = (
    *("channelId", "operatorName", "businessHoursId", "scheduledTo", "originalScheduledTo"),
    *("finishedAtPrediction", "leadsAssetUrl", "message", "textRaw"),
)
NUMBERS = {
    "chunksCount": 10_000_000,
    "secondsBetweenMessages": MAX_DELAY_S,
    "secondsBetweenChunks": MAX_DELAY_S,
    "chunkSize": 10_000_000,
}
"""With the most that each may say."""

WHOLE = ("chunksCount", "chunkSize")

CHOICES = {"channelType": tuple("123456789"), "leadType": ("lead", "file")}
FIELDS = ("name", *TEXTS, *CHOICES, "assetsUrls", *NUMBERS, "template")
"""Everything but `leads`, which is ours: recipients in the request itself."""

_LONGEST_NAME = 500


def given_in(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are given; JSON has one kind of number, so 5.0 is 5."""
    given = {name: body[name] for name in FIELDS if body.get(name) not in (None, "")}
    whole = {name: int(value) for name, value in given.items() if isinstance(value, float) and value.is_integer()}
    return {**given, **whole}


def problems(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What breaks the rules, in the words of Kinbox' own framework."""
    if not isinstance(given.get("name"), str) or not given["name"].strip():
        yield "name", "must be a string that is not empty"
    elif len(given["name"]) > _LONGEST_NAME:
        yield "name", f"must be shorter than or equal to {_LONGEST_NAME} characters"
    yield from wrong_types(given)


def wrong_types(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, (fits, rule) in _RULES.items():
        if name in given and not fits(given[name]):
            yield name, rule


def hours_problems(given: Mapping[str, Any], account: Account) -> Iterator[tuple[str, str]]:
    named = given.get("businessHoursId")
    if isinstance(named, str) and named not in account.business_hours:
        there_is = ", ".join(account.business_hours) or "none"
        yield "businessHoursId", f"must name business hours of the account, which has: {there_is}"


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _up_to(most: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most


def _whole_up_to(most: int) -> Callable[[Any], bool]:
    fits = _up_to(most)
    return lambda value: isinstance(value, int) and fits(value)


def _one_of(values: tuple[str, ...]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in values


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(TEXTS, (_is_text, "must be a string")),
    **{name: (_up_to(most), f"must be a number from 0 to {most}") for name, most in NUMBERS.items()},
    **{name: (_whole_up_to(NUMBERS[name]), f"must be an integer number from 0 to {NUMBERS[name]}") for name in WHOLE},
    **{
        name: (_one_of(values), f"must be one of the following values: {', '.join(values)}")
        for name, values in CHOICES.items()
    },
    "assetsUrls": (_are_texts, "must be an array of strings"),
    "template": (lambda value: isinstance(value, dict), "must be an object"),
}
