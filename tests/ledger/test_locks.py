"""The durable CPC locks: one holder at a time, given back by the holder only, lifted by a later reply only."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Thread

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import Engine

from dispatcher.domain.contactlock import FREE, ContactLock, PlainLocks, Wish
from dispatcher.domain.followups import STEP
from dispatcher.domain.ids import MessageId
from dispatcher.ledger.locks import LockBook
from dispatcher.ledger.survivors import Survivors
from tests.ledger.drafts import phone
from tests.ledger.steps import run

NOW = 1_900_000_000_000
HOUR, DAY = 3_600_000, 86_400_000
A, B = MessageId(1, 1), MessageId(2, 7)
FOLLOW_UP = MessageId(1, 1 + STEP)
KEY = phone(1)


@pytest.fixture
def book(engine: Engine) -> LockBook:
    return LockBook(engine)


def test_promise_5_one_client_has_one_holder(book: LockBook) -> None:
    assert book.take("global", KEY, A, NOW, NOW + DAY) == 0
    assert book.take("global", KEY, B, NOW + 1000, NOW + 1000 + DAY) == DAY - 1000
    assert book.take("global", phone(2), B, NOW, NOW + DAY) == 0
    assert book.take("account:1", KEY, B, NOW, NOW + DAY) == 0
    assert book.take("global", KEY, B, NOW + DAY, NOW + 2 * DAY) == 0


def test_promise_5_attempts_of_others_do_not_extend_the_day(book: LockBook) -> None:
    book.take("global", KEY, A, NOW, NOW + DAY)
    for minute in range(3):
        book.take("global", KEY, B, NOW + minute, NOW + minute + 9 * DAY)
    assert book.of(KEY, NOW) == [ContactLock("global", KEY, A, NOW, NOW + DAY)]


def test_promise_5_only_the_holder_gives_back(book: LockBook) -> None:
    book.take("global", KEY, A, NOW, NOW + DAY)
    book.give_back("global", KEY, B)
    assert book.take("global", KEY, B, NOW, NOW + DAY) == DAY
    book.give_back("global", KEY, A)
    assert book.take("global", KEY, B, NOW, NOW + DAY) == 0


def test_promise_5_a_reply_lifts_what_was_taken_before_it(book: LockBook) -> None:
    book.take("global", KEY, A, NOW, NOW + DAY)
    assert book.lift(KEY, NOW) == []
    assert book.lift(KEY, NOW + 1) == ["global"]
    assert book.take("global", KEY, B, NOW + 5, NOW + 5 + DAY) == 0
    assert book.lift(KEY, NOW + 1) == []
    assert book.of(KEY, NOW + 5) == [ContactLock("global", KEY, B, NOW + 5, NOW + 5 + DAY)]


def test_a_reply_processed_twice_names_the_same_scopes(book: LockBook) -> None:
    """The process may have died before Redis heard of the first."""
    book.take("global", KEY, A, NOW, NOW + DAY)
    book.take("sender:4", KEY, B, NOW, NOW + DAY)
    assert book.lift(KEY, NOW + 9) == ["global", "sender:4"]
    assert book.lift(KEY, NOW + 9) == ["global", "sender:4"]
    assert book.of(KEY, NOW + 9) == []


def test_a_provider_that_is_in_contact_holds_the_client_for_this_message(book: LockBook) -> None:
    book.take("global", KEY, A, NOW, NOW + DAY)
    book.extend("global", KEY, B, NOW, NOW + DAY // 2)
    assert [(lock.holder, lock.until_ms) for lock in book.of(KEY, NOW)] == [(B, NOW + DAY)]
    book.extend("global", phone(2), B, NOW, NOW + 5 * DAY)
    assert [lock.until_ms for lock in book.of(phone(2), NOW)] == [NOW + 5 * DAY]


def test_promise_5_a_follow_up_that_was_not_sent_leaves_the_hold_as_it_was_however_often_it_was_tried(
    book: LockBook,
) -> None:
    book.take("global", KEY, A, NOW, NOW + DAY)
    for hour in (1, 2):
        later = NOW + hour * HOUR
        book.take("global", KEY, FOLLOW_UP, later, later + DAY)
        book.take("global", KEY, FOLLOW_UP, later + 1, later + 1 + DAY)
        assert book.of(KEY, later + 1) == [ContactLock("global", KEY, A, later + 1, later + 1 + DAY)]
        assert book.give_back("global", KEY, FOLLOW_UP) == (NOW, NOW + DAY)
        assert book.give_back("global", KEY, FOLLOW_UP) == (NOW, NOW + DAY), "twice is as good as once"
        assert book.of(KEY, later + 1) == [ContactLock("global", KEY, A, NOW, NOW + DAY)]


def test_a_follow_up_that_was_not_sent_frees_whom_nobody_held_before_it(book: LockBook) -> None:
    book.take("global", KEY, A, NOW, NOW + DAY)
    book.take("global", KEY, FOLLOW_UP, NOW + DAY, NOW + 2 * DAY)
    assert book.give_back("global", KEY, FOLLOW_UP) == FREE
    assert book.of(KEY, NOW + DAY) == []


def test_a_reply_older_than_a_follow_ups_try_lifts_the_hold_that_would_come_back(book: LockBook) -> None:
    book.take("global", KEY, A, NOW, NOW + DAY)
    book.take("global", KEY, FOLLOW_UP, NOW + HOUR, NOW + HOUR + DAY)
    assert book.lift(KEY, NOW + 1) == []
    assert book.give_back("global", KEY, FOLLOW_UP) == FREE
    assert book.of(KEY, NOW + HOUR) == []


def test_survivors_are_the_locks_that_stand(book: LockBook, engine: Engine) -> None:
    book.take("account:1", phone(9), A, NOW, NOW + DAY)
    book.take("account:1", phone(8), A, NOW, NOW + 5)
    book.take("global", phone(7), A, NOW, NOW + DAY)
    book.lift(phone(7), NOW + 1)
    assert list(Survivors(engine).locks(NOW + 5)) == [("account:1", phone(9), A, NOW, NOW + DAY)]


def test_survivors_come_as_a_stream(book: LockBook, engine: Engine) -> None:
    run(
        engine,
        "INSERT INTO contact_lock SELECT 'global', n::text, 1, n, now(), now() + interval '1 day'"
        " FROM generate_series(1, 2500) AS n",
    )
    stream = Survivors(engine).locks(0)
    assert len(next(stream)) == 5
    assert len(list(stream)) == 2499


def test_promise_5_of_many_at_once_one_gets_the_client(book: LockBook) -> None:
    together, left = Barrier(8), [0] * 8

    def work(index: int) -> None:
        together.wait()
        left[index] = book.take("global", KEY, MessageId(1, index), NOW, NOW + DAY)

    threads = [Thread(target=work, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(left) == [0] + [DAY] * 7


def test_the_book_and_the_plain_locks_never_differ(engine: Engine) -> None:
    """The same rules as in Redis, played against the same twin; the clock only goes forward."""

    class Machine(RuleBasedStateMachine):
        keys = st.sampled_from([phone(1), phone(2)])
        scopes = st.sampled_from(["global", "account:1"])
        holders = st.sampled_from([A, B, MessageId(1, 2)])
        steps = st.integers(0, 40)

        def __init__(self) -> None:
            super().__init__()
            run(engine, "TRUNCATE contact_lock")
            self.book, self.plain, self.now = LockBook(engine), PlainLocks(), NOW

        @rule(scope=scopes, key=keys, holder=holders, step=steps, length=st.integers(1, 60), leaves=steps)
        def take(self, scope: str, key: str, holder: MessageId, step: int, length: int, leaves: int) -> None:
            self.now += step
            until = self.now + length
            expected = self.plain.take(scope, key, holder, until, self.now, leaves)
            assert self.book.take(scope, key, holder, self.now, until, leaves) == expected

        @rule(scope=scopes, key=keys, holder=holders)
        def give_back(self, scope: str, key: str, holder: MessageId) -> None:
            self.plain.give_back(scope, key, holder, self.now)
            self.book.give_back(scope, key, holder)

        @rule(scope=scopes, key=keys, holder=holders, length=st.integers(1, 60))
        def extend(self, scope: str, key: str, holder: MessageId, length: int) -> None:
            self.plain.extend(scope, key, holder, self.now + length, self.now)
            self.book.extend(scope, key, holder, self.now, self.now + length)

        @rule(key=keys, ago=st.integers(-5, 60))
        def lift(self, key: str, ago: int) -> None:
            for scope in ("global", "account:1"):
                self.plain.lift(scope, key, self.now - ago, self.now)
            self.book.lift(key, self.now - ago)

        @rule(scope=scopes, step=steps)
        def look(self, scope: str, step: int) -> None:
            self.now += step
            keys = [phone(1), phone(2)]
            standing = [lock for key in keys for lock in self.book.of(key, self.now) if lock.scope == scope]
            left = {lock.key: lock.until_ms - self.now for lock in standing}
            assert left == self.plain.held(scope, keys, self.now) == self.book.among(scope, keys, self.now)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_promise_5_one_client_has_one_holder_whoever_asks_at_the_same_moment(book: LockBook) -> None:
    """Many threads' wishes go in one statement; those for the same client in one each."""
    clients, each = 6, 5
    wishes = [(phone(client), MessageId(9, client * each + one)) for one in range(each) for client in range(clients)]
    met = Barrier(len(wishes))

    def take(wish: tuple[str, MessageId]) -> int:
        met.wait(30)
        return book.take("global", *wish, NOW, NOW + DAY)

    with ThreadPoolExecutor(len(wishes)) as threads:
        left_ms = list(threads.map(take, wishes, timeout=60))
    assert sorted(left_ms) == [0] * clients + [DAY] * clients * (each - 1)
    holders = {key: message for (key, message), left in zip(wishes, left_ms, strict=True) if not left}
    assert {key: book.of(key, NOW)[0].holder for key in holders} == holders
    assert len(holders) == clients


def test_wishes_of_one_statement_are_answered_in_their_order(book: LockBook) -> None:
    book.take("global", phone(3), B, NOW, NOW + HOUR)
    keys = [phone(4), phone(3), phone(2), phone(4), phone(2)]
    wishes = [Wish("global", key, MessageId(9, seq), NOW + DAY) for seq, key in enumerate(keys)]
    assert book.take_all(wishes, NOW) == [0, HOUR, 0, DAY, DAY]


def test_wishes_for_several_scopes_are_answered_in_their_order(book: LockBook) -> None:
    book.take("global", phone(3), B, NOW, NOW + HOUR)
    clients = [("account:1", phone(3)), ("global", phone(3)), ("account:1", phone(4)), ("global", phone(4))]
    wishes = [Wish(scope, key, MessageId(9, seq), NOW + DAY) for seq, (scope, key) in enumerate(clients)]
    assert book.take_all(wishes, NOW) == [0, HOUR, 0, 0]
    assert book.take_all([], NOW) == []


def test_promise_5_a_follow_up_among_others_remembers_the_hold_that_it_goes_on_from(book: LockBook) -> None:
    book.take("global", KEY, A, NOW, NOW + DAY)
    later = NOW + HOUR
    wishes = [Wish("global", phone(2), B, later + DAY), Wish("global", KEY, FOLLOW_UP, later + DAY)]
    assert book.take_all(wishes, later) == [0, 0]
    book.give_back("global", KEY, FOLLOW_UP)
    assert book.of(KEY, later) == [ContactLock("global", KEY, A, NOW, NOW + DAY)]
