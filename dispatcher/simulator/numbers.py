"""Phone numbers the way WhatsApp sees them (PROVIDERS.md, section 6), independent of the dispatcher's view."""

import re

_DIGITS = re.compile(r"\D")
_USER = re.compile(r"^(\d{10,15})(?::\d+)?(?:@(?:s\.whatsapp\.net|c\.us))?$")
_OTHER = re.compile(r"^[\d-]{5,40}@(?:g\.us|lid)$")


def digits_of(number: str) -> str:
    """The digits of a number or of the user part of an id."""
    if number.isdigit():
        return number
    return _DIGITS.sub("", number.partition("@")[0].partition(":")[0])


def is_destination(number: object) -> bool:
    """uazapi takes digits, a JID, a group's or a lid's id [1.2]."""
    return isinstance(number, str) and bool(_USER.match(number) or _OTHER.match(number))


def spellings(number: str) -> set[str]:
    """The digits of one Brazilian mobile with and without its ninth digit; otherwise just the digits."""
    digits = digits_of(number)
    if digits.startswith("55") and len(digits) == 13 and digits[4] == "9":
        return {digits, digits[:4] + digits[5:]}
    if digits.startswith("55") and len(digits) == 12 and digits[4] in "6789":
        return {digits, f"{digits[:4]}9{digits[4:]}"}
    return {digits}


def person(number: str) -> str:
    """One text for all spellings of a number: the longest; groups and lids stay as they are."""
    if number.endswith(("@g.us", "@lid")):
        return number
    return max(spellings(number), key=len)


def jid(number: str, rule: str = "evolution") -> str:
    """Evolution's rule: the ninth digit stays below area code 31, or where a digit below 7 follows it."""
    if number.endswith(("@g.us", "@lid")):
        return number
    digits = digits_of(number)
    mobile = digits.startswith("55") and len(digits) == 13 and digits[4] == "9"
    if rule == "evolution" and mobile and int(digits[2:4]) >= 31 and digits[5] >= "7":
        digits = digits[:4] + digits[5:]
    return f"{digits}@s.whatsapp.net"
