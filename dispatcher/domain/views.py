"""Messages, and clients who want none, as people look at them. Times are UTC epoch milliseconds."""

from typing import NamedTuple

from dispatcher.domain.followups import follows
from dispatcher.domain.ids import MessageId
from dispatcher.domain.lifecycle import MessageState


class MessageView(NamedTuple):
    """One recipient's message. `key`: its client, "" for a group; `due_at_ms`: its retry, or the look-up of a doubt."""

    id: MessageId
    phone: str
    key: str
    state: MessageState
    sender: str | None
    reason: str
    detail: str
    attempts: int
    accepted_at_ms: int
    due_at_ms: int | None
    claimed_at_ms: int | None
    sent_at_ms: int | None
    settled_at_ms: int | None
    delivered_at_ms: int | None
    read_at_ms: int | None
    answered_at_ms: int | None

    @property
    def follows(self) -> int | None:
        """The seq of the message that it is a follow-up to; None: it is none."""
        return follows(self.id.seq)


class Looks(NamedTuple):
    """How often the sweepers looked after a campaign, and when they last did."""

    rounds: int
    last_ms: int


class DoubtView(NamedTuple):
    """A message in doubt, after so many `look_ups`. Without a `due_at_ms` there is no other: an operator decides."""

    message: MessageView
    account: str
    look_ups: int


class Suppression(NamedTuple):
    """A client, by canonical number, who asked not to be contacted, and when that was written down."""

    key: str
    reason: str
    since_ms: int
