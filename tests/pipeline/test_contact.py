"""Promise 5 where two attempts, two servers or two accounts could disagree about who is in contact with a client."""

from collections.abc import Callable
from dataclasses import replace
from threading import Timer

import pytest

from dispatcher.coordination.locks import ContactLocks
from dispatcher.domain.account import Account
from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.contactlock import Stands
from dispatcher.domain.guards import LOCK_MS
from dispatcher.domain.ids import MessageId, campaign_text
from dispatcher.domain.inbound import InboundEvent, InboundKind
from dispatcher.domain.phone import canonical
from dispatcher.ledger.locks import LockBook
from dispatcher.ledger.survivors import Survivors
from dispatcher.pipeline.doubt import resolve
from dispatcher.pipeline.reply import process, receive
from dispatcher.producer import submit
from dispatcher.simulator.server import SimulatorClient
from tests.heldlocks import is_held
from tests.journey.bodies import campaign, names, phone, uazapi_account
from tests.pipeline.conftest import PROVIDER, Hand
from tests.pipeline.test_held_up import LEASE_MS, Stopping

CLIENT = canonical(phone(0))
NOT_THERE = {"kind": "preset", "name": "uazapi_not_on_whatsapp"}


def held(hand: Hand) -> list[str]:
    """Where the client is held: by the ledger, by Redis."""
    standing = [("ledger", lock.scope) for lock in hand.wiring.lock_book.of(CLIENT, hand.now_ms)]
    scopes = ["global", *(f"sender:{sender.id}" for sender in hand.wiring.accounts.all_senders())]
    standing += [("redis", scope) for scope in scopes if is_held(hand.wiring, scope, CLIENT)]
    return [f"{where} {scope}" for where, scope in standing]


def answered(hand: Hand) -> list[bool]:
    with hand.wiring.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT answered_at IS NOT NULL FROM message ORDER BY campaign_id, seq")
        return list(rows.scalars())


def replied(hand: Hand, at_ms: int, account: Account | None = None, sender: str = "") -> None:
    """A reply of that time comes in, not before it."""
    hand.now_ms = max(hand.now_ms, at_ms)
    event = InboundEvent(InboundKind.REPLY, f"reply:{at_ms}", at_ms, key=CLIENT, text="oi", sender_name=sender)
    receive(hand.stations, account, [event])
    (number,) = hand.wiring.inbound.waiting(0, 10)
    process(hand.stations, number)


def test_promise_5_an_attempt_that_came_too_late_does_not_free_who_was_sent_to_by_the_next(
    hand: Hand, simulator: SimulatorClient
) -> None:
    number = hand.submit(1, cpc=True)

    def meanwhile() -> None:
        hand.now_ms += LEASE_MS
        hand.work_all()
        resolve(hand.stations, number, f"{campaign_text(number)}-0.1", (0.0,))
        hand.work_all()
        assert hand.counts(number) == {"sent": 1}

    (ticket,) = hand.release()
    hand.work(ticket, replace(hand.stations, messages=Stopping(hand.wiring.engine, after=meanwhile)))
    assert hand.counts(number) == {"sent": 1}
    assert held(hand) == ["ledger global", "redis global"]

    other = hand.submit(1, cpc=True)
    hand.work_all()
    assert hand.counts(other) == {"blocked": 1}
    assert simulator.summary()["deliveries"] == 1


def test_a_client_is_given_back_also_when_redis_is_being_built_up_just_then(
    hand: Hand, simulator: SimulatorClient
) -> None:
    """The rebuild has read the lock, and is not through when the lock is given back."""
    simulator.set_faults(NOT_THERE)

    class Rebuilding(LockBook):
        def give_back(self, scope: str, key: str, message: MessageId) -> Stands | None:
            hand.wiring.builder.clear()
            hand.wiring.builder.put_locks(Survivors(hand.wiring.engine).locks(hand.now_ms))
            Timer(0.2, hand.wiring.builder.complete).start()
            return super().give_back(scope, key, message)

    number = hand.submit(1, cpc=True)
    (ticket,) = hand.release()
    hand.work(ticket, replace(hand.stations, lock_book=Rebuilding(hand.wiring.engine)))
    assert hand.counts(number) == {"failed": 1}
    assert held(hand) == []


def test_who_is_refused_by_the_ledger_alone_leaves_no_lock_of_its_own_in_redis(hand: Hand) -> None:
    first = hand.submit(1, cpc=True)
    hand.work_all()
    (lock,) = hand.wiring.lock_book.of(CLIENT, hand.now_ms)
    hand.wiring.redis.delete(*hand.wiring.redis.scan_iter("d:lock:*"))
    second = hand.submit(1, cpc=True)
    hand.work_all()
    assert (hand.counts(first), hand.counts(second)) == ({"sent": 1}, {"blocked": 1})
    replied(hand, lock.taken_ms + 1)
    assert held(hand) == []


@pytest.fixture
def by_tag(hand: Hand, simulator: SimulatorClient) -> Hand:
    """Each sender has its own contacts; a client is in contact with both."""
    toml = uazapi_account(simulator.url, names(2), cpc=True, cpc_scope="tag")
    hand.wiring.accounts.apply(read_accounts(toml, {}))
    hand.wiring.accounts.apply(read_accounts(uazapi_account(simulator.url, ["other"], name="other"), {}))
    sent = [hand.submit(1, senders=[sender]) for sender in names(2)]
    hand.work_all()
    assert [hand.counts(number) for number in sent] == [{"sent": 1}] * 2
    return hand


def test_promise_5_a_reply_to_one_sender_says_nothing_about_another(by_tag: Hand) -> None:
    account = by_tag.wiring.accounts.named("loja")
    first, second = by_tag.wiring.accounts.senders(account.id)
    replied(by_tag, by_tag.now_ms + 900, account, first.name)
    assert held(by_tag) == [f"ledger sender:{second.id}", f"redis sender:{second.id}"]


def test_promise_5_a_reply_to_another_account_says_nothing_about_this_one(by_tag: Hand) -> None:
    replied(by_tag, by_tag.now_ms + 900, by_tag.wiring.accounts.named("other"))
    assert len(held(by_tag)) == 4


@pytest.mark.parametrize("name", ["", "5511900000099"])
def test_a_reply_to_no_sender_in_particular_counts_for_all_of_its_account(by_tag: Hand, name: str) -> None:
    replied(by_tag, by_tag.now_ms + 900, by_tag.wiring.accounts.named("loja"), name)
    assert held(by_tag) == []


def test_a_reply_that_only_an_app_saw_counts_everywhere(by_tag: Hand) -> None:
    replied(by_tag, by_tag.now_ms + 900)
    assert held(by_tag) == []


def test_promise_5_a_reply_with_a_time_ahead_does_not_lift_what_is_sent_before_it_is_processed(hand: Hand) -> None:
    event = InboundEvent(InboundKind.REPLY, "reply:ahead", hand.now_ms + 3_600_000, key=CLIENT)
    receive(hand.stations, None, [event])
    hand.now_ms += 5_000
    hand.submit(1, cpc=True)
    hand.work_all()
    (number,) = hand.wiring.inbound.waiting(0, 10)
    process(hand.stations, number)
    assert held(hand) == ["ledger global", "redis global"]


def test_promise_5_the_day_counts_from_the_last_send_of_a_batch_that_the_provider_spaces_out(
    hand: Hand, simulator: SimulatorClient
) -> None:
    hand.wiring.accounts.apply(read_accounts(uazapi_account(simulator.url, names(2), batch=3), {}))
    hand.submit(3, cpc=True, delay_min=60, delay_max=60)
    hand.work_all()
    (lock,) = hand.wiring.lock_book.of(CLIENT, hand.now_ms)
    assert lock.until_ms - hand.now_ms == LOCK_MS + 2 * 60_000
    assert PROVIDER == "uazapi", "which spaces the messages of a batch by itself"


def test_promise_5_a_reply_while_a_batch_is_under_way_lifts_nothing_until_its_message_has_left(hand: Hand) -> None:
    """The client's message is the third of three, a minute apart: what it answers before then is older."""
    toml = uazapi_account(hand.wiring.accounts.named("loja").base_urls[0], names(2), batch=3)
    hand.wiring.accounts.apply(read_accounts(toml, {}))
    body = {**campaign((2, 1, 0)), "cpc": True, "delay_min": 60, "delay_max": 60}
    submit(hand.stations, "loja", body)
    hand.work_all()
    handed_over_ms = hand.now_ms
    replied(hand, handed_over_ms + 119_000)
    assert held(hand) == ["ledger global", "redis global"]
    assert answered(hand) == [False, False, False]
    replied(hand, handed_over_ms + 125_000)
    assert held(hand) == []
    assert answered(hand) == [False, False, True]


def test_promise_5_a_reply_by_two_routes_stamped_to_the_second_lifts_once(hand: Hand) -> None:
    """The first lifts; what is sent later in that very second stays locked when the second comes."""
    hand.submit(1, cpc=True)
    hand.work_all()
    second = (hand.now_ms // 1000 + 5) * 1000
    hand.now_ms = second + 200
    stamped = InboundEvent(InboundKind.REPLY, "reply:3EB0", second + 999, key=CLIENT)
    numbers = []
    for route, at_ms in ((hand.wiring.accounts.named("loja"), second + 200), (None, second + 700)):
        hand.now_ms = at_ms
        receive(hand.stations, route, [stamped])
        (number,) = hand.wiring.inbound.waiting(0, 10)
        process(hand.stations, number)
        numbers.append(number)
        if route is not None:
            assert held(hand) == []
            hand.now_ms = second + 500
            hand.submit(1, cpc=True)
            hand.work_all()
    assert len(set(numbers)) == 2
    assert held(hand) == ["ledger global", "redis global"]


def test_promise_5_a_reply_stamped_to_the_second_of_the_send_lifts_it(hand: Hand) -> None:
    hand.submit(1, cpc=True)
    hand.work_all()
    (lock,) = hand.wiring.lock_book.of(CLIENT, hand.now_ms)
    hand.now_ms += 5_000
    replied(hand, lock.taken_ms // 1000 * 1000 + 999)
    assert [one for one in held(hand) if one.startswith("ledger")] == []


def test_a_reply_lifts_also_what_redis_alone_knows_of(hand: Hand) -> None:
    """A worker died after it had taken the lock there, before the ledger had it."""
    hand.stations.locks.take("global", CLIENT, MessageId(1, 0), hand.now_ms + LOCK_MS)
    assert held(hand) == ["redis global"]
    replied(hand, hand.now_ms - 60_000)
    assert held(hand) == ["redis global"], "older than the send"
    replied(hand, hand.now_ms + 60_000)
    assert held(hand) == []


def test_promise_5_a_reply_that_came_while_the_lock_was_being_taken_does_not_lift_it(hand: Hand) -> None:
    """It answers something older. Found by the model: the ledger lifted what Redis went on holding."""
    hand.submit(1, cpc=True)
    (ticket,) = hand.release()

    class AfterAReply(ContactLocks):
        def take(self, scope: str, key: str, holder: MessageId, until_ms: int, leaves_in_ms: int = 0) -> int:
            hand.now_ms += 300
            return super().take(scope, key, holder, until_ms, leaves_in_ms)

    locks = AfterAReply(hand.wiring.redis, hand.wiring.secrecy, now_ms=lambda: hand.now_ms)
    hand.work(ticket, replace(hand.stations, locks=locks))
    replied(hand, hand.now_ms - 100)
    assert held(hand) == ["ledger global", "redis global"]


class HeldUp(LockBook):
    """The ledger of a worker that stands still once it has its first lock there, while `meanwhile` happens."""

    def __init__(self, hand: Hand, meanwhile: Callable[[], None]) -> None:
        super().__init__(hand.wiring.engine)
        self._meanwhile = [meanwhile]

    def take(self, scope: str, key: str, holder: MessageId, now_ms: int, until_ms: int, leaves_in_ms: int = 0) -> int:
        left_ms = super().take(scope, key, holder, now_ms, until_ms, leaves_in_ms)
        while self._meanwhile:
            self._meanwhile.pop()()
        return left_ms


def replies_meanwhile(hand: Hand) -> None:
    hand.now_ms += 5_000
    replied(hand, hand.now_ms)
    hand.now_ms += 5_000


def test_promise_5_a_reply_to_something_older_does_not_lift_the_lock_of_who_was_held_up_before_the_call(
    hand: Hand,
) -> None:
    hand.submit(1, cpc=True)
    (ticket,) = hand.release()
    hand.work(ticket, replace(hand.stations, lock_book=HeldUp(hand, lambda: replies_meanwhile(hand))))
    assert held(hand) == ["ledger global", "redis global"]


def test_promise_5_who_was_held_up_does_not_call_when_another_message_has_its_client_by_then(
    hand: Hand, simulator: SimulatorClient
) -> None:
    first, second = hand.submit(1, cpc=True), hand.submit(1, cpc=True)
    ticket, other = sorted(hand.release(), key=lambda one: one.campaign)

    def meanwhile() -> None:
        replies_meanwhile(hand)
        hand.work(other)

    hand.work(ticket, replace(hand.stations, lock_book=HeldUp(hand, meanwhile)))
    assert simulator.summary()["deliveries"] == 1
    hand.now_ms += 2_000
    hand.work_all()
    assert (hand.counts(first), hand.counts(second)) == ({"blocked": 1}, {"sent": 1})
