"""What upstream apps are told, how, and when it is tried again: pure decisions about callbacks.

    waiting -> delivered      the endpoint answered 2xx
            -> waiting        anything else: later, and what happened to the same message after it waits as well
            -> failed         after `GIVE_UP_MS` of that

An endpoint that answers nothing well rests as a whole; one that says 410, or has failed for `GIVE_UP_MS`, is
disabled, and what waits for it counts as failed. An operator has it all sent again.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from dispatcher.domain.ids import MessageId, campaign_text
from dispatcher.domain.lifecycle import OPEN, MessageState
from dispatcher.domain.pacing import JITTER_STEPS

OF_CAMPAIGN = -1
"""Stands for a message's seq in what is told about the campaign itself."""

_MEANINGS = {
    MessageState.SENT: "the provider took it",
    MessageState.FAILED: "certainly not sent; `reason` says why",
    MessageState.BLOCKED: "not sent: its client was in contact (CPC)",
    MessageState.SUPPRESSED: "not sent: its client asked not to be contacted",
    MessageState.EXPIRED: "not sent: it was too late",
    MessageState.CANCELLED: "not sent: its campaign was cancelled",
    MessageState.IN_DOUBT: "may have been sent; what is found out later is told as well",
}

EVENTS: dict[str, str] = {
    **{f"message.{state}": _MEANINGS[state] for state in MessageState if state not in OPEN},
    "message.delivered": "it is on the recipient's phone",
    "message.undelivered": "the provider took it and could not deliver it",
    "message.read": "the recipient opened it",
    "message.answered": "the recipient replied",
    "campaign.scheduled": "accepted, with a start that lies ahead",
    "campaign.running": "accepted, resumed, or taken up again after it was done",
    "campaign.paused": "releases nothing more; `reason` says why, where somebody said",
    "campaign.done": "no message is pending or sending any more",
    "campaign.cancelled": "for good; its waiting messages are cancelled one by one",
}

BASE_MS = 2_000  # a receiver that is restarted needs seconds
CAP_MS = 3_600_000  # an hour: a receiver that was repaired should not wait for longer
ENDPOINT_CAP_MS = 300_000  # five minutes: how long others may wait because one event was refused
GIVE_UP_MS = 3 * 86_400_000  # three days: a receiver that broke on a Friday is repaired on Monday
GONE = "http_410"


class CallbackState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where some callbacks go. `failures`: rounds in which nothing was delivered, since the last that did;
    `failing_since_ms` (UTC epoch) is when the first of them was. `slow`: it took its time at the last calls."""

    id: int
    account_id: int
    url: str
    failures: int = 0
    failing_since_ms: int | None = None
    slow: bool = False


class Told(NamedTuple):
    """A message as the payload tells it. Times are UTC epoch milliseconds."""

    phone: str
    sender: str | None
    sent_at_ms: int | None
    delivered_at_ms: int | None
    read_at_ms: int | None
    answered_at_ms: int | None


@dataclass(frozen=True, slots=True)
class Callback:
    """One event for one endpoint; `message` is None for an event of the campaign. Times are UTC epoch milliseconds.

    `attempts` were made before, the first at `tried_at_ms`.
    """

    id: int
    campaign: int
    name: str
    seq: int
    type: str
    state: str
    reason: str
    at_ms: int
    total: int
    attempts: int = 0
    tried_at_ms: int | None = None
    message: Told | None = None

    @property
    def event_id(self) -> str:
        """The same at every try, and in no other installation or restored ledger."""
        return f"evt_{campaign_text(self.campaign)}_{self.id}"


class CallbackView(NamedTuple):
    """A callback as an operator sees it: nothing about the person. Times are UTC epoch milliseconds."""

    id: int
    campaign: int
    seq: int
    type: str
    account: str
    url: str
    state: CallbackState
    attempts: int
    trouble: str
    at_ms: int
    due_at_ms: int | None
    settled_at_ms: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint made of one callback. `trouble` is a word of ours, "" when it took it."""

    trouble: str = ""
    retry_after_s: float = 0.0


class Mark(NamedTuple):
    """What is written down about one try; without a `state` of its own it waits until `due_ms` (UTC epoch)."""

    id: int
    state: CallbackState
    due_ms: int
    trouble: str


class Rest(NamedTuple):
    """How an endpoint goes on: it is left alone until `until_ms` (UTC epoch; 0: it is not); `disabled` says why for
    good, or ""; `slow`: it took its time."""

    failures: int
    failing_since_ms: int | None
    until_ms: int
    disabled: str = ""
    slow: bool = False


def payload(callback: Callback, iso: Any) -> dict[str, Any]:
    """The body; `iso` writes a time (UTC epoch, ms) as ISO 8601."""
    data: dict[str, Any] = {"campaign_id": campaign_text(callback.campaign), "campaign": callback.name}
    told = callback.message
    if told is None:
        data["total"] = callback.total
    else:
        data |= {
            "message_id": str(MessageId(callback.campaign, callback.seq)),
            "seq": callback.seq,
            "phone": told.phone,
            "sender": told.sender,
        }
    data |= {"state": callback.state, "reason": callback.reason or None}
    if told is not None:
        data |= {
            "sent_at": iso(told.sent_at_ms),
            "delivered_at": iso(told.delivered_at_ms),
            "read_at": iso(told.read_at_ms),
            "answered_at": iso(told.answered_at_ms),
        }
    return {"id": callback.event_id, "type": callback.type, "timestamp": iso(callback.at_ms), "data": data}


def backoff_ms(failures: int, jitter: int, cap_ms: int) -> int:
    """Full jitter below a ceiling that doubles with each failure (from 1); `jitter` is a draw below JITTER_STEPS."""
    ceiling_ms: int = min(cap_ms, BASE_MS * 2 ** min(failures - 1, 30))
    return ceiling_ms * jitter // JITTER_STEPS


def mark_of(callback: Callback, answer: Answer, now_ms: int, jitter: int) -> Mark:
    """Delivered, or again later, or given up."""
    if not answer.trouble:
        return Mark(callback.id, CallbackState.DELIVERED, now_ms, "")
    if callback.tried_at_ms is not None and now_ms - callback.tried_at_ms >= GIVE_UP_MS:
        return Mark(callback.id, CallbackState.FAILED, now_ms, answer.trouble)
    wait_ms = backoff_ms(callback.attempts + 1, jitter, CAP_MS) + int(answer.retry_after_s * 1000)
    return Mark(callback.id, CallbackState.WAITING, now_ms + wait_ms, answer.trouble)


def rest_of(endpoint: Endpoint, answers: list[Answer], now_ms: int, jitter: int) -> Rest:
    """How the endpoint goes on after these answers, one at least."""
    wish_ms = int(max(answer.retry_after_s for answer in answers) * 1000)
    if any(answer.trouble == GONE for answer in answers):
        return Rest(endpoint.failures, endpoint.failing_since_ms, now_ms, GONE)
    if not all(answer.trouble for answer in answers):
        return Rest(0, None, now_ms + wish_ms if wish_ms else 0)
    since_ms = now_ms if endpoint.failing_since_ms is None else endpoint.failing_since_ms
    failures = endpoint.failures + 1
    until_ms = now_ms + max(wish_ms, backoff_ms(failures, jitter, ENDPOINT_CAP_MS))
    given_up = answers[0].trouble if now_ms - since_ms >= GIVE_UP_MS else ""
    return Rest(failures, since_ms, until_ms, given_up)
