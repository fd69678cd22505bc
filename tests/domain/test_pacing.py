"""The ticks that pacers keep: who comes due within one shares a job."""

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.pacing import TICK_MS, until_tick_ms

NOW_MS = 1_790_000_000_000
waits = st.integers(1, 3_600_000)


@given(waits, st.integers(0, 10_000))
def test_a_pacer_never_wakes_before_what_is_due_and_less_than_a_tick_after_it(wait_ms: int, later_ms: int) -> None:
    assert 0 <= until_tick_ms(NOW_MS + later_ms, wait_ms) - wait_ms < TICK_MS


@given(waits, st.data())
def test_pacers_of_all_hosts_wake_at_the_same_moment(wait_ms: int, data: st.DataObject) -> None:
    """Whenever they went to sleep: else what comes due together would go out in as many jobs as there are of them."""
    asleep_ms = data.draw(st.integers(0, wait_ms - 1))
    assert asleep_ms + until_tick_ms(NOW_MS + asleep_ms, wait_ms - asleep_ms) == until_tick_ms(NOW_MS, wait_ms)


def test_what_is_due_now_is_not_waited_for() -> None:
    assert until_tick_ms(NOW_MS + 7, 0) == 0
