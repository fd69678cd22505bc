"""The circuit breakers in Redis: `ports.outside.Circuits`, one for each list of base URLs, shared by all workers.

While a line is in order a process asks Redis about it twice a second and tells nothing, so a send pays nothing.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from time import monotonic

import redis

from dispatcher.coordination import keys
from dispatcher.coordination.scripts import CIRCUIT_VERBS, Scripts

SURE_S = 0.5  # what other workers found out about a line is known here within this time
DIGITS = 32


class Circuits:
    """`now_ms` is for tests; 0 is the server's time."""

    def __init__(self, client: redis.Redis, now_ms: Callable[[], int] | int = 0, sure_s: float = SURE_S) -> None:
        self._run = Scripts(client, CIRCUIT_VERBS)
        self._now_ms = now_ms
        self._sure_s = sure_s
        self._in_order: dict[str, float] = {}

    def ask(self, base_urls: Sequence[str], probe_ms: int) -> int:
        """0: call; else how many ms nothing on this line is worth a call. Who gets 0 must `tell`."""
        line = _name(base_urls)
        if self._in_order.get(line, 0.0) > monotonic():
            return 0
        wait_ms, failures = self._call("circuit_ask", line, probe_ms)
        self._note(line, failures)
        return wait_ms

    def tell(self, base_urls: Sequence[str], reached: bool | None) -> int:
        """What became of a call (None: there was none); how many ms the line is left alone now, 0 if it is not."""
        line = _name(base_urls)
        if reached is not False and line in self._in_order:
            return 0
        wait_ms, failures = self._call("circuit_tell", line, "" if reached is None else int(reached))
        self._note(line, failures)
        return wait_ms

    def _note(self, line: str, failures: int) -> None:
        if failures:
            self._in_order.pop(line, None)
        else:
            self._in_order[line] = monotonic() + self._sure_s

    def _call(self, verb: str, line: str, *args: int | str) -> tuple[int, int]:
        now = self._now_ms() if callable(self._now_ms) else self._now_ms
        wait_ms, failures = self._run(verb, [line], [now, *args])
        return int(wait_ms), int(failures)


def _name(base_urls: Sequence[str]) -> str:
    return keys.circuit(sha256("\n".join(base_urls).encode()).hexdigest()[:DIGITS])
