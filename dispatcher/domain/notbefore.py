"""Not before t, because r: the answer of every policy, and the one that counts.

A policy never says no: it names the moment from which it has nothing against a send. Times are UTC epoch
in milliseconds; a moment that is not after now means "at once".
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class Reason(StrEnum):
    """Why a lane waits, in one word; `SENTENCES` says it to people."""

    DELAY = "delay"
    MIN_GAP = "min_gap"
    CHUNK_PAUSE = "chunk_pause"
    START = "start"
    RETRY = "retry"
    HOURS = "hours"
    HOLIDAY = "holiday"
    NIGHT = "night"
    DAILY_LIMIT = "daily_limit"
    WARM_UP = "warm_up"
    BREAKER = "breaker"
    RETRY_AFTER = "retry_after"
    LOCK = "lock"


SENTENCES: dict[Reason, str] = {
    Reason.DELAY: "The pause after the last send is not over.",
    Reason.MIN_GAP: "The sender keeps a least gap between two sends.",
    Reason.CHUNK_PAUSE: "The pause before the next chunk is not over.",
    Reason.START: "The campaign starts later.",
    Reason.RETRY: "Another try waits for its time.",
    Reason.HOURS: "It is outside the hours of the account or the campaign.",
    Reason.HOLIDAY: "It is a holiday where the account sends from.",
    Reason.NIGHT: "It is night where the recipient lives.",
    Reason.DAILY_LIMIT: "The sender has reached its limit of the day.",
    Reason.WARM_UP: "The sender is being warmed up and has reached the limit of this day.",
    Reason.BREAKER: "The provider answered with errors and is left alone for a while.",
    Reason.RETRY_AFTER: "The provider asked to wait.",
    Reason.LOCK: "The client is locked by another contact.",
}


class NotBefore(NamedTuple):
    ms: int
    reason: Reason


def latest(answers: Iterable[NotBefore]) -> NotBefore | None:
    """The one that counts; of several with the same moment the first. None: nothing was asked."""
    return max(answers, key=lambda one: one.ms, default=None)
