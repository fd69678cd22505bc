"""Why a message that comes in now will not be sent, as far as it shows already."""

import pytest

from dispatcher.domain.campaign import DraftMessage, Refusal
from dispatcher.domain.guards import turned_away

ANA = "5511900000001"


def message(problem: str | None = None) -> DraftMessage:
    return DraftMessage(ANA, ANA, problem=problem)


@pytest.mark.parametrize(
    ("problem", "suppressed", "left_ms", "expected", "refusal"),
    [
        (None, (), {}, (), None),
        (None, ("x",), {"x": 5}, ("x",), None),
        (None, (), {ANA: 5}, (), Refusal(ANA, "contact_open", 5)),
        (None, (), {}, (ANA,), Refusal(ANA, "contact_open")),
        (None, (), {ANA: 5}, (ANA,), Refusal(ANA, "contact_open", 5)),
        (None, (ANA,), {ANA: 5}, (ANA,), Refusal(ANA, "suppressed")),
        ("invalid_number", (ANA,), {ANA: 5}, (), Refusal(ANA, "invalid_number")),
    ],
)
def test_a_message_is_turned_away_for_the_reason_that_lasts_longest(
    problem: str | None,
    suppressed: tuple[str, ...],
    left_ms: dict[str, int],
    expected: tuple[str, ...],
    refusal: Refusal | None,
) -> None:
    assert turned_away(message(problem), suppressed, left_ms, expected) == refusal
