"""Follow-ups: what is sent to a recipient who has not answered, some time after the message before it was sent.

    seq                       0 .. STEP - 1   the recipients' messages, in the order of the cursor
    seq + STEP, + 2 STEP …                    the first follow-up to that recipient, the second …

A follow-up is a message of the same campaign, made in the moment in which the one before it is written down as sent;
so there is at most one that waits for each recipient, and whatever ends it ends the rest. A campaign's `follow_ups`
are steps {"after_s", "text"}; or {"after_s", "param"}: the text is the message's own parameter of that name, and
a message without it has no such step.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dispatcher.domain.ids import MessageId

STEP = 100_000_000
"""Above any campaign's recipients, and so low that nine steps have nine digits, which is what an id may have."""

MOST = 9
A_DAY_S = 86_400

CPC_TEMPLATES = (
    {"after_s": A_DAY_S, "param": "retryTemplate"},
    {"after_s": A_DAY_S, "param": "lastTemplate"},
)
"""Sent when the day of the lock is over without a reply, each time (PROVIDERS 10)."""


class FollowUp(NamedTuple):
    after_ms: int
    text: str


def of_options(options: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The steps that an account's options ask for."""
    return CPC_TEMPLATES if options.get("follow_ups") == "dispatcher" else ()


def root_of(seq: int) -> int:
    """The recipient's first message."""
    return seq % STEP


def holder_of(message: MessageId) -> MessageId:
    """Who holds the client for a message: a follow-up is the same contact as the recipient's first message."""
    return MessageId(message.campaign, root_of(message.seq))


def follows(seq: int) -> int | None:
    """The message before a follow-up; None for what is none."""
    return seq - STEP if seq >= STEP else None


def follow_ups_of(steps: Sequence[Mapping[str, Any]], payload: Mapping[str, Any]) -> list[FollowUp]:
    """A message's follow-ups, in their order."""
    params = payload.get("params") or {}
    texts = ((step["after_s"], step.get("text") or params.get(step.get("param"))) for step in steps)
    return [FollowUp(int(after_s * 1000), text) for after_s, text in texts if isinstance(text, str) and text.strip()][
        :MOST
    ]


def follow_up_at(steps: Sequence[Mapping[str, Any]], payload: Mapping[str, Any], seq: int) -> FollowUp | None:
    """What a follow-up says, and how long after the one before; None for what is none."""
    return follow_ups_of(steps, payload)[seq // STEP - 1] if seq >= STEP else None


def next_due_ms(steps: Sequence[Mapping[str, Any]], payload: Mapping[str, Any], seq: int, sent_ms: int) -> int | None:
    """When the next follow-up is due, after a message that was sent at `sent_ms` (UTC epoch); None: it was the last."""
    made = follow_ups_of(steps, payload)
    place = seq // STEP
    return sent_ms + made[place].after_ms if place < len(made) else None
