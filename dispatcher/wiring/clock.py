"""The installation's one clock: Redis's time, counted on with this host's monotonic clock.

Hosts' wall clocks may be minutes apart; nothing here looks at them while Redis answers.
"""

from collections.abc import Callable
from threading import Lock
from time import monotonic, time

from dispatcher.domain.trouble import Unavailable

RESYNC_S = 10.0  # a host's monotonic clock drifts far less than a millisecond in that time


class SharedClock:
    """`ask_ms` asks a server (UTC epoch, ms), raises Unavailable. Until it answers the host's own time serves."""

    def __init__(self, ask_ms: Callable[[], int]) -> None:
        self._ask_ms = ask_ms
        self._lock = Lock()
        self._asked_at = float("-inf")
        self._ahead_ms = time() * 1000 - monotonic() * 1000

    def now_ms(self) -> int:
        now = monotonic()
        if now - self._asked_at > RESYNC_S and self._lock.acquire(blocking=False):
            try:
                self._ask(now)
            finally:
                self._lock.release()
        return int(monotonic() * 1000 + self._ahead_ms)

    def _ask(self, before: float) -> None:
        """Half of the round trip is taken to be the way back. An answer that does not come is asked for again later."""
        self._asked_at = before
        try:
            told_ms = self._ask_ms()
        except Unavailable:
            return
        after = monotonic()
        self._ahead_ms = told_ms + (after - before) * 500 - after * 1000
