"""The installation's one clock: Redis's time, counted on with this host's own count of seconds.

Hosts' wall clocks may be minutes apart; nothing here looks at them while a server answers.
"""

import time
from collections.abc import Callable
from threading import Lock

from dispatcher.domain.trouble import Unavailable

RESYNC_S = 10.0  # a host's count drifts far less than a millisecond in that time


def steady_s() -> float:
    """Seconds that only go forward and, where the system can tell, go on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class SharedClock:
    """`ask_ms` asks a server (UTC epoch, ms), raises Unavailable; `instead`, another one, as long as the first has
    never answered. Where neither does the host's own time serves.
    """

    def __init__(self, ask_ms: Callable[[], int], instead: Callable[[], int] | None = None) -> None:
        self._ask_ms = ask_ms
        self._instead = instead
        self._lock = Lock()
        self._asked_at = float("-inf")
        self._ahead_ms = time.time() * 1000 - steady_s() * 1000

    def now_ms(self) -> int:
        """Who comes first asks; the others wait for the first answer of all, and go by the one before later on."""
        if self._is_due() and self._lock.acquire(blocking=self._asked_at == float("-inf")):
            try:
                if self._is_due():
                    self._ask()
            finally:
                self._lock.release()
        return int(steady_s() * 1000 + self._ahead_ms)

    def _is_due(self) -> bool:
        return steady_s() - self._asked_at > RESYNC_S

    def _ask(self) -> None:
        """An answer that does not come is asked for again later."""
        asked_at = steady_s()
        try:
            self._set(self._ask_ms)
        except Unavailable:
            self._ask_instead()
        else:
            self._instead = None
        finally:
            self._asked_at = asked_at

    def _ask_instead(self) -> None:
        if self._instead is None:
            return
        try:
            self._set(self._instead)
        except Unavailable:
            return

    def _set(self, ask_ms: Callable[[], int]) -> None:
        """Half of the round trip is taken to be the way back."""
        before = steady_s()
        told_ms = ask_ms()
        after = steady_s()
        self._ahead_ms = told_ms + (after - before) * 500 - after * 1000
