"""The circuit breaker of a provider's line, in plain Python: what the scripts circuit_*.lua do, word for word.

    closed      calls go through; TRIPS_AT of them unreached in a row open it
    open        none goes through until its time is over: FIRST_MS, twice as long each time, LONGEST_MS at most
    half open   then one call probes until its lease is over; the others ask again every ASK_AGAIN_MS
                reached: closed; unreached: open for longer; no call, for a guard kept its message back: the next probes

A line is the list of base URLs that a call may go to; it counts as unreached when none of them took the call. Each host
has a circuit of its own to it: one that lost its way to a provider stops nobody else. While others reach the line, such
a host keeps a lane for ELSEWHERE_MS only, so that one of them may have it. Times are ms of one clock.
"""

from dataclasses import dataclass, field

TRIPS_AT = 5  # one lost packet, or one restarted instance behind a balancer, is no outage
FIRST_MS = 2_000
ASK_AGAIN_MS = 5_000  # a provider that is well again answers within this
LONGEST_MS = 60_000  # an operator who mends a provider sees it used again within a minute
ELSEWHERE_MS = 1_000  # a lane goes on soon, and a host that reaches nothing is not all that its lanes see
REACHED_LATELY_MS = 30_000  # hosts that reach a line do so again within this, unless they have next to nothing to do


@dataclass(slots=True)
class Circuit:
    failures: int = 0
    until: int = 0
    probing: bool = False


@dataclass(slots=True)
class Line:
    """`reached`: when a host last did, while the circuit of another was not in order."""

    hosts: dict[str, Circuit] = field(default_factory=dict)
    reached: int | None = None


class PlainCircuits:
    """line -> its circuits; where all are closed and in order there is none."""

    def __init__(self) -> None:
        self.lines: dict[str, Line] = {}

    def ask(self, line: str, host: str, probe_ms: int, now: int) -> int:
        """0: call; else in how many ms to ask again. Who gets 0 of an open circuit is its probe for `probe_ms`."""
        one = self._of(line, host)
        if one.failures < TRIPS_AT:
            return 0
        if now < one.until:
            return self._wait(line, min(one.until - now, ASK_AGAIN_MS) if one.probing else one.until - now, now)
        one.until, one.probing = now + probe_ms, True
        return 0

    def tell(self, line: str, host: str, reached: bool | None, now: int) -> int:
        """What became of a call (None: there was none); how many ms the line is left alone now, 0 if it is not.

        Calls that were under way when it opened tell nothing new.
        """
        if reached:
            self._close(line, host, now)
            return 0
        one = self._of(line, host)
        if reached is None:
            if one.probing:
                one.until, one.probing = now, False
            return self._wait(line, one.until - now, now)
        if one.failures < TRIPS_AT or one.probing or now >= one.until:
            one.failures, one.probing = one.failures + 1, False
            one.until = now + open_ms(one.failures)
            self.lines.setdefault(line, Line()).hosts[host] = one
        return self._wait(line, one.until - now, now)

    def _of(self, line: str, host: str) -> Circuit:
        return self.lines.get(line, Line()).hosts.get(host, Circuit())

    def _close(self, line: str, host: str, now: int) -> None:
        known = self.lines.get(line, Line())
        known.hosts.pop(host, None)
        known.reached = now
        if not known.hosts:
            self.lines.pop(line, None)

    def _wait(self, line: str, wait_ms: int, now: int) -> int:
        reached = self.lines.get(line, Line()).reached
        if reached is not None and now - reached < REACHED_LATELY_MS:
            wait_ms = min(wait_ms, ELSEWHERE_MS)
        return max(0, wait_ms)


def open_ms(failures: int) -> int:
    """How long a circuit is open after so many failures in a row."""
    return 0 if failures < TRIPS_AT else min(LONGEST_MS, FIRST_MS << min(failures - TRIPS_AT, 10))
