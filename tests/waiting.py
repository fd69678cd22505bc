"""The one place where tests wait: for a condition, with a deadline."""

import threading
import time
from collections.abc import Callable


def wait_until(predicate: Callable[[], object], timeout_s: float = 10.0, step_s: float = 0.02) -> None:
    """Return as soon as the predicate is true; AssertionError when it is not within `timeout_s`."""
    pause, end = threading.Event(), time.monotonic() + timeout_s
    while not predicate():
        if time.monotonic() > end:
            raise AssertionError(f"not true within {timeout_s} s: {predicate}")
        pause.wait(step_s)
