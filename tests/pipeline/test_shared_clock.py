"""The installation's one clock is a server's, whatever the host thinks."""

import time
from threading import Event, Thread

from dispatcher.domain.trouble import Unavailable
from dispatcher.wiring.clock import SharedClock

NOON = 1_800_000_000_000
HOUR = 3_600_000


def nobody() -> int:
    raise Unavailable("it is away")


def near(found_ms: int, wanted_ms: float) -> bool:
    """Some seconds later at most: a machine may be held up."""
    return 0 <= found_ms - wanted_ms + 1 < 60_000


def test_it_shows_the_servers_time_and_goes_on_from_there() -> None:
    clock = SharedClock(lambda: NOON)
    first = clock.now_ms()
    assert near(first, NOON)
    assert near(clock.now_ms(), first)


def test_a_host_that_has_not_reached_redis_yet_goes_by_the_ledgers_time_not_by_its_own() -> None:
    assert near(SharedClock(nobody, lambda: NOON).now_ms(), NOON)


def test_whoever_asks_while_the_first_answer_is_under_way_waits_for_it() -> None:
    let = Event()
    found: list[int] = []

    def slowly() -> int:
        let.wait(60)
        return NOON

    clock = SharedClock(slowly)
    threads = [Thread(target=lambda: found.append(clock.now_ms())) for _ in range(3)]
    for thread in threads:
        thread.start()
    threads[-1].join(0.5)
    let.set()
    for thread in threads:
        thread.join(60)
    assert [near(one, NOON) for one in found] == [True] * 3


def test_once_redis_has_answered_the_ledger_is_not_asked() -> None:
    assert near(SharedClock(lambda: NOON, lambda: NOON + HOUR).now_ms(), NOON)


def test_with_both_away_the_hosts_own_time_serves() -> None:
    own_ms = time.time() * 1000
    assert near(SharedClock(nobody, nobody).now_ms(), own_ms)
