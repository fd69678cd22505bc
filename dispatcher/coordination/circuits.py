"""The circuit breakers in Redis: `ports.outside.Circuits`, one for each host and list of base URLs.

A host's processes share its circuit. While a line is in order for all a process asks Redis about it twice a second and
tells nothing, so a send pays nothing; while it is not for some, who reaches it says so twice a second.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from socket import gethostname
from time import monotonic

import redis

from dispatcher.coordination import keys
from dispatcher.coordination.scripts import CIRCUIT_VERBS, Scripts

SURE_S = 0.5  # what other workers found out about a line is known here within this time
DIGITS = 32


class Circuits:
    """`now_ms` is for tests; 0 is the server's time. `host` ("": this one's name): of hosts with one name each fails
    for all of them.
    """

    def __init__(
        self, client: redis.Redis, now_ms: Callable[[], int] | int = 0, sure_s: float = SURE_S, host: str = ""
    ) -> None:
        self._run = Scripts(client, CIRCUIT_VERBS)
        self._now_ms = now_ms
        self._sure_s = sure_s
        self._host = host or gethostname()
        self._in_order: dict[str, float] = {}
        self._awaited: set[str] = set()

    def ask(self, base_urls: Sequence[str], probe_ms: int) -> int:
        """0: call; else how many ms nothing on this line is worth a call. Who gets 0 must `tell`."""
        line = _name(base_urls)
        if self._in_order.get(line, 0.0) > monotonic():
            return 0
        return self._call("circuit_ask", line, probe_ms)

    def tell(self, base_urls: Sequence[str], reached: bool | None) -> int:
        """What became of a call (None: there was none); how many ms the line is left alone now, 0 if it is not."""
        line = _name(base_urls)
        if reached is not False and line in self._in_order and not (reached and line in self._awaited):
            return 0
        wait_ms = self._call("circuit_tell", line, "" if reached is None else int(reached))
        if reached:
            self._awaited.discard(line)  # told, until it is asked again
        return wait_ms

    def _call(self, verb: str, line: str, *args: int | str) -> int:
        now = self._now_ms() if callable(self._now_ms) else self._now_ms
        wait_ms, failures, awaited = map(int, self._run(verb, [line], [now, self._host, *args]))
        if failures:
            self._in_order.pop(line, None)
        else:
            self._in_order[line] = monotonic() + self._sure_s
        if awaited:
            self._awaited.add(line)
        else:
            self._awaited.discard(line)
        return wait_ms


def _name(base_urls: Sequence[str]) -> str:
    return keys.circuits(sha256("\n".join(base_urls).encode()).hexdigest()[:DIGITS])
