"""Couriers at work: real receivers, a real ledger, and a clock that goes on only when a test says so."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import count
from socket import create_server
from threading import Barrier, Event
from typing import Any

import pytest

from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.callbacks import CallbackState
from dispatcher.domain.ids import campaign_text
from dispatcher.domain.pacing import JITTER_STEPS
from dispatcher.ledger.engine import autocommit
from dispatcher.pipeline.courier import Courier
from dispatcher.producer import submit
from dispatcher.providers.callback_post import Outbox
from dispatcher.providers.contract import BadRequest
from dispatcher.wiring.clock import SharedClock
from tests.journey.bodies import campaign, names, uazapi_account
from tests.journey.receiver import SECRET, Dripping, receiving
from tests.ledger.steps import run
from tests.pipeline.conftest import Hand
from tests.waiting import wait_until
from workers.couriers import Crew


@pytest.fixture
def hand(hand: Hand) -> Hand:
    """Campaigns on this machine may name a URL, for its account can sign."""
    allowed = hand.wiring.settings.model_copy(update={"allow_private_urls": True})
    hand.wiring.settings = allowed
    hand.wiring.accounts.apply(
        read_accounts(uazapi_account("http://127.0.0.1:9", names(2), callback_secret=SECRET), {})
    )
    hand.stations = replace(hand.stations, check_callback_url=lambda account, url: None)
    return hand


@pytest.fixture
def courier(hand: Hand) -> Courier:
    """Without jitter: what failed is due at once."""
    return replace(hand.wiring.courier(), jitter=lambda: 0)


def rest_over(hand: Hand) -> None:
    """Whoever rests, or waits for a time, has waited."""
    run(hand.wiring.engine, "UPDATE callback_endpoint SET not_before = now()")
    run(hand.wiring.engine, "UPDATE callback SET due_at = now() WHERE settled_at IS NULL")


def state(hand: Hand) -> dict[str, Any]:
    from sqlalchemy import text

    with autocommit(hand.wiring.engine) as connection:
        return dict(
            connection.execute(text("SELECT *, not_before - now() AS rests FROM callback_endpoint")).mappings().one()
        )


def test_an_event_carries_who_and_what(hand: Hand, courier: Courier) -> None:
    with receiving() as app:
        number = hand.submit(1, name="junho", callback_url=app.url)
        hand.wiring.campaigns.cancel(number)
        courier.round()
    [message] = [event for event in app.taken if event["type"] == "message.cancelled"]
    assert message["data"]["message_id"] == f"{campaign_text(number)}-0"
    expected = {"campaign": "junho", "seq": 0, "phone": "5511910000000", "state": "cancelled", "reason": "cancelled"}
    assert expected.items() <= message["data"].items()
    assert message["timestamp"].endswith("Z")


def test_what_was_refused_comes_again_under_the_same_id_and_before_what_followed(hand: Hand, courier: Courier) -> None:
    refusals = [500, 302, 400]
    with receiving() as app:
        app.answer = lambda event: (refusals.pop(), {"location": app.url}) if refusals else (200, {})
        hand.submit(1, callback_url=app.url)
        hand.wiring.campaigns.pause(int(hand.wiring.campaigns.page()[0].id))
        for _ in range(4):
            courier.round()
            rest_over(hand)
        assert app.types(None) == ["campaign.running", "campaign.paused"]
        assert len({event["id"] for event in app.seen}) == 2
        assert [event["type"] for event in app.seen] == ["campaign.running"] * 4 + ["campaign.paused"]


def test_a_410_disables_the_endpoint(hand: Hand, courier: Courier) -> None:
    with receiving(lambda event: (410, {})) as app:
        hand.submit(1, callback_url=app.url)
        courier.round()
        rest_over(hand)
        assert not courier.round()
        assert len(app.seen) == 1
        [failed] = hand.wiring.callbacks.page(CallbackState.FAILED)
        assert failed.trouble == "http_410"


@pytest.mark.parametrize(("status", "least_s"), [(429, 3000), (503, 3000), (500, 0)])
def test_a_retry_after_is_obeyed(hand: Hand, courier: Courier, status: int, least_s: int) -> None:
    with receiving(lambda event: (status, {"retry-after": "3600"})) as app:
        hand.submit(1, callback_url=app.url)
        courier.round()
    assert (state(hand)["rests"].total_seconds() > 3000) is bool(least_s)


def test_who_failed_for_three_days_is_given_up(hand: Hand, courier: Courier) -> None:
    with receiving(lambda event: (500, {})) as app:
        hand.submit(1, callback_url=app.url)
        courier.round()
        run(hand.wiring.engine, "UPDATE callback_endpoint SET failing_since = now() - interval '73 hours'")
        rest_over(hand)
        courier.round()
        assert state(hand)["disabled_reason"] == "http_500"
        app.answer = lambda event: (200, {})
        assert hand.wiring.callbacks.send_again() == 1
        courier.round()
        assert app.types(None) == ["campaign.running"]


def test_one_event_that_is_always_refused_holds_up_only_its_own_message(hand: Hand, courier: Courier) -> None:
    with receiving(lambda event: (400 if event["data"].get("seq") == 0 else 200, {})) as app:
        number = hand.submit(30, callback_url=app.url)
        hand.wiring.campaigns.cancel(number)
        for _ in range(60):  # here it is due at each of them; it comes less and less often elsewhere
            courier.round()
            rest_over(hand)
        assert {event["data"]["seq"] for event in app.taken if "seq" in event["data"]} == set(range(1, 30))


def test_an_endpoint_whose_turn_is_over_is_soon_served_again(hand: Hand, courier: Courier) -> None:
    """Every look at the clock takes six seconds: a turn is one wave, of one call and then of ten."""
    looks = count(hand.now_ms, 6_000)
    hurried = replace(courier, now_ms=partial(next, looks))
    with receiving() as app:
        number = hand.submit(15, callback_url=app.url)
        hand.wiring.campaigns.cancel(number)
        for taken in (1, 11, 17):
            assert hurried.round()
            assert len(app.taken) == taken


def test_an_endpoint_that_we_cannot_serve_ourselves_rests_and_others_have_their_turns(
    hand: Hand, courier: Courier
) -> None:
    """Its account's secret was encrypted with another key."""
    other = uazapi_account("http://127.0.0.1:9", names(1), "outra", callback_secret=SECRET)
    hand.wiring.accounts.apply(read_accounts(other, {}))
    with receiving() as app:
        hand.submit(1, callback_url=app.url)
        run(hand.wiring.engine, "UPDATE account SET callback_secret = 'x' WHERE name = 'loja'")
        submit(hand.stations, "outra", {**campaign(range(1), callback_url=app.url), "account": "outra"})
        with pytest.raises(Exception, match="SECRET_KEY"):
            courier.round()
        assert courier.round()
        assert not courier.round()
        assert app.types(None) == ["campaign.running"]


def test_a_changed_secret_signs_what_waits(hand: Hand, courier: Courier) -> None:
    old = "whsec_" + "b2xkb2xk" * 4
    account = uazapi_account("http://127.0.0.1:9", names(2), callback_secret=old)
    hand.wiring.accounts.apply(read_accounts(account, {}))
    with receiving() as app:
        hand.submit(1, callback_url=app.url)
        courier.round()
        assert app.taken == []
        hand.wiring.accounts.apply(read_accounts(account.replace(old, SECRET), {}))
        rest_over(hand)
        courier.round()
        assert app.types(None) == ["campaign.running"]


def test_what_becomes_of_a_removed_accounts_campaigns_is_still_told(hand: Hand, courier: Courier) -> None:
    with receiving() as app:
        hand.submit(1, callback_url=app.url)
        hand.wiring.accounts.remove("loja")
        hand.sweep()
        while len(app.taken) < 2:
            assert courier.round()
        assert app.types(None) == ["campaign.running", "campaign.paused"]


def test_a_receiver_that_drips_is_left_and_its_connection_closed(hand: Hand, courier: Courier) -> None:
    """It sends a header line now and then, for ever: no time-out of a single read ends that."""
    with Dripping() as app:
        hand.submit(1, callback_url=app.url)
        replace(courier, wave_s=0.5).round()
        [waiting] = hand.wiring.callbacks.page(CallbackState.WAITING)
        assert (waiting.trouble, waiting.attempts) == ("read_timeout", 1)
        assert app.left.wait(20)


def test_a_hundred_slow_receivers_do_not_hold_up_one_that_is_quick(hand: Hand, courier: Courier) -> None:
    """Who has as many slow ones as it may serve at once does not come near another."""
    with receiving(lambda event: (500, {})) as slow, receiving() as quick:
        for number in range(100):
            hand.submit(1, callback_url=f"{slow.url}/{number}")
        run(hand.wiring.engine, "UPDATE callback_endpoint SET slow = true")
        hand.submit(1, callback_url=quick.url)
        assert courier.round(slow_too=False)
        assert not courier.round(slow_too=False)
        assert (len(quick.taken), slow.seen) == (1, [])


def test_who_failed_rests_also_when_redis_has_another_time_than_the_ledger(hand: Hand) -> None:
    """What is due is compared with the ledger's clock; waits by a clock that is behind would be none."""
    hand.wiring.shared_clock = SharedClock(lambda: 0)
    with receiving(lambda event: (500, {})) as app:
        hand.submit(1, callback_url=app.url)
        replace(hand.wiring.courier(), jitter=lambda: JITTER_STEPS - 1).round()
    [waiting] = hand.wiring.callbacks.page(CallbackState.WAITING)
    assert waiting.due_at_ms is not None
    assert waiting.due_at_ms > waiting.at_ms


def test_promise_8_what_fails_leaves_no_number_address_or_secret_in_logs_and_redis(
    hand: Hand, courier: Courier, capsys: pytest.CaptureFixture[str]
) -> None:
    with receiving(lambda event: (410, {})) as app:
        number = hand.submit(1, callback_url=f"{app.url}?key=s3cret")
        hand.wiring.campaigns.cancel(number)
        run(hand.wiring.engine, "UPDATE callback SET tried_at = now() - interval '4 days'")
        courier.round()
    logged = capsys.readouterr().out
    assert "callback.disabled" in logged
    assert "callback.failed" in logged
    told = [repr(hand.wiring.redis.dump(key)) + repr(key) for key in hand.wiring.redis.scan_iter()]
    for word in ("5511910000000", "s3cret", "whsec", "/hook"):
        assert word not in logged
        assert word not in "".join(told)


def test_who_takes_long_is_slow_until_it_answers_quickly(hand: Hand, courier: Courier) -> None:
    with receiving(lambda event: (500, {})) as app:
        hand.submit(1, callback_url=app.url)
        for step_ms, slow in ((2_001, True), (100, False)):
            stepping = count(hand.now_ms, step_ms)
            replace(courier, now_ms=partial(next, stepping)).round()
            assert state(hand)["slow"] is slow
            rest_over(hand)


def test_a_name_that_turns_to_a_private_address_is_not_called(hand: Hand, courier: Courier) -> None:
    """It was public when the campaign named it; the address that is called is the one that was checked."""
    with receiving() as app:
        hand.submit(1, callback_url=app.url.replace("127.0.0.1", "localhost"))
        public = hand.wiring.settings.model_copy(update={"allow_private_urls": False})
        hand.wiring.settings = public
        courier.round()
        [waiting] = hand.wiring.callbacks.page(CallbackState.WAITING)
        assert (waiting.trouble, app.seen) == ("private_address", [])


def test_a_slow_receiver_does_not_hold_up_another(hand: Hand, courier: Courier) -> None:
    """The slow one answers only when the other has been told everything."""
    go_on = Event()
    with receiving(lambda event: (200 if go_on.wait(20) else 500, {})) as slow, receiving() as quick:
        hand.submit(1, callback_url=slow.url)
        hand.submit(1, callback_url=quick.url)
        with ThreadPoolExecutor(1) as other:
            held = other.submit(courier.round)
            while not slow.seen:
                assert not held.done()
            second = hand.wiring.courier()
            while not quick.taken:
                second.round()
            assert not slow.taken
            go_on.set()
            assert held.result(20)
        assert slow.types(None) == quick.types(None) == ["campaign.running"]


def test_no_more_than_ten_calls_at_once_reach_a_receiver(hand: Hand, courier: Courier) -> None:
    under_way: list[int] = []
    most = [0]
    ten, places = Barrier(10), count()

    def answer(event: dict[str, Any]) -> tuple[int, dict[str, str]]:
        """The ten after the first are answered when all of them are there."""
        under_way.append(1)
        most[0] = max(most[0], len(under_way))
        if 1 <= next(places) <= 10:
            ten.wait(20)
        under_way.pop()
        return 200, {}

    with receiving(answer) as app:
        number = hand.submit(60, callback_url=app.url)
        hand.wiring.campaigns.cancel(number)
        while courier.round():
            rest_over(hand)
        assert len(app.taken) == 62
    assert most[0] == 10


@pytest.mark.parametrize(
    ("url", "allowed", "trouble"),
    [
        ("http://127.0.0.1:9/hook", False, "private_address"),
        ("http://127.0.0.1:9/hook", True, "connection_refused"),
        ("http://nobody.invalid/hook", True, "unknown_host"),
    ],
)
def test_why_an_event_was_not_brought(hand: Hand, courier: Courier, url: str, allowed: bool, trouble: str) -> None:
    hand.wiring.settings = hand.wiring.settings.model_copy(update={"allow_private_urls": allowed})
    hand.submit(1, callback_url=url)
    courier.round()
    [waiting] = hand.wiring.callbacks.page(CallbackState.WAITING)
    assert (waiting.trouble, waiting.attempts) == (trouble, 1)


def test_without_a_secret_nothing_leaves(hand: Hand) -> None:
    with receiving() as app, Outbox(app.url, "", True, lambda: 0) as outbox:
        hand.submit(1, callback_url=app.url)
        endpoint = hand.wiring.callbacks.take(10)
        assert endpoint is not None
        [due] = hand.wiring.callbacks.due(endpoint.id, 10)
        assert outbox.post(due).trouble == "no_secret"
    assert app.seen == []


@pytest.mark.parametrize(
    ("url", "secret", "rule"),
    [
        ("http://127.0.0.1/hook", SECRET, "points at a private address"),
        ("http://[::1]/hook", SECRET, "points at a private address"),
        ("http://nobody.invalid/hook", SECRET, "its host is not known"),
        ("https://user:word@8.8.8.8/hook", SECRET, "must hold no user and no password: callbacks are signed"),
        ("https://8.8.8.8/hook", "", "the account has no callback_secret to sign callbacks with"),
    ],
)
def test_a_url_that_may_not_be_called_is_refused_by_its_field(hand: Hand, url: str, secret: str, rule: str) -> None:
    from dispatcher.providers.callback_post import check_callback_url

    account = replace(hand.wiring.accounts.named("loja"), callback_secret=secret)
    with pytest.raises(BadRequest) as refused:
        check_callback_url(account, url, allow_private=False)
    assert refused.value.problems == (("callback_url", rule),)


def test_a_turn_begins_with_one_call_and_goes_on_with_ten(hand: Hand, courier: Courier) -> None:
    """Whoever has died since the last one costs a thread, not ten."""
    number = hand.submit(20, callback_url="http://127.0.0.1:9/hook")
    hand.wiring.campaigns.cancel(number)
    courier.round()
    assert sum(one.attempts for one in hand.wiring.callbacks.page(CallbackState.WAITING)) == 1


def test_hundreds_that_have_just_died_do_not_hold_up_one_that_is_well(hand: Hand) -> None:
    """All were quick the last time; each takes ten seconds now: a few threads would come to the last after minutes."""
    halted, broken = Event(), list[Exception]()
    with create_server(("127.0.0.1", 0), backlog=4_096) as dead, receiving() as well:
        for number in range(100):
            hand.submit(1, callback_url=f"http://127.0.0.1:{dead.getsockname()[1]}/{number}")
        run(hand.wiring.engine, "UPDATE callback_endpoint SET slow = false")
        hand.submit(1, callback_url=well.url)
        with ThreadPoolExecutor(1) as threads:
            crew = threads.submit(Crew(hand.wiring.courier(), broken.append, halted).run)
            try:
                wait_until(lambda: bool(well.taken), 60)
            finally:
                dead.close()
                halted.set()
            crew.result()
    assert broken == []


def test_slow_ones_take_only_a_part_of_the_threads(hand: Hand) -> None:
    """The others wait for one of them to be over, and quick ones are served meanwhile."""
    halted, go_on = Event(), Event()
    with receiving(lambda event: (200 if go_on.wait(60) else 500, {})) as slow, receiving() as well:
        for number in range(6):
            hand.submit(1, callback_url=f"{slow.url}/{number}")
        run(hand.wiring.engine, "UPDATE callback_endpoint SET slow = true")
        hand.submit(1, callback_url=well.url)
        with ThreadPoolExecutor(1) as threads:
            crew = threads.submit(Crew(hand.wiring.courier(), lambda error: None, halted, 4, 2).run)
            try:
                wait_until(lambda: bool(well.taken), 60)
                assert len(slow.seen) <= 2
            finally:
                go_on.set()
            wait_until(lambda: len(slow.taken) == 6, 60)
            halted.set()
            crew.result()
