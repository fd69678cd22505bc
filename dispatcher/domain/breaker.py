"""The circuit breaker of a provider's line, in plain Python: what the scripts circuit_*.lua do, word for word.

    closed      calls go through; TRIPS_AT of them unreached in a row open it
    open        none goes through until its time is over: FIRST_MS, twice as long each time, LONGEST_MS at most
    half open   then one call probes until its lease is over; the others ask again every ASK_AGAIN_MS
                reached: closed; unreached: open for longer; no call, for a guard kept its message back: the next probes

A line is the list of base URLs that a call may go to; it counts as unreached when none of them took the call.
Times are ms of one clock.
"""

from dataclasses import dataclass

TRIPS_AT = 5  # one lost packet, or one restarted instance behind a balancer, is no outage
FIRST_MS = 2_000
ASK_AGAIN_MS = 5_000  # a provider that is well again answers within this
LONGEST_MS = 60_000  # an operator who mends a provider sees it used again within a minute


@dataclass(slots=True)
class Circuit:
    failures: int = 0
    until: int = 0
    probing: bool = False


class PlainCircuits:
    """line -> its circuit; a line that is closed and in order has none."""

    def __init__(self) -> None:
        self.circuits: dict[str, Circuit] = {}

    def ask(self, line: str, probe_ms: int, now: int) -> int:
        """0: call; else in how many ms to ask again. Who gets 0 of an open circuit is its probe for `probe_ms`."""
        one = self.circuits.get(line, Circuit())
        if one.failures < TRIPS_AT:
            return 0
        if now < one.until:
            return min(one.until - now, ASK_AGAIN_MS) if one.probing else one.until - now
        one.until, one.probing = now + probe_ms, True
        return 0

    def tell(self, line: str, reached: bool | None, now: int) -> int:
        """What became of a call (None: there was none); how many ms the circuit is open from now on, 0 if it is closed.

        Calls that were under way when it opened tell nothing new.
        """
        if reached:
            self.circuits.pop(line, None)
            return 0
        one = self.circuits.get(line, Circuit())
        if reached is None:
            if one.probing:
                one.until, one.probing = now, False
            return max(0, one.until - now)
        self.circuits[line] = one
        if one.failures >= TRIPS_AT and not one.probing and now < one.until:
            return one.until - now
        one.failures, one.probing = one.failures + 1, False
        if one.failures < TRIPS_AT:
            return 0
        one.until = now + open_ms(one.failures)
        return open_ms(one.failures)


def open_ms(failures: int) -> int:
    """How long a circuit is open after so many failures in a row."""
    return min(LONGEST_MS, FIRST_MS << min(failures - TRIPS_AT, 10))
