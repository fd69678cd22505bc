import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from dispatcher.coordination import keys
from dispatcher.coordination.laneclock import LaneClock
from dispatcher.coordination.locks import ContactLocks
from dispatcher.coordination.rebuild import ClockBuilder
from dispatcher.domain.contactlock import FREE, PlainLocks, Stands
from dispatcher.domain.ids import MessageId
from dispatcher.domain.trouble import ClockLost
from dispatcher.pipeline.ports import contacts
from dispatcher.secrecy import Secrecy
from tests.coordination.conftest import START_MS, Now
from tests.heldlocks import held

ANA, BIA = "5511900000001", "5511900000002"
ONE, TWO = MessageId(9, 0), MessageId(9, 1)
DAY_MS = 24 * 3600 * 1000


@pytest.fixture
def locks(client: redis.Redis, clock: LaneClock, secrecy: Secrecy, now: Now) -> ContactLocks:
    return ContactLocks(client, secrecy, now_ms=now)


def test_they_are_what_the_pipeline_asks_for(locks: ContactLocks) -> None:
    as_locks: contacts.ContactLocks = locks
    assert as_locks is locks


def test_promise_5_one_open_contact_per_client(locks: ContactLocks, now: Now) -> None:
    assert locks.take("global", ANA, ONE, now.ms + DAY_MS) == 0
    now.ms += 1000
    assert locks.take("global", ANA, TWO, now.ms + DAY_MS) == DAY_MS - 1000
    assert locks.take("global", BIA, TWO, now.ms + DAY_MS) == 0
    assert locks.take("account:2", ANA, TWO, now.ms + DAY_MS) == 0


def test_promise_5_attempts_do_not_extend_it(locks: ContactLocks, now: Now) -> None:
    locks.take("global", ANA, ONE, now.ms + DAY_MS)
    now.ms += DAY_MS - 1
    assert locks.take("global", ANA, TWO, now.ms + DAY_MS) == 1
    now.ms += 1
    assert locks.take("global", ANA, TWO, now.ms + DAY_MS) == 0


def test_promise_5_only_its_holder_gives_it_back(locks: ContactLocks, now: Now) -> None:
    locks.take("global", ANA, ONE, now.ms + DAY_MS)
    assert not locks.give_back("global", ANA, TWO)
    assert locks.give_back("global", ANA, ONE)
    assert not locks.give_back("global", ANA, ONE)


def test_promise_5_a_reply_lifts_it_once_and_an_older_one_does_not(locks: ContactLocks, now: Now) -> None:
    locks.take("global", ANA, ONE, now.ms + DAY_MS)
    assert not locks.lift("global", ANA, now.ms)
    assert locks.lift("global", ANA, now.ms + 1)
    assert not locks.lift("global", ANA, now.ms + 1)


def test_promise_5_a_reply_lifts_it_only_after_the_message_has_left(locks: ContactLocks, now: Now) -> None:
    locks.take("global", ANA, ONE, now.ms + DAY_MS, 60_000)
    assert not locks.lift("global", ANA, now.ms + 60_000)
    assert locks.lift("global", ANA, now.ms + 60_001)


def test_a_holder_that_sends_again_holds_from_then_on(
    locks: ContactLocks, client: redis.Redis, secrecy: Secrecy, now: Now
) -> None:
    locks.take("global", ANA, ONE, now.ms + DAY_MS)
    now.ms += 1000
    assert locks.take("global", ANA, ONE, now.ms + DAY_MS) == 0
    assert held(client, secrecy, "global", [ANA], now.ms) == {ANA: DAY_MS}
    assert not locks.lift("global", ANA, now.ms), "a reply older than the send"


def test_a_provider_that_knows_better_extends_it(
    locks: ContactLocks, client: redis.Redis, secrecy: Secrecy, now: Now
) -> None:
    locks.take("global", ANA, ONE, now.ms + 1000)
    locks.extend("global", ANA, TWO, now.ms + 5000)
    assert not locks.give_back("global", ANA, ONE), "the client is in contact, whoever gives back"
    assert held(client, secrecy, "global", [ANA], now.ms) == {ANA: 5000}
    locks.extend("global", ANA, ONE, now.ms + 10)
    assert held(client, secrecy, "global", [ANA], now.ms) == {ANA: 5000}


def test_a_provider_that_is_in_contact_for_less_than_a_day_takes_the_holders_own_day_back(
    locks: ContactLocks, client: redis.Redis, secrecy: Secrecy, now: Now
) -> None:
    locks.take("global", ANA, ONE, now.ms + DAY_MS)
    locks.extend("global", ANA, ONE, now.ms + 5000)
    assert held(client, secrecy, "global", [ANA], now.ms) == {ANA: 5000}


def test_promise_5_without_the_memory_nobody_is_locked_and_nobody_is_sent_to(
    locks: ContactLocks, client: redis.Redis
) -> None:
    client.delete(keys.EPOCH)
    for verb in (
        lambda: locks.take("global", ANA, ONE, 1),
        lambda: locks.give_back("global", ANA, ONE),
        lambda: locks.lift("global", ANA, 1),
        lambda: locks.extend("global", ANA, ONE, 1),
    ):
        with pytest.raises(ClockLost):
            verb()


def test_promise_8_redis_never_sees_the_number(locks: ContactLocks, client: redis.Redis, now: Now) -> None:
    locks.take("global", ANA, ONE, now.ms + DAY_MS)
    name = str(*client.keys(keys.LOCKS))
    assert len(name.removeprefix("d:lock:global:")) == 32
    assert ANA not in name + str(client.get(name))


def test_locks_that_are_over_leave_redis_by_themselves(client: redis.Redis, clock: LaneClock, secrecy: Secrecy) -> None:
    seconds, _ = client.time()
    ContactLocks(client, secrecy).take("global", ANA, ONE, seconds * 1000 + DAY_MS)
    (name,) = client.keys(keys.LOCKS)
    assert DAY_MS < client.pttl(name) <= DAY_MS + 60_000


class LockMachine(RuleBasedStateMachine):
    """The scripts against their plain twin."""

    client: redis.Redis
    secrecy: Secrecy
    clients = st.sampled_from([ANA, BIA])
    scopes = st.sampled_from(["global", "account:1"])
    holders = st.sampled_from([ONE, TWO])
    spans = st.sampled_from([-5, 0, 1, 10, 1000])
    leaves = st.sampled_from([0, 9])

    def __init__(self) -> None:
        super().__init__()
        self.client.flushall()
        builder = ClockBuilder(self.client, self.secrecy, [])
        builder.clear()
        builder.complete()
        self.now = START_MS
        self.twin = PlainLocks()
        self.locks = ContactLocks(self.client, self.secrecy, now_ms=lambda: self.now)

    @rule(ms=st.sampled_from([0, 1, 9, 1000]))
    def time_passes(self, ms: int) -> None:
        self.now += ms

    @rule(scope=scopes, client=clients, holder=holders, span=spans, leaves=leaves)
    def take(self, scope: str, client: str, holder: MessageId, span: int, leaves: int) -> None:
        until = self.now + span
        expected = self.twin.take(scope, client, holder, until, self.now, leaves)
        assert self.locks.take(scope, client, holder, until, leaves) == expected

    @rule(scope=scopes, client=clients, holder=holders, taken=spans, left=st.none() | spans)
    def give_back(self, scope: str, client: str, holder: MessageId, taken: int, left: int | None) -> None:
        stands = FREE if left is None else Stands(self.now - taken, self.now + left)
        expected = self.twin.give_back(scope, client, holder, self.now, stands)
        assert self.locks.give_back(scope, client, holder, stands) == expected

    @rule(scope=scopes, client=clients, ago=spans)
    def lift(self, scope: str, client: str, ago: int) -> None:
        at = self.now - ago
        assert self.locks.lift(scope, client, at) == self.twin.lift(scope, client, at, self.now)

    @rule(scope=scopes, client=clients, holder=holders, span=spans)
    def extend(self, scope: str, client: str, holder: MessageId, span: int) -> None:
        self.locks.extend(scope, client, holder, self.now + span)
        self.twin.extend(scope, client, holder, self.now + span, self.now)

    @invariant()
    def the_same_clients_are_held(self) -> None:
        for scope in ("global", "account:1"):
            found = held(self.client, self.secrecy, scope, [ANA, BIA], self.now)
            assert found == self.twin.held(scope, [ANA, BIA], self.now)


def test_scripts_and_twin_agree(client: redis.Redis, secrecy: Secrecy) -> None:
    LockMachine.client, LockMachine.secrecy = client, secrecy
    run_state_machine_as_test(
        LockMachine,
        settings=settings(
            max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
