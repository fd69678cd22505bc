"""When a campaign pauses itself: windows of failures, driven message by message."""

import pytest

from dispatcher.domain.errorrate import Tally, judge, most_failures


def pauses_at(rate: float, of: int, fates: str) -> int | None:
    """The place in `fates` (x: failed, .: sent) at which the campaign pauses."""
    begin: Tally | None = None
    settled = failed = 0
    for place, fate in enumerate(fates):
        settled, failed = settled + 1, failed + (fate == "x")
        if fate == "x":
            begin, pauses = judge(rate, of, begin, Tally(settled, failed), Tally(1, 1))
            if pauses:
                return place
    return None


@pytest.mark.parametrize(
    ("rate", "of", "fates", "place"),
    [
        (0.5, 10, "x" * 20, 4),
        (0.5, 10, "." * 1000 + "x" * 20, 1004),
        (0.5, 10, "x." * 5, 8),
        (0.5, 10, "x.." * 50, None),
        (0.5, 10, ("x" + "." * 8 + "x") * 20, None),
        (0.5, 10, "xxxx" + "." * 6 + "xxxxx", 14),
        (1.0, 3, "xx.xxx", 5),
        (1.0, 1, "..x", 2),
        (0.01, 10, "..x", 2),
    ],
)
def test_a_campaign_pauses_when_so_much_of_a_window_failed(rate: float, of: int, fates: str, place: int | None) -> None:
    assert pauses_at(rate, of, fates) == place


@pytest.mark.parametrize(("rate", "of", "most"), [(0.5, 100, 50), (0.07, 100, 7), (0.5, 5, 3), (0.001, 10, 1)])
def test_the_share_is_counted_exactly(rate: float, of: int, most: int) -> None:
    assert most_failures(rate, of) == most


def test_failures_that_came_together_count_together() -> None:
    assert judge(0.5, 4, None, Tally(103, 3), Tally(3, 3)) == (Tally(100, 0), True)


def test_a_window_whose_failures_were_taken_back_is_over() -> None:
    assert judge(0.5, 4, Tally(50, 20), Tally(31, 1), Tally(1, 1)) == (Tally(30, 0), False)
