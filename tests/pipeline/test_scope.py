"""Resuming a campaign by scope: what waits, what failed, what is in doubt."""

import pytest

from dispatcher.domain.lifecycle import MessageState
from dispatcher.pipeline import steer
from dispatcher.simulator.server import SimulatorClient
from tests.pipeline.conftest import PROVIDER, Hand

MAYBE_SENT = {"kind": "status", "status": 500, "provider": PROVIDER, "sends": True}
REFUSED = {"kind": "status", "status": 400, "provider": PROVIDER, "sends": True}
P, F, D = MessageState.PENDING, MessageState.FAILED, MessageState.IN_DOUBT


def resume(hand: Hand, number: int, *scope: MessageState) -> bool:
    done = steer.resume_scope(hand.stations, hand.wiring.campaigns, hand.wiring.doubts, number, scope)
    hand.now_ms = hand.wiring.shared_clock.now_ms() + 1_000  # by the ledger's time they are due now
    return done


@pytest.fixture
def mixed(hand: Hand, simulator: SimulatorClient) -> int:
    """A paused campaign with one message failed, one in doubt, one waiting."""
    number = hand.submit(3)
    for fault, ticket in zip((REFUSED, MAYBE_SENT), hand.release(), strict=True):
        simulator.set_faults(fault)
        hand.work(ticket)
    simulator.set_faults()
    steer.pause(hand.stations, hand.wiring.campaigns, number)
    assert hand.counts(number) == {"pending": 1, "failed": 1, "in_doubt": 1}
    return number


@pytest.mark.parametrize(
    ("scope", "then"),
    [
        ((P,), {"sent": 1, "failed": 1, "in_doubt": 1}),
        ((P, F), {"sent": 2, "in_doubt": 1}),
        ((P, D), {"sent": 2, "failed": 1}),
        ((P, F, D), {"sent": 3}),
        ((F, D), {"pending": 3}),
    ],
)
def test_what_is_in_scope_is_sent_and_nothing_else(
    hand: Hand, mixed: int, scope: tuple[MessageState, ...], then: dict[str, int]
) -> None:
    """Without `pending` the campaign stays paused, and what is taken up waits with the rest."""
    assert resume(hand, mixed, *scope)
    hand.work_all()
    assert hand.counts(mixed) == then


def test_a_campaign_that_is_done_runs_again_for_what_is_in_scope(hand: Hand, mixed: int) -> None:
    resume(hand, mixed, P)
    hand.work_all()
    assert hand.wiring.campaigns.get(mixed).state == "done"
    assert not resume(hand, mixed, P), "nothing of it waits"
    assert resume(hand, mixed, P, F, D)
    hand.work_all()
    assert (hand.counts(mixed), hand.wiring.campaigns.get(mixed).state) == ({"sent": 3}, "done")


def test_a_cancelled_campaign_stays_as_it_is(hand: Hand, mixed: int) -> None:
    steer.cancel(hand.stations, hand.wiring.campaigns, mixed)
    assert not resume(hand, mixed, P, F, D)
    assert hand.counts(mixed) == {"cancelled": 1, "failed": 1, "in_doubt": 1}
