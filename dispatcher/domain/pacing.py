"""How fast a lane may go: the delay after a send, and what a provider's own pacing adds to it.

All times are whole milliseconds. `jitter` is a uniform draw from 0..JITTER_STEPS-1 that the caller
makes; deciding stays pure.
"""

from dataclasses import dataclass
from math import ceil

JITTER_STEPS = 1_000_000  # a millionth of the range: finer than a millisecond for delays up to 16 minutes
TICK_MS = 20  # lanes that come due so close to each other share a job: late by at most that, and never early


@dataclass(frozen=True, slots=True)
class Pacing:
    """A campaign's pace. `chunk_size` 0 means one single chunk; `batch` is messages per provider call."""

    delay_min_ms: int = 0
    delay_max_ms: int = 0
    chunk_size: int = 0
    chunk_gap_ms: int = 0
    batch: int = 1


def delay_ms(pacing: Pacing, jitter: int) -> int:
    """The pause after a send: uniform over delay_min_ms..delay_max_ms, both ends included."""
    return pacing.delay_min_ms + jitter * (pacing.delay_max_ms - pacing.delay_min_ms + 1) // JITTER_STEPS


def chunk_size_for(total: int, chunk_size: int, chunks_count: int) -> int:
    """The chunk size of a campaign of `total` messages; `chunks_count` counts only where no size is given."""
    if chunk_size or not chunks_count:
        return chunk_size
    return max(1, ceil(total / chunks_count))


def leaves_in_ms(pacing: Pacing, place: int) -> int:
    """When at the latest the message of that place (0: the first) in a batch leaves, after the provider took the call.

    In whole seconds for each delay, rounded up: some providers count no finer.
    """
    return place * -(-pacing.delay_max_ms // 1000) * 1000


def provider_busy_ms(pacing: Pacing, messages: int) -> int:
    """How long a provider that paces a batch by itself may be busy with it after it took the call."""
    return max(0, messages - 1) * pacing.delay_max_ms


def until_tick_ms(now_ms: int, wait_ms: int) -> int:
    """How long to sleep for what is due in `wait_ms`: until the next tick of the installation's clock (`now_ms`), which
    all pacers keep; what is due now is not waited for."""
    if wait_ms <= 0:
        return 0
    return wait_ms + -(now_ms + wait_ms) % TICK_MS
