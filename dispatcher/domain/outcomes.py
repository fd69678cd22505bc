"""What became of one attempt to send, as a value.

    Fate        the message becomes   meaning
    SENT        sent                  the provider took it
    RETRY       pending, due later    certainly not sent, worth another try
    DEFERRED    pending, due later    moved aside by a guard; costs no attempt
    FAILED      failed                certainly not sent and never will be
    BLOCKED     blocked               the client has an open contact (CPC lock)
    SUPPRESSED  suppressed            the client asked not to be contacted
    EXPIRED     expired               too late to be sent
    CANCELLED   cancelled             a follow-up, and the client has answered
    IN_DOUBT    in_doubt              may have reached the recipient; never resent blindly

`reason` is a word from our own tables (`not_on_whatsapp`, `rate_limited`, …); `detail` is the
provider's own wording with every phone number taken out.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from dispatcher.domain.lifecycle import MessageState


class Fate(StrEnum):
    SENT = "sent"
    RETRY = "retry"
    DEFERRED = "deferred"
    FAILED = "failed"
    BLOCKED = "blocked"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    IN_DOUBT = "in_doubt"


STATE_OF = {
    Fate.SENT: MessageState.SENT,
    Fate.RETRY: MessageState.PENDING,
    Fate.DEFERRED: MessageState.PENDING,
    Fate.FAILED: MessageState.FAILED,
    Fate.BLOCKED: MessageState.BLOCKED,
    Fate.SUPPRESSED: MessageState.SUPPRESSED,
    Fate.EXPIRED: MessageState.EXPIRED,
    Fate.CANCELLED: MessageState.CANCELLED,
    Fate.IN_DOUBT: MessageState.IN_DOUBT,
}

CERTAINLY_NOT_SENT = frozenset(Fate) - {Fate.SENT, Fate.IN_DOUBT}
"""Fates after which the message's own CPC lock is given back."""


RESOLVED_BY_HAND = "resolved_by_operator"
RESENT_BY_POLICY = "resent_by_policy"
SENT_AGAIN_IN_DOUBT = (RESOLVED_BY_HAND, RESENT_BY_POLICY)
"""Reasons of a retry whose own attempt may have arrived: nobody asked the provider."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One message's fate.

    `retry_after_s` is the provider's own wish; `lock_s`: it holds the client that long. `apart`: to be tried
    again by itself, for one of its batch spoiled it for all. `poll_s`: the provider has taken the job, and can be
    asked after so many seconds what became of it.
    """

    fate: Fate
    reason: str = ""
    detail: str = ""
    provider_ref: str | None = None
    retry_after_s: float | None = None
    lock_s: float | None = None
    apart: bool = False
    poll_s: float | None = None


class Scope(StrEnum):
    SENDER = "sender"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Halt:
    """A provider's answer that concerns more than the message: its sender or account must stop.

    `until_ms` (UTC epoch) ends it by itself; None: an operator, or a connection event, ends it.
    """

    scope: Scope
    reason: str
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a provider's answer to one job means: one outcome for each of its messages, in their order.

    `reached` False: none of the line's base URLs gave an answer that shows the provider at work; None: none was asked.
    """

    outcomes: tuple[Outcome, ...]
    halt: Halt | None = None
    login_expired: bool = False
    base_url_down: bool = False
    reached: bool | None = True


def for_all(count: int, outcome: Outcome, **effects: object) -> Reading:
    """The same outcome for every message of a job."""
    return Reading((outcome,) * count, **effects)  # type: ignore[arg-type]


_NUMBERS = re.compile(r"\+?\d[\d\s().-]{6,}\d(@[\w.:-]+)?")


def without_numbers(text: str, limit: int = 300) -> str:
    """A provider's wording, fit to be shown and logged: long digit runs taken out, cut at `limit` characters."""
    return _NUMBERS.sub("…", text)[:limit]
