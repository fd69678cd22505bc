"""Who is named three times in one campaign: what a dry run says, and what is sent."""

import pytest

from dispatcher.cli.dry_run import outlook
from dispatcher.producer import submit
from tests.journey.bodies import NAME, campaign
from tests.pipeline.conftest import Hand


@pytest.mark.parametrize(("guarded", "leaving", "kept_back"), [(False, 3, {}), (True, 1, {"blocked": 2})])
def test_a_dry_run_and_the_send_agree(hand: Hand, guarded: bool, leaving: int, kept_back: dict[str, int]) -> None:
    """Without the CPC lock each of the three is a message of its own, as the file says; with it, one contact."""
    body = campaign([0, 0, 0], cpc=guarded)
    told = outlook(hand.wiring, hand.wiring.accounts.named(NAME), body)
    assert (told["different_people"], told["leaving"], told["kept_back"]) == (1, leaving, kept_back)
    number = submit(hand.stations, NAME, body).campaign_id
    hand.work_all()
    assert hand.counts(number) == {"sent": leaving, **kept_back}
