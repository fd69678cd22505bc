"""Phone numbers: the digits that are dialled, and the one key for all spellings of a client.

    given                              dialable         canonical
    5511988887777                      as given         5511988887777
    +55 (11) 98888-7777                5511988887777    5511988887777
    11988887777, 011…, 0 15 11…        5511988887777    5511988887777
    553188887777@s.whatsapp.net        553188887777     5531988887777    a mobile without its ninth digit
    553133334444:12@s.whatsapp.net     553133334444     553133334444     a landline keeps its eight
    +44 (0)20 7946 0958                442079460958     442079460958
    1203…@g.us                         as given         NotAPhone

`dialable` neither adds nor drops the ninth digit: only the provider knows which of the two spellings has
the chat. `canonical` always has it, so that locks, suppressions and replies meet.

Digits without a plus sign are Brazilian where they can be: 10 digits, or 11 with a 9 in third place. Other
lengths may be another country's international digits, if that country knows such a number. A result of
these functions is never read again without its plus: Danish 4532123456 would pass for Brazilian.
A WhatsApp id belongs to a real line, so the right length for its country is enough there. Brazilian
toll-free and nationwide numbers (0800, 4004) have no area code and are refused.
"""

import re
from collections.abc import Sequence
from typing import NoReturn

from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    format_number,
    is_possible_number,
    is_valid_number,
    parse,
)

_AREA = re.compile(r"[14689][1-9]|2[12478]|3[1-578]|5[1345]|7[134579]")  # the 67 area codes of Anatel's plan
_BRAZILIAN = re.compile(rf"55(?:{_AREA.pattern})(?:9[0-9]{{8}}|[2-9][0-9]{{7}})")
_MOBILES = re.compile(rf"(?:55(?:{_AREA.pattern})9[0-9]{{8}}\n)*+")  # as many, each in a line of its own
_SPELT = re.compile(rf"(?:\+?55 ?)?\(?({_AREA.pattern})\)?[ -]?(9[0-9]{{4}})[ -]?([0-9]{{4}})")  # how people write one
_GROUP = re.compile(r"[0-9]+(?:-[0-9]+)?@g\.us", re.IGNORECASE)

_LONGEST = 64  # characters; the longest honest spelling (an id with its device, decorated) has about 40
_INVISIBLE = "\u200e\u200f\u202a\u202c\ufeff"  # come along when a number is copied from WhatsApp or Windows
_DECORATION = dict.fromkeys(map(ord, " \t()-./\u00a0\u2009\u202f\u2010\u2011\u2012\u2013" + _INVISIBLE))
_PHONE_HOSTS = frozenset({"s.whatsapp.net", "c.us"})


class InvalidPhone(ValueError):
    """The text is no phone number that can be written to. The message never repeats the text."""


class NotAPhone(InvalidPhone):
    """The text addresses something else: a group, a broadcast list, a newsletter, a hidden id."""


def canonical(raw: str, region: str = "BR") -> str:
    """The key for locks, suppressions and replies: one for all spellings of a line. Raises InvalidPhone.

    `region` is the country that numbers without a country code belong to.
    """
    return _key(_international(raw, region))


def dialable(raw: str, region: str = "BR") -> str:
    """What the provider is given: the customer's own digits made international; a group as it is."""
    return address(raw, region)[0]


def address(raw: str, region: str = "BR") -> tuple[str, str]:
    """`dialable` and `canonical` at once; a group has the key "". Raises InvalidPhone."""
    return (raw.strip(), "") if "@" in raw and is_group(raw) else person(raw, region)


def person(raw: str, region: str = "BR") -> tuple[str, str]:
    """`dialable` and `canonical` of who can only be a person, read once. Raises InvalidPhone, for a group too."""
    if len(raw) == 13 and _BRAZILIAN.fullmatch(raw):  # a mobile with its ninth digit: nearly all of a campaign
        return raw, raw
    if region == "BR" and (spelt := _SPELT.fullmatch(raw)):
        number = "55" + "".join(spelt.groups())
        return number, number
    number = _international(raw, region)
    return number, _key(number)


def people(written: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """`person` of each: what is dialled, and the keys; "" for both where it would raise."""
    together = "".join(f"{raw}\n" for raw in written)
    if len(together) == len(written) * 14 and _MOBILES.fullmatch(together):
        return written, written
    each = [_person_or_nobody(raw) for raw in written]
    return [dialled for dialled, _ in each], [key for _, key in each]


def _person_or_nobody(raw: str) -> tuple[str, str]:
    try:
        return person(raw)
    except InvalidPhone:
        return "", ""


def is_group(raw: str) -> bool:
    return "@" in raw and len(raw) <= _LONGEST and _GROUP.fullmatch(raw.strip()) is not None


def _key(number: str) -> str:
    if number.startswith("55"):
        return f"{number[:4]}9{number[4:]}" if len(number) == 12 and number[4] in "6789" else number
    if len(number) == 13 and number.startswith("549"):  # Argentine mobiles come with and without this 9
        return f"54{number[3:]}"
    return number


def _international(raw: str, region: str) -> str:
    if _BRAZILIAN.fullmatch(raw):
        return raw
    if len(raw) > _LONGEST:
        raise InvalidPhone("too long for a phone number")
    user, at, host = raw.strip().partition("@")
    return _from_whatsapp_id(user, host.lower()) if at else _from_spelling(user, region)


def _from_whatsapp_id(user: str, host: str) -> str:
    """`number.agent:device`; agent and device say which of the owner's devices is meant."""
    if host not in _PHONE_HOSTS:
        raise NotAPhone("addresses a group, a list or a hidden id, not a phone number")
    digits = _digits(user.partition(":")[0].partition(".")[0].partition("_")[0].removeprefix("+"))
    return _with_country_code(digits, seen_on_whatsapp=True)


def _from_spelling(text: str, region: str) -> str:
    text = text.removesuffix(".0").translate(_DECORATION)  # ".0": a spreadsheet made a decimal of it
    if text[:3].lower() == "0xx":  # "0xx11": any carrier's code goes here
        text = f"0{text[3:]}"
    if text.startswith("+"):
        return _with_country_code(_digits(text[1:]))
    digits = _digits(text)
    return _dialled_in_brazil(digits) if region == "BR" else _dialled_in(region, digits)


def _digits(text: str) -> str:
    if not (text.isascii() and text.isdigit()):
        raise InvalidPhone("holds something that does not belong in a phone number")
    return text


def _dialled_in_brazil(digits: str) -> str:
    number = digits.lstrip("0")
    if len(number) == 10 or (len(number) == 11 and number[2] == "9"):
        return _brazilian(number)
    if number.startswith("55"):
        return _brazilian(_without_trunk(number[2:]))
    if len(number) in (12, 13) and number == digits[1:]:  # one 0, then a carrier's code
        return _brazilian(number[2:])
    if len(number) < 10:
        raise InvalidPhone("too short: the area code is missing")
    return _foreign(number)


def _dialled_in(region: str, digits: str) -> str:
    try:
        return _foreign(digits, region)
    except InvalidPhone:
        return _with_country_code(digits)


def _with_country_code(digits: str, *, seen_on_whatsapp: bool = False) -> str:
    number = digits.lstrip("0")
    if number.startswith("55"):
        return _brazilian(_without_trunk(number[2:]))
    return _foreign(number, seen_on_whatsapp=seen_on_whatsapp)


def _without_trunk(national: str) -> str:
    """Without the 0, or the 0 and a carrier's two digits, that are dialled before an area code."""
    number = national.lstrip("0")
    return number[2:] if number != national and len(number) in (12, 13) else number


def _brazilian(national: str) -> str:
    number = f"55{national}"
    if not _BRAZILIAN.fullmatch(number):
        _refuse_brazilian(national)
    return number


def _refuse_brazilian(national: str) -> NoReturn:
    if len(national) not in (10, 11):
        raise InvalidPhone("a Brazilian number has an area code and 8 or 9 digits")
    if not _AREA.match(national):
        raise InvalidPhone("unknown Brazilian area code")
    raise InvalidPhone("neither a Brazilian landline (8 digits, from 2) nor a mobile (9 digits, from 9)")


def _foreign(digits: str, region: str | None = None, *, seen_on_whatsapp: bool = False) -> str:
    """`digits` are international, or as dialled within `region`."""
    try:
        number = parse(digits if region else _mexican_today(f"+{digits}"), region)
    except NumberParseException:
        raise InvalidPhone("no country has such a number") from None
    if not _exists(number, seen_on_whatsapp):
        raise InvalidPhone("its country has no such number")
    found = format_number(number, PhoneNumberFormat.E164)[1:]
    return _brazilian(found[2:]) if number.country_code == 55 else found


def _exists(number: PhoneNumber, seen_on_whatsapp: bool) -> bool:
    return is_valid_number(number) or (seen_on_whatsapp and is_possible_number(number))


def _mexican_today(number: str) -> str:
    """Mexico dropped the 1 of its mobiles in 2019; WhatsApp ids still carry it."""
    return f"+52{number[4:]}" if len(number) == 14 and number.startswith("+521") else number
