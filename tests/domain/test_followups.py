"""Which follow-ups a message has, and when."""

from typing import Any

import pytest

from dispatcher.domain.followups import (
    MOST,
    STEP,
    FollowUp,
    follow_up_at,
    follow_ups_of,
    follows,
    next_due_ms,
    of_options,
)
from dispatcher.domain.ids import MessageId, parse_message

STEPS = ({"after_s": 10, "text": "oi?"}, {"after_s": 20, "text": "tchau"})
CPC = of_options({"follow_ups": "dispatcher"})
A_DAY_MS = 86_400_000


@pytest.mark.parametrize(("seq", "due_ms"), [(7, 11_000), (7 + STEP, 21_000), (7 + 2 * STEP, None)])
def test_each_is_due_some_time_after_the_one_before(seq: int, due_ms: int | None) -> None:
    assert next_due_ms(STEPS, {}, seq, 1_000) == due_ms


def test_a_campaign_without_follow_ups_has_none() -> None:
    assert next_due_ms((), {"params": {"retryTemplate": "oi?"}}, 0, 1_000) is None
    assert of_options({}) == of_options({"follow_ups": "provider"}) == ()


@pytest.mark.parametrize(
    ("params", "texts"),
    [
        ({"retryTemplate": "oi?", "lastTemplate": "tchau"}, ["oi?", "tchau"]),
        ({"lastTemplate": "tchau"}, ["tchau"]),
        ({"retryTemplate": "  ", "lastTemplate": 5}, []),
        ({}, []),
    ],
)
def test_cpcs_templates_are_a_day_apart_and_those_that_are_missing_leave_no_gap(
    params: dict[str, Any], texts: list[str]
) -> None:
    assert follow_ups_of(CPC, {"params": params}) == [FollowUp(A_DAY_MS, text) for text in texts]


def test_a_follow_up_knows_what_it_says_and_what_it_follows() -> None:
    assert (follow_up_at(STEPS, {}, 7), follows(7)) == (None, None)
    assert (follow_up_at(STEPS, {}, 7 + 2 * STEP), follows(7 + 2 * STEP)) == (FollowUp(20_000, "tchau"), 7 + STEP)


def test_the_last_follow_up_of_the_last_recipient_has_an_id_that_can_be_read_again() -> None:
    last = MessageId(1, MOST * STEP + STEP - 1)
    assert parse_message(str(last)) == last
