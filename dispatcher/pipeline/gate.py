"""Asked when a call's connection stands, before its first byte: may it still leave?

Between *begin* and here a worker may have stood still: its lease may have run out, Redis may have been built anew
without its flight, and the sender's other lanes may have called meanwhile. The call would be one too many on the lane,
a second one to who was sent to meanwhile, or too close to another of the sender's.

    held up since begin           the clock is asked whether the lane still is the ticket's own, and its clients' locks
                                  are taken anew: a reply that came meanwhile answers something older
    the sender keeps a least gap  it is asked always: every call's start is written down in Redis before it leaves

Taking locks may take long as well: what the clock said before is then asked again.

A start that was told more than `LEAVES_WITHIN_MS` ago is not used: the gap between two starts is so much longer than
the one between two calls.
"""

from collections.abc import Callable
from dataclasses import dataclass

from dispatcher.domain.account import Account, Sender
from dispatcher.domain.guards import CONTACT_OPEN
from dispatcher.domain.policies import LEAVES_WITHIN_MS, start_gap_ms
from dispatcher.domain.senderday import AHEAD_MS
from dispatcher.domain.tickets import Ticket
from dispatcher.domain.trouble import DispatcherTrouble
from dispatcher.pipeline.passage import PUT_BACK_MS
from dispatcher.pipeline.stations import Stations, lease_ms

HELD_UP_MS = 500  # from begin to the call it takes milliseconds: who was not held up need not ask
STILL_OURS_MS = 10_000  # below the margin of the lease that the clock was asked for
MOST_ASKS = 4  # with what it waits in between: less than an open connection stays idle


@dataclass(slots=True)
class Gate:
    """`fresh_ms`: when its clients' locks were known to be its own, at first by begin. `hold_anew` takes them once
    more; False: one is another's by now. `opened`: a call has left. `shut_because` ("": it is not): the last try did
    not; it may come again `until_ms`.
    """

    stations: Stations
    provider: str
    ticket: Ticket
    account: Account
    sender: Sender
    fresh_ms: int
    hold_anew: Callable[[], bool]
    opened: bool = False
    shut_because: str = ""
    until_ms: int = 0

    def __call__(self) -> bool:
        """Never raises: a server that does not answer shuts the gate."""
        try:
            self.shut_because = self._trouble()
        except DispatcherTrouble as trouble:
            self.shut_because = str(trouble)
        if self.shut_because:
            self.until_ms = max(self.until_ms, self.stations.now_ms() + PUT_BACK_MS)
            return False
        self.opened = True
        return True

    @property
    def _was_held_up(self) -> bool:
        return self.stations.now_ms() - self.fresh_ms >= HELD_UP_MS

    def _lost_a_client(self) -> bool:
        """Who was held up takes the locks anew; that may take long itself, but is not done again because it did."""
        if not self._was_held_up:
            return False
        holds = self.hold_anew()
        self.fresh_ms = self.stations.now_ms()
        return not holds

    def _trouble(self) -> str:
        """What speaks against the call; "": nothing."""
        gap_ms, unused_ms = start_gap_ms(self.sender), 0
        if not gap_ms and not self._was_held_up:
            return ""
        lasts_ms = lease_ms(self.account, self.sender)
        for _ in range(MOST_ASKS):
            asked_ms = self.stations.now_ms()
            told = self.stations.clock.depart(self.provider, self.ticket, lasts_ms, gap_ms, unused_ms)
            if not told.held:
                return "held_up"
            if told.wait_ms > AHEAD_MS:
                self.until_ms = asked_ms + told.wait_ms
                return "min_gap"
            if told.wait_ms:
                self.stations.pause(told.wait_ms)
            elif self._lost_a_client():
                return CONTACT_OPEN
            elif self.stations.now_ms() - asked_ms <= (LEAVES_WITHIN_MS if gap_ms else STILL_OURS_MS):
                return ""
            else:
                unused_ms = told.start_ms
        return "min_gap" if gap_ms else "held_up"
