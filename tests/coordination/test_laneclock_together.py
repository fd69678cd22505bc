"""Many pacers and workers on one clock, on the server's own time."""

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from dispatcher.coordination.laneclock import LaneClock
from dispatcher.coordination.locks import ContactLocks
from dispatcher.coordination.rebuild import ClockBuilder
from dispatcher.domain.ids import Lane, MessageId
from dispatcher.domain.pacing import JITTER_STEPS, Pacing
from dispatcher.domain.tickets import Plan, Retry, Ticket
from dispatcher.secrecy import Secrecy
from tests.coordination.conftest import PROVIDER

THREADS = 8
LANES = tuple(Lane(sender, slot) for sender in range(6) for slot in range(2))
PACES = {1: Pacing(2, 6), 2: Pacing(0, 3, chunk_size=7, chunk_gap_ms=20, batch=3), 3: Pacing()}
MESSAGES = 300
RETRY_OF_EVERY = 5


class Floor:
    """What happens on the lanes, as the workers see it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.busy: set[Lane] = set()
        self.rests_until: dict[Lane, float] = {}
        self.sent: Counter[tuple[int, int]] = Counter()
        self.crowded: list[Ticket] = []
        self.hasty: list[Ticket] = []

    def take_up(self, ticket: Ticket) -> None:
        with self.lock:
            if ticket.lane in self.busy:
                self.crowded.append(ticket)
            if time.monotonic() < self.rests_until.get(ticket.lane, 0.0):
                self.hasty.append(ticket)
            self.busy.add(ticket.lane)
            self.sent.update((ticket.campaign, ticket.seq + place) for place in range(ticket.size))

    def put_down(self, ticket: Ticket) -> None:
        """Before the script is called: afterwards the lane may already be another's."""
        with self.lock:
            self.busy.remove(ticket.lane)
            self.rests_until[ticket.lane] = time.monotonic() + PACES[ticket.campaign].delay_min_ms / 1000

    def all_done(self) -> bool:
        with self.lock:
            return len(self.sent) == MESSAGES * len(PACES) and not self.busy


def _work(clock: LaneClock, floor: Floor, seed: int, end: float) -> None:
    chance = random.Random(seed)
    while not floor.all_done() and time.monotonic() < end:
        for ticket in clock.release(PROVIDER, 1000, chance.randint(1, 5)).tickets:
            floor.take_up(ticket)
            assert clock.begin(PROVIDER, ticket, 30_000)
            first_try = floor.sent[ticket.campaign, ticket.seq] == 1
            again = [Retry(0, ticket.seq, ticket.size)] if first_try and ticket.seq % RETRY_OF_EVERY == 0 else []
            floor.put_down(ticket)
            assert clock.finish(PROVIDER, ticket, chance.randrange(JITTER_STEPS), retries=again).held


def test_promise_3_never_two_flights_on_a_lane_whoever_releases(client: redis.Redis, secrecy: Secrecy) -> None:
    builder = ClockBuilder(client, secrecy, [PROVIDER])
    builder.clear()
    builder.complete()
    clock, floor, end = LaneClock(client), Floor(), time.monotonic() + 60
    for campaign, pacing in PACES.items():
        clock.plan(PROVIDER, Plan(campaign, 0, MESSAGES, pacing, LANES))
    with ThreadPoolExecutor(THREADS) as pool:
        for worker in [pool.submit(_work, clock, floor, seed, end) for seed in range(THREADS)]:
            worker.result()
    assert floor.all_done()
    assert not floor.crowded
    assert not floor.hasty
    assert set(floor.sent.values()) == {1, 2}, "each message once, those that were retried twice"
    assert all(clock.idle(PROVIDER, campaign) for campaign in PACES)


@pytest.mark.usefixtures("clock")
def test_promise_5_of_many_at_once_one_gets_the_client(client: redis.Redis, secrecy: Secrecy) -> None:
    locks = ContactLocks(client, secrecy)
    until = int(time.time() * 1000) + 60_000
    for round_ in range(20):
        start = threading.Barrier(THREADS)

        def take(n: int, number: str = f"55119{round_:08}", start: threading.Barrier = start) -> int:
            start.wait(10)
            return locks.take("global", number, MessageId(1, n), until)

        with ThreadPoolExecutor(THREADS) as pool:
            assert list(pool.map(take, range(THREADS))).count(0) == 1
