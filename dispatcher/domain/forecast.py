"""When a campaign will be through, if nothing comes in between.

It counts with the middle of the delay range. What it does not know (retries, a lane that other campaigns
share, hours) makes the end later, never earlier.
"""

from math import ceil

from dispatcher.domain.pacing import Pacing, provider_busy_ms


def finish_ms(pacing: Pacing, start_ms: int, settled: int, remaining: int, lanes: int, call_ms: int = 0) -> int | None:
    """The end of the last send (UTC epoch, ms) of `remaining` messages that begin at `start_ms`.

    `settled` messages came before them, which tells how full the open chunk is. None: no lane can send.
    """
    if remaining <= 0:
        return start_ms
    if lanes <= 0:
        return None
    size = pacing.chunk_size or settled + remaining
    first = min(remaining, size - settled % size)
    whole, last = divmod(remaining - first, size)
    gap = max(pacing.chunk_gap_ms, _mean_delay_ms(pacing))
    spans = [
        _span_ms(pacing, first, lanes, call_ms),
        whole * (gap + _span_ms(pacing, size, lanes, call_ms)),
        gap + _span_ms(pacing, last, lanes, call_ms) if last else 0,
    ]
    return start_ms + sum(spans)


def chunk_count(total: int, chunk_size: int) -> int:
    """How many chunks `total` messages make; everything is one chunk where no size is given."""
    return ceil(total / chunk_size) if chunk_size else min(total, 1)


def _span_ms(pacing: Pacing, messages: int, lanes: int, call_ms: int) -> int:
    """From the first send's start to the last one's end, on lanes that start together."""
    rounds = ceil(ceil(messages / pacing.batch) / lanes)
    busy = call_ms + provider_busy_ms(pacing, min(messages, pacing.batch))
    return rounds * busy + (rounds - 1) * _mean_delay_ms(pacing)


def _mean_delay_ms(pacing: Pacing) -> int:
    return (pacing.delay_min_ms + pacing.delay_max_ms) // 2
