"""Free ports, and waiting until a server is up."""

import socket
import threading
import time
from collections.abc import Callable

LOOPBACK = "127.0.0.1"
POLL_S = 0.01


def free_port() -> int:
    """A TCP port that is free on the loopback address now; somebody may take it before we do."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def becomes_true(condition: Callable[[], bool], *, alive: Callable[[], bool], within_s: float) -> bool:
    """Poll until the condition holds (True), or the process died or the time is over (False)."""
    pause, end = threading.Event(), time.monotonic() + within_s
    while time.monotonic() < end:
        if condition():
            return True
        if not alive():
            return False
        pause.wait(POLL_S)
    return False
