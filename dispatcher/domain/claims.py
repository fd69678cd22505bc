"""Messages between the ledger and a worker: what a claim hands out, what an outcome hands back."""

from typing import Any, NamedTuple

from dispatcher.domain.ids import MessageId
from dispatcher.domain.outcomes import Fate, Outcome
from dispatcher.domain.tickets import Retry


class Claimed(NamedTuple):
    """A message moved to sending. `payload` holds content, fields and params as they were accepted.

    `attempt` numbers its claims and fences its outcome; `tries` is which try this is (from 1): a claim that was
    deferred is none. `waited`: it was, because another message was in contact with its client.
    `answered`: it is a follow-up, and its client has answered meanwhile; of a message in doubt, whatever it is, that.
    `unheard`: a reply of its client is stored that nobody has processed yet; looked for where it may end the message.
    """

    seq: int
    attempt: int
    phone: str
    key: str
    payload: dict[str, Any]
    accepted_at_ms: int
    suppressed: bool
    tries: int = 1
    waited: bool = False
    answered: bool = False
    unheard: bool = False


class Claim(NamedTuple):
    """`running`: the campaign may send now. `waiting`: messages of the range that still are pending. `hours`: those
    that the campaign names now."""

    rows: tuple[Claimed, ...]
    running: bool
    waiting: tuple[int, ...] = ()
    hours: str | None = None


class Settled(NamedTuple):
    """One message's fate as it is to be written. `due_ms` for retry and deferred, and to ask about a doubt or a job;
    `follow_up_ms`: when its follow-up is due, should it be sent and have one.
    """

    seq: int
    attempt: int
    outcome: Outcome
    due_ms: int | None = None
    follow_up_ms: int | None = None


def followed(settled: list[Settled]) -> list[Settled]:
    """Of a job's messages the first that was sent stands for all when the provider is asked what became of them."""
    first = next((one.seq for one in settled if one.outcome.fate is Fate.SENT), None)
    return [one._replace(due_ms=None) if one.outcome.fate is Fate.SENT and one.seq != first else one for one in settled]


class TakenJob(NamedTuple):
    """A job that its provider took under that name (`reference`), and that was asked about so often.

    `first` carries the questions. Of its messages (`rows`) those in `open` count as sent, and may fail yet.
    """

    first: MessageId
    job: str
    sender_id: int
    reference: str
    rows: tuple[Claimed, ...]
    open: frozenset[int]
    tries: int

    @property
    def campaign(self) -> int:
        return self.first.campaign


class FailedLater(NamedTuple):
    """A message that its provider took and then failed; `key` is the client's number, "" for a group."""

    message: MessageId
    key: str
    sender_id: int


class DoubtfulJob(NamedTuple):
    """A job whose call may have reached its recipients: its messages that still are in doubt."""

    campaign: int
    job: str
    sender_id: int
    rows: tuple[Claimed, ...]
    tries: int


class Whereabouts(NamedTuple):
    """Of a ticket's messages: those still pending, and (seq, attempt) of those it has sending.

    `unsent`: (seq, client) of those of which it was written that its own attempt certainly did not send them.
    """

    pending: tuple[Retry, ...]
    sending: tuple[tuple[int, int], ...]
    unsent: tuple[tuple[int, str], ...] = ()
