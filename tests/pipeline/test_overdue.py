"""Promise 2 where nobody takes messages up: what waits past its validity expires, and its campaign ends."""

import pytest
from sqlalchemy import text

from dispatcher.ledger import overdue
from dispatcher.ledger.engine import autocommit
from dispatcher.pipeline import steer
from dispatcher.pipeline.senders import pause_by_hand
from tests.journey.bodies import NAME
from tests.pipeline.conftest import Hand

DAY_MS = 86_400_000


@pytest.fixture
def number(hand: Hand) -> int:
    """A campaign that is valid for a minute, on senders that an operator paused."""
    account = hand.wiring.accounts.named(NAME)
    pause_by_hand(hand.stations, account, hand.wiring.accounts.senders(account.id))
    return hand.submit(3, validity_s=60)


def state(hand: Hand, number: int) -> str:
    return str(hand.wiring.campaigns.get(number).state)


def test_messages_on_paused_senders_expire_and_their_campaign_ends(hand: Hand, number: int) -> None:
    hand.now_ms += 58_000
    hand.sweep()
    assert hand.counts(number) == {"pending": 3}

    hand.now_ms += 4_000
    hand.sweep()
    assert hand.counts(number) == {"expired": 3}
    assert state(hand, number) == "done"


def test_who_waited_for_a_client_has_a_day_more(hand: Hand, number: int) -> None:
    with autocommit(hand.wiring.engine) as connection:
        connection.execute(text("UPDATE message SET waited = true WHERE seq = 1"))
    hand.now_ms += 62_000
    hand.sweep()
    assert hand.counts(number) == {"expired": 2, "pending": 1}
    assert state(hand, number) == "running"

    hand.now_ms += DAY_MS
    hand.sweep()
    assert hand.counts(number) == {"expired": 3}


def test_nothing_expires_of_a_paused_campaign_nor_of_one_without_an_end(hand: Hand, number: int) -> None:
    for_ever = hand.submit(2, validity_s=0)
    steer.pause(hand.stations, hand.wiring.campaigns, number)
    hand.now_ms += DAY_MS
    hand.sweep()
    assert hand.counts(number) == {"pending": 3}
    assert hand.counts(for_ever) == {"pending": 2}


def test_a_round_is_bounded_and_the_next_goes_on(hand: Hand, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    later_ms = hand.now_ms + 62_000
    monkeypatch.setattr(overdue, "SLICE", 2)
    assert hand.stations.overdue.expire(later_ms) == [number]
    assert hand.counts(number) == {"expired": 2, "pending": 1}
    hand.stations.overdue.expire(later_ms)
    assert hand.counts(number) == {"expired": 3}
