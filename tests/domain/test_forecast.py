"""The end of a campaign, worked out by hand."""

import pytest

from dispatcher.domain.forecast import chunk_count, finish_ms
from dispatcher.domain.pacing import Pacing

TWO_TO_FOUR = Pacing(delay_min_ms=2_000, delay_max_ms=4_000)
CHUNKS = Pacing(delay_min_ms=1_000, delay_max_ms=1_000, chunk_size=10, chunk_gap_ms=60_000)


@pytest.mark.parametrize(
    ("pacing", "settled", "remaining", "lanes", "end_ms"),
    [
        pytest.param(TWO_TO_FOUR, 0, 1, 1, 0, id="one message waits for nothing"),
        pytest.param(TWO_TO_FOUR, 0, 11, 1, 30_000, id="ten delays between eleven messages"),
        pytest.param(TWO_TO_FOUR, 0, 11, 5, 6_000, id="five lanes need three rounds"),
        pytest.param(TWO_TO_FOUR, 5, 0, 1, 0, id="nothing left"),
        pytest.param(CHUNKS, 0, 10, 1, 9_000, id="one full chunk has no gap"),
        pytest.param(CHUNKS, 0, 11, 1, 9_000 + 60_000, id="the gap before a chunk of one"),
        pytest.param(CHUNKS, 0, 25, 1, 9_000 + 60_000 + 9_000 + 60_000 + 4_000, id="three chunks"),
        pytest.param(CHUNKS, 7, 5, 1, 2_000 + 60_000 + 1_000, id="three left of the open chunk, two of the next"),
        pytest.param(CHUNKS, 10, 15, 1, 9_000 + 60_000 + 4_000, id="a chunk just closed"),
        pytest.param(Pacing(1_000, 3_000, batch=5), 0, 10, 1, 2 * 12_000 + 2_000, id="batches the provider spaces"),
    ],
)
def test_the_end_is_the_sum_of_delays_and_gaps(
    pacing: Pacing, settled: int, remaining: int, lanes: int, end_ms: int
) -> None:
    assert finish_ms(pacing, 1_000_000, settled, remaining, lanes) == 1_000_000 + end_ms


def test_calls_take_their_time() -> None:
    assert finish_ms(TWO_TO_FOUR, 0, 0, 3, 1, call_ms=500) == 3 * 500 + 2 * 3_000


def test_without_lanes_there_is_no_end() -> None:
    assert finish_ms(TWO_TO_FOUR, 0, 0, 3, 0) is None


@pytest.mark.parametrize(("total", "size", "count"), [(0, 0, 0), (7, 0, 1), (10, 5, 2), (11, 5, 3)])
def test_chunks_are_counted(total: int, size: int, count: int) -> None:
    assert chunk_count(total, size) == count
