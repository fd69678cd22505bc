"""What reaches us from outside about a client or a sender: replies, receipts, connection changes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class InboundKind(StrEnum):
    REPLY = "reply"
    RECEIPT = "receipt"
    CONNECTION = "connection"
    ECHO = "echo"
    PROGRESS = "progress"


class ReceiptState(StrEnum):
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class InboundEvent:
    """One thing that happened.

    `event_id` tells it from every other event of its account (the provider's message id with its kind,
    or a digest of the content). `at_ms` (UTC epoch) is the latest moment that the provider's own stamp
    can mean: a stamp in whole seconds counts as the last millisecond of its second, so that a reply in
    the second of the send is not taken for an older one. `key` is the client's canonical number, "" if
    none was given. `provider_ref` names the message that a receipt is about, and an echo: a message of ours as the
    provider shows it, with the job (`job_ref`) that it was sent by. Progress is such a job's. `text` is a reply's text,
    looked at for opt-out words and never logged.
    """

    kind: InboundKind
    event_id: str
    at_ms: int
    key: str = ""
    text: str = ""
    provider_ref: str = ""
    receipt: ReceiptState | None = None
    sender_name: str = ""
    connected: bool | None = None
    reason: str = ""
    job_ref: str = ""


class StoredEvent(NamedTuple):
    """An event as the ledger holds it; `account_id` None: an app of its own saw it, for no account.

    `tries`: how often it was put off, for the message that it is about was not known yet.
    """

    account_id: int | None
    event: InboundEvent
    tries: int = 0


def is_to_the_second(at_ms: int) -> bool:
    """Does a moment stand for a whole second, of which it is the last millisecond?"""
    return at_ms % 1000 == 999
