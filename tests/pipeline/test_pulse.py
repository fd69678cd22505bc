"""A start that passed while nobody was there asks instead of firing; what waits for something else is left alone."""

from typing import Any

import pytest
from sqlalchemy import text

from dispatcher.ledger.engine import autocommit
from dispatcher.ledger.pulse import STALE_START
from dispatcher.pipeline import steer
from dispatcher.pipeline.pulse import Pulse
from tests.pipeline.conftest import PROVIDER, Hand

HOUR_S = 3600


def execute(hand: Hand, statement: str, **values: Any) -> None:
    with autocommit(hand.wiring.engine) as connection:
        connection.execute(text(statement), values)


def last_pulse(hand: Hand, seconds_ago: int | None) -> None:
    """None: never."""
    execute(hand, "DELETE FROM pulse")
    if seconds_ago is not None:
        execute(hand, f"INSERT INTO pulse VALUES (:provider, now() - interval '{seconds_ago} s')", provider=PROVIDER)


def start(hand: Hand, number: int, seconds_ago: int) -> None:
    execute(hand, f"UPDATE campaign SET scheduled_for = now() - interval '{seconds_ago} s' WHERE id = :id", id=number)


def reason(hand: Hand, number: int) -> str | None:
    Pulse(hand.stations, [PROVIDER]).beat()
    return hand.wiring.campaigns.get(number).paused_reason


@pytest.mark.parametrize(
    ("pulse", "started", "stale"),
    [
        (5 * HOUR_S, 2 * HOUR_S, True),
        (None, 2 * HOUR_S, True),
        (5 * HOUR_S, HOUR_S - 60, False),  # within the tolerance
        (2 * HOUR_S, 5 * HOUR_S, False),  # it had begun to wait before, for hours or a paused sender
        (30, 2 * HOUR_S, False),  # nobody was away
        (5 * HOUR_S, -HOUR_S, False),  # it lies ahead
    ],
)
def test_a_start_is_stale_when_it_passed_while_nobody_was_there(
    hand: Hand, pulse: int | None, started: int, stale: bool
) -> None:
    number = hand.submit(3)
    last_pulse(hand, pulse)
    start(hand, number, started)
    assert (reason(hand, number) == STALE_START) is stale


def test_promise_6_a_stale_campaign_releases_nothing_until_it_is_resumed_and_then_all(hand: Hand) -> None:
    number = hand.submit(3)
    last_pulse(hand, 5 * HOUR_S)
    start(hand, number, 2 * HOUR_S)
    assert reason(hand, number) == STALE_START
    assert hand.release() == ()
    steer.resume(hand.stations, hand.wiring.campaigns, number)
    assert reason(hand, number) is None, "it is not stale again"
    hand.now_ms = hand.wiring.shared_clock.now_ms() + 1_000
    hand.work_all()
    assert hand.counts(number) == {"sent": 3}


def test_what_had_begun_or_has_no_start_or_is_paused_or_anothers_is_left_alone(hand: Hand) -> None:
    begun, at_once, paused = hand.submit(1), hand.submit(3), hand.submit(3)
    [ticket, *_] = hand.release()
    assert ticket.campaign == begun
    hand.stations.messages.claim(ticket)
    steer.pause(hand.stations, hand.wiring.campaigns, paused, "an operator's own")
    last_pulse(hand, 5 * HOUR_S)
    for number in (begun, paused):
        start(hand, number, 2 * HOUR_S)
    Pulse(hand.stations, ["kinbox"]).beat()
    assert [reason(hand, one) for one in (begun, at_once, paused)] == [None, None, "an operator's own"]


def test_who_has_not_told_its_pulse_for_long_must_before_it_releases(hand: Hand) -> None:
    pulse = Pulse(hand.stations, [PROVIDER])
    assert (pulse.is_due, pulse.is_fresh) == (True, False)
    pulse.beat()
    assert (pulse.is_due, pulse.is_fresh) == (False, True)
