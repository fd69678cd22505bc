"""What lies beyond: the providers behind their transport (`providers`, `coordination`), the task bus (`taskbus`)."""

from collections.abc import Callable, Sequence
from typing import Protocol

from dispatcher.domain.account import Account, Sender
from dispatcher.domain.campaign import Job
from dispatcher.domain.ids import MessageId
from dispatcher.domain.outcomes import Outcome, Reading
from dispatcher.domain.tickets import Ticket


class Caller(Protocol):
    """The provider behind its transport."""

    def call(self, job: Job, may_leave: Callable[[], bool]) -> Reading:
        """Make the job's call and read its answer; transport trouble is read too, never raised.

        `may_leave` is asked when the connection stands, before the first byte of each try; where it says no, nothing
        leaves, and the messages are deferred."""

    def is_up(self, account: Account, sender: Sender) -> bool | None:
        """Ask whether a sender's line is up; None where it cannot be told."""

    def look_up(self, job: Job) -> tuple[Outcome, ...] | None:
        """Ask what became of a job; None while it cannot be told."""

    def poll(self, job: Job, reference: str) -> tuple[Outcome, ...] | None:
        """Ask how a job ended that the provider took under that name; None while it goes on or cannot be told."""


class Circuits(Protocol):
    """Whether a line, the base URLs that a call may go to, is worth a call."""

    def ask(self, base_urls: Sequence[str], probe_ms: int) -> int:
        """0: call, and `tell`; else how many ms it is to be left alone. One call in a while probes a line that is."""

    def tell(self, base_urls: Sequence[str], reached: bool | None) -> int:
        """What became of a call (None: there was none); how many ms the line is left alone now, 0 if it is not."""


class Publisher(Protocol):
    """The task bus."""

    def sends(self, provider: str, tickets: Sequence[Ticket]) -> None: ...

    def inbound(self, event_ids: Sequence[int]) -> None: ...

    def doubts(self, jobs: Sequence[tuple[int, str]]) -> None: ...

    def polls(self, firsts: Sequence[MessageId]) -> None: ...
