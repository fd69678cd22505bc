"""What a ticket has with it on its way through the station where messages leave."""

from dataclasses import dataclass, field

from dispatcher.domain.account import Account, Sender
from dispatcher.domain.campaign import Campaign, Parcel
from dispatcher.domain.claims import Claimed, Settled
from dispatcher.domain.guards import LOCK_MS
from dispatcher.domain.outcomes import Fate, Halt, Outcome
from dispatcher.domain.tickets import Begun, Retry, Ticket
from dispatcher.domain.trouble import DispatcherTrouble
from dispatcher.telemetry import emit

BROKEN = "broken"
PUT_BACK_MS = 1_000  # a server that did not answer is asked again after a second, not at once
UNBEGUN = Begun(False)


@dataclass(slots=True)
class Passage:
    """A ticket on its way through the station.

    `is_ready`: its messages were claimed and guarded, or `trouble` with a server came in between.
    `outcomes` grows message by message; `defers` holds the moment for those that are moved aside;
    `put_back` are messages that nothing was decided about; `called` says whether the provider was; `running`,
    whether the campaign was when it was asked, and `hours`, which it named then. `lock_ms` is how long its clients
    count as contacted; where the provider spaces a batch out, a reply counts only from when its message has left.
    `settled` is what is written down at last, `failure` what kept it from its call, from that, or its lane from being
    freed: its lease brings it back.
    `left_alone_until_ms` (0: not): the provider could not be reached, its lane rests until then.
    """

    provider: str
    ticket: Ticket
    campaign: Campaign
    account: Account
    sender: Sender
    begun_ms: int
    begun: Begun = UNBEGUN
    is_ready: bool = False
    trouble: DispatcherTrouble | None = None
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


def put_off(passage: Passage, reason: str, detail: str, now_ms: int) -> None:
    """Nothing was called, and what was claimed goes back to pending for a moment."""
    emit("send.put_back", "warning", campaign=passage.campaign.id, seq=passage.ticket.seq, reason=detail)
    passage.parcels.clear()
    for row in passage.rows:
        passage.outcomes[row.seq] = Outcome(Fate.DEFERRED, reason)
        passage.defers[row.seq] = now_ms + PUT_BACK_MS


def emptied(row: Claimed) -> Claimed:
    """Without what may have broken us, and would again."""
    return row._replace(payload={})
