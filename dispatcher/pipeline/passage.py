"""What a ticket has with it on its way through the station where messages leave."""

from collections.abc import Callable
from dataclasses import dataclass, field

from dispatcher.domain.account import Account, Sender
from dispatcher.domain.campaign import Campaign, Parcel
from dispatcher.domain.claims import Claim, Claimed, Settled
from dispatcher.domain.guards import LOCK_MS
from dispatcher.domain.outcomes import Fate, Halt, Outcome
from dispatcher.domain.tickets import Begun, Retry, Ticket
from dispatcher.telemetry import emit

BROKEN = "broken"
UNBEGUN = Begun(False)


def _unclaimed() -> Claim:
    return Claim((), False)


@dataclass(slots=True)
class Passage:
    """A ticket on its way through the station.

    `claim` gives its messages, which were asked for before, or asks for them; it raises what that failed with.
    `outcomes` grows message by message; `defers` holds the moment for those that are moved aside;
    `put_back` are messages that nothing was decided about; `called` says whether the provider was; `running`,
    whether the campaign was when it was asked, and `hours`, which it named then. `lock_ms` is how long its clients
    count as contacted; where the provider spaces a batch out, a reply counts only from when its message has left.
    `settled` is what is written down at last, `failure` what kept it from that, or its lane from being freed.
    `left_alone_until_ms` (0: not): the provider could not be reached, its lane rests until then.
    """

    provider: str
    ticket: Ticket
    campaign: Campaign
    account: Account
    sender: Sender
    begun_ms: int
    begun: Begun = UNBEGUN
    claim: Callable[[], Claim] = _unclaimed
    lock_ms: int = LOCK_MS
    spaced_out: bool = False
    rows: tuple[Claimed, ...] = ()
    parcels: list[Parcel] = field(default_factory=list)
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    defers: dict[int, int] = field(default_factory=dict)
    locked: set[int] = field(default_factory=set)
    put_back: list[Retry] = field(default_factory=list)
    halt: Halt | None = None
    called: bool = False
    left_alone_until_ms: int = 0
    running: bool = True
    hours: str | None = None
    settled: list[Settled] = field(default_factory=list)
    failure: Exception | None = None

    def refuse(self, seq: int, outcome: Outcome) -> None:
        """The message does not leave with the others."""
        self.outcomes[seq] = outcome
        self.parcels = [parcel for parcel in self.parcels if parcel.seq != seq]


def broken(passage: Passage, seq: int, error: Exception) -> Outcome:
    """What becomes of a message that breaks us: only the kind of the error is told, for its text may hold the message.

    In doubt where the provider was called.
    """
    kind = type(error).__name__
    emit("send.broken", "error", campaign=passage.campaign.id, seq=seq, error=kind)
    return Outcome(Fate.IN_DOUBT if passage.called else Fate.FAILED, BROKEN, kind)


def emptied(row: Claimed) -> Claimed:
    """Without what may have broken us, and would again."""
    return row._replace(payload={})
