"""What HTTP alone says, and times on the wire."""

from typing import Any

import pytest

from dispatcher.domain.outcomes import Fate, Halt, Scope
from dispatcher.providers.stamps import read_stamp
from dispatcher.providers.statuses import by_status, retry_after_s
from tests.providers.jobs import PHONES, answer, job, parcels, sender


@pytest.mark.parametrize("status", [*range(300, 600)])
def test_every_status_has_a_meaning_and_only_certain_ones_allow_another_try(status: int) -> None:
    (outcome,) = by_status(job("uazapi"), answer(status)).outcomes
    assert outcome.fate is not Fate.SENT
    assert outcome.reason
    if status >= 500 and status != 503:
        assert outcome.fate is Fate.IN_DOUBT


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "99999999"}, 86_400.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "²"}, None),
        ({"retry-after": "Mon, 24 Nov 2025 16:00:30 GMT", "date": "Mon, 24 Nov 2025 16:00:00 GMT"}, 30.0),
        ({"retry-after": "Mon, 24 Nov 2025 16:00:00 GMT", "date": "Mon, 24 Nov 2025 16:00:30 GMT"}, 0.0),
        ({"retry-after": "Mon, 24 Nov 2025 16:00:30 GMT"}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_by_the_answers_own_clock(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after_s(headers) == seconds


@pytest.mark.parametrize("status", [429, 503])
def test_a_provider_that_asks_for_time_gets_it(status: int) -> None:
    (outcome,) = by_status(job("uazapi"), answer(status, retry_after="3")).outcomes
    assert (outcome.fate, outcome.retry_after_s) == (Fate.RETRY, 3.0)


def test_a_refused_batch_is_tried_message_by_message() -> None:
    reading = by_status(job("uazapi", *parcels(PHONES)), answer(400), "bad number +55 11 90000-0001")
    assert {(one.fate, one.reason, one.detail) for one in reading.outcomes} == {
        (Fate.RETRY, "refused_in_batch", "bad number …")
    }


def test_a_senders_own_base_url_halts_the_sender_alone() -> None:
    reading = by_status(job("uazapi", sender=sender(base_urls=("http://own",))), answer(404))
    assert reading.halt == Halt(Scope.SENDER, "endpoint_not_found")


@pytest.mark.parametrize(
    ("value", "ms"),
    [
        (1_764_000_000, 1_764_000_000_999),
        ("1764000000", 1_764_000_000_999),
        (1_764_000_000.25, 1_764_000_000_250),
        (1_764_000_000.0, 1_764_000_000_999),
        (1_764_000_000_123, 1_764_000_000_123),
        (1_764_000_000_123_456, 1_764_000_000_123),
        ("2025-11-24T16:00:00Z", 1_764_000_000_999),
        ("2025-11-24T13:00:00.123-03:00", 1_764_000_000_123),
        ("2025-11-24T16:00:00", None),
        ("soon", None),
        (0, None),
        (-5, None),
        ("9999-12-31T23:59:59Z", 253_402_300_799_999),
        ("9999-12-31T23:59:59-23:59", None),
        ("0001-01-01T00:00:00+23:59", None),
        ("1970-01-01T00:00:00+14:00", None),
        (True, None),
        (None, None),
        ({}, None),
    ],
)
def test_a_stamp_is_the_latest_moment_that_it_can_mean(value: Any, ms: int | None) -> None:
    assert read_stamp(value) == ms
