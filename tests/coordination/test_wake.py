import time
from collections.abc import Iterator

import pytest
import redis

from dispatcher.coordination.laneclock import LaneClock
from dispatcher.coordination.wake import Wakes
from dispatcher.domain.ids import Lane
from dispatcher.domain.pacing import Pacing
from dispatcher.domain.tickets import Plan, Retry
from dispatcher.domain.trouble import Unavailable
from tests.coordination.conftest import PROVIDER, Now

CAMPAIGN = 9
NO_PACE = Pacing()
LONG_S = 5.0  # much longer than anything here takes


@pytest.fixture
def wakes(client: redis.Redis) -> Iterator[Wakes]:
    """A subscription that has said its first words."""
    wakes = Wakes(client, [PROVIDER, "cpc"])
    assert wakes.wait(LONG_S) == {PROVIDER, "cpc"}, "who comes late looks at everything once"
    yield wakes
    wakes.close()


def plan(end: int = 9, not_before_ms: int = 0, pacing: Pacing = NO_PACE) -> Plan:
    return Plan(CAMPAIGN, 0, end, pacing, (Lane(1, 0), Lane(2, 0)), not_before_ms)


def test_a_campaign_wakes_its_provider(clock: LaneClock, wakes: Wakes) -> None:
    clock.plan(PROVIDER, plan())
    assert wakes.wait(LONG_S) == {PROVIDER}
    assert wakes.wait(0) == set()


def test_it_wakes_when_the_lane_is_due_not_before(clock: LaneClock, wakes: Wakes, now: Now) -> None:
    clock.plan(PROVIDER, plan(not_before_ms=now.ms + 300))
    started = time.monotonic()
    assert wakes.wait(0.05) == set()
    assert wakes.wait(LONG_S) == {PROVIDER}
    assert time.monotonic() - started > 0.25


def test_what_is_not_earlier_wakes_nobody(clock: LaneClock, wakes: Wakes) -> None:
    clock.plan(PROVIDER, plan(pacing=Pacing(5_000, 5_000)))
    (first, _) = clock.release(PROVIDER, 9, 9).tickets
    assert wakes.wait(LONG_S) == {PROVIDER}
    clock.skip(PROVIDER, first)
    assert wakes.wait(LONG_S) == {PROVIDER}, "a lane is due now"
    clock.hold_lanes(PROVIDER, [first.lane], None)
    clock.file_retries(PROVIDER, CAMPAIGN, [Retry(0, 3)])
    assert wakes.wait(0.05) == set()


def test_a_retry_and_a_resume_wake(clock: LaneClock, wakes: Wakes) -> None:
    clock.plan(PROVIDER, plan(end=0))
    clock.hold_campaign(PROVIDER, CAMPAIGN)
    clock.file_retries(PROVIDER, CAMPAIGN, [Retry(0, 3)])
    assert wakes.wait(0.05) == set()
    clock.resume_campaign(PROVIDER, CAMPAIGN)
    assert wakes.wait(LONG_S) == {PROVIDER}


def test_a_lost_connection_is_said_once_and_then_made_anew(client: redis.Redis, clock: LaneClock, wakes: Wakes) -> None:
    client.client_kill_filter(_type="pubsub")
    with pytest.raises(Unavailable):
        wakes.wait(LONG_S)
    assert wakes.wait(LONG_S) == {PROVIDER, "cpc"}, "what was published meanwhile was missed"
    clock.plan(PROVIDER, plan())
    assert wakes.wait(LONG_S) == {PROVIDER}


@pytest.mark.slow
def test_a_long_silence_is_no_trouble(wakes: Wakes) -> None:
    """Longer than the socket's timeout and two health checks."""
    started = time.monotonic()
    assert wakes.wait(12) == set()
    assert time.monotonic() - started >= 12
