"""What keeps a message back before its call."""

import pytest

from dispatcher.domain.campaign import Campaign
from dispatcher.domain.claims import Claimed
from dispatcher.domain.followups import STEP
from dispatcher.domain.guards import ANSWERED, EXPIRED, LOCK_MS, SUPPRESSED, kept_back
from dispatcher.domain.lifecycle import CampaignState
from dispatcher.domain.outcomes import Outcome
from dispatcher.domain.pacing import Pacing

ROW = Claimed(0, 1, "", "", {}, 0, False)
CAMPAIGN = Campaign(1, 1, "", "native", CampaignState.RUNNING, Pacing(), 1, 0, validity_s=10)


@pytest.mark.parametrize(
    ("now_ms", "waited", "outcome"),
    [
        (10_000, False, None),
        (10_001, False, EXPIRED),
        (10_001, True, None),
        (10_000 + LOCK_MS, True, None),
        (10_001 + LOCK_MS, True, EXPIRED),
    ],
)
def test_who_waited_for_a_client_has_a_lock_longer_until_it_expires(
    now_ms: int, waited: bool, outcome: Outcome | None
) -> None:
    assert kept_back(CAMPAIGN, ROW._replace(waited=waited), now_ms) is outcome


def test_who_is_suppressed_is_kept_back_unless_it_is_too_late_anyway() -> None:
    assert kept_back(CAMPAIGN, ROW._replace(suppressed=True), 0) is SUPPRESSED
    assert kept_back(CAMPAIGN, ROW._replace(suppressed=True), 10_001) is EXPIRED


def test_nobody_is_followed_up_who_answered() -> None:
    assert kept_back(CAMPAIGN, ROW._replace(seq=STEP, answered=True), 0) is ANSWERED
