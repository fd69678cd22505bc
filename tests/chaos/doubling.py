"""Every job of the broker comes twice: real duplicates on the real broker, at once or some seconds later."""

import heapq
import random
import re
from collections.abc import Callable
from threading import Event, Thread
from time import monotonic

import redis

PUSHED = re.compile(r'"LPUSH" "((?:send\.|events|submit)[^"]*)" "(.*)"$')
LATE_S = (0.5, 25.0)  # past the lease of a job, too
RECONNECT_S = 0.1
LOOK_EVERY_S = 0.1


class Doubling:
    """Listens in on the Redis that serves (`port` tells) and pushes every job once more. Use `start` and `stop`."""

    def __init__(self, port: Callable[[], int], seed: int) -> None:
        self.doubled = 0
        self._port = port
        self._dice = random.Random(f"{seed}:doubling")
        self._halted = Event()
        self._waiting: list[tuple[float, str, bytes]] = []
        self._thread = Thread(target=self._run, name="doubling", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._halted.set()
        self._thread.join(30)

    def _run(self) -> None:
        while not self._halted.is_set():
            try:
                self._listen(self._port())
            except (redis.RedisError, OSError, ValueError):  # it died, or was just taken away
                self._halted.wait(RECONNECT_S)

    def _listen(self, port: int) -> None:
        with (
            redis.Redis(port=port, socket_timeout=5, client_name="doubling") as ear,
            redis.Redis(port=port, socket_timeout=5, single_connection_client=True) as hand,
            ear.monitor() as monitor,
        ):
            ours = str(hand.client_info()["addr"])
            while not self._halted.is_set() and self._port() == port:
                self._push_what_is_due(hand)
                if monitor.connection.can_read(LOOK_EVERY_S):
                    told = monitor.connection.read_response()
                    self._note(told.decode("latin-1") if isinstance(told, bytes) else str(told), ours)

    def _note(self, told: str, ours: str) -> None:
        found = PUSHED.search(told)
        if found is None or f" {ours}]" in told:
            return
        wait_s = 0.0 if self._dice.random() < 0.5 else self._dice.uniform(*LATE_S)
        heapq.heappush(self._waiting, (monotonic() + wait_s, found[1], _bytes(found[2])))

    def _push_what_is_due(self, hand: "redis.Redis") -> None:
        while self._waiting and self._waiting[0][0] <= monotonic():
            _, queue, job = self._waiting[0]
            hand.lpush(queue, job)
            heapq.heappop(self._waiting)
            self.doubled += 1


def _bytes(shown: str) -> bytes:
    r"""A value as MONITOR shows it: `\"`, `\\`, `\n`, `\x00`."""
    return shown.encode("latin-1").decode("unicode_escape").encode("latin-1")
