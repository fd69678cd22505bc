"""A ticket's messages that one call cannot carry: CPC's have one `idAccount` a call."""

from dispatcher.simulator.server import SimulatorClient
from tests.pipeline.conftest import Hand
from tests.pipeline.cpc import post, through_cpc, told


def test_messages_of_two_id_accounts_leave_in_two_calls_at_the_cost_of_no_try(
    hand: Hand, simulator: SimulatorClient
) -> None:
    through_cpc(hand, simulator)
    number = post(hand, 0, 1, 2, id_account="1")
    assert post(hand, 3, 4, id_account="2") == number
    hand.work_all()
    assert hand.counts(number) == {"sent": 5}
    assert len(simulator.calls()) == 2
    assert {one.attempts for one in hand.wiring.lines.whole(number)} == {1}


def test_promise_1_a_doubt_about_a_call_is_none_about_who_was_not_in_it(hand: Hand, simulator: SimulatorClient) -> None:
    simulator.set_faults(told("cpc_500"))
    through_cpc(hand, simulator)
    number = post(hand, 0, 1, id_account="1")
    post(hand, 2, id_account="2")
    hand.work_all()
    assert hand.counts(number) == {"in_doubt": 2, "sent": 1}
