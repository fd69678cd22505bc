"""Identifiers: campaigns, messages, lanes and jobs as text.

A campaign's number is 60 bits, 41 of milliseconds since 2024 and 19 of chance, so that new campaigns
sort last and the id can be made before anything is stored. People and providers see it as twelve
letters and digits (Crockford's base 32 in lower case, which leaves out i, l, o and u).

    campaign   0f3k9x2m7q4t
    message    0f3k9x2m7q4t-12        campaign and seq
    job        0f3k9x2m7q4t-12.1      its first message and that message's attempt
    lane       17.0                   the sender's number in the ledger and its slot; says nothing about a person
"""

from functools import lru_cache
from typing import NamedTuple

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_LENGTH = 12
_EPOCH_MS = 1_704_067_200_000  # 2024-01-01T00:00:00Z: 41 bits from there reach the year 2093
CHANCE_BITS = 19


class MalformedId(ValueError):
    """The text is not an id of ours."""


class MessageId(NamedTuple):
    campaign: int
    seq: int

    def __str__(self) -> str:
        return f"{campaign_text(self.campaign)}-{self.seq}"


class Lane(NamedTuple):
    """One serial stream of a sender; a sender of concurrency n has the slots 0..n-1."""

    sender_id: int
    slot: int

    def __str__(self) -> str:
        return f"{self.sender_id}.{self.slot}"


def campaign_number(now_ms: int, chance: int) -> int:
    """A new campaign's number from the time (UTC, ms) and `CHANCE_BITS` random bits."""
    return ((now_ms - _EPOCH_MS) << CHANCE_BITS) | chance


@lru_cache(maxsize=4096)
def campaign_text(number: int) -> str:
    digits = []
    for _ in range(_LENGTH):
        number, rest = divmod(number, 32)
        digits.append(_DIGITS[rest])
    return "".join(reversed(digits))


def parse_campaign(text: str) -> int:
    """The number behind a campaign id; raises MalformedId."""
    if len(text) != _LENGTH:
        raise MalformedId("a campaign id has 12 letters and digits")
    number = 0
    for digit in text.lower():
        if digit not in _VALUES:
            raise MalformedId("a campaign id holds only digits and the letters a-z without i, l, o, u")
        number = number * 32 + _VALUES[digit]
    return number


def parse_message(text: str) -> MessageId:
    """Campaign and seq of a message id; raises MalformedId."""
    campaign, dash, seq = text.partition("-")
    if not dash or not (seq.isascii() and seq.isdigit()) or len(seq) > 9:
        raise MalformedId("a message id is a campaign id, a dash and a number")
    return MessageId(parse_campaign(campaign), int(seq))


def parse_lane(text: str) -> Lane:
    sender, _, slot = text.partition(".")
    return Lane(int(sender), int(slot))


def job_text(message: MessageId, attempt: int) -> str:
    """The mark that a provider is given with a job, and is asked for when the job is in doubt."""
    return f"{message}.{attempt}"
