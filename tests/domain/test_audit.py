"""What one look suspects, and what two of them find."""

from typing import Any

import pytest

from dispatcher.domain.audit.campaigns import Kept, Known, kept_suspects, not_covered
from dispatcher.domain.audit.checks import MOST_OF_A_CHECK, Check, Suspect, confirmed
from dispatcher.domain.audit.locks import Held, LockSeen, Owner, lock_suspects
from dispatcher.domain.audit.rounds import Places, affordable, read_places
from dispatcher.domain.ids import MessageId
from dispatcher.domain.lifecycle import CampaignState, MessageState

NOW = 1_900_000_000_000
S, MIN, HOUR = 1_000, 60_000, 3_600_000
ME, OTHER = MessageId(1, 0), MessageId(2, 0)


def suspect(item: str = "", subject: str = "x", check: Check = Check.HELD) -> Suspect:
    return Suspect(check, subject, f"seen {item}", item)


def test_only_what_both_looks_saw_to_the_letter_is_found_once_for_each_subject() -> None:
    first = [suspect("1"), suspect("2"), suspect("2", check=Check.OVER), suspect("9", "y")]
    second = [suspect("2"), suspect("3"), suspect("1"), suspect("8", "y")]
    assert [(one.check, one.subject, one.items, one.note) for one in confirmed(first, second)] == [
        (Check.HELD, "x", 2, "seen 2")
    ]


def test_of_each_check_so_many_findings_are_kept_and_others_are_not_pushed_out() -> None:
    many = [suspect(subject=str(number)) for number in range(MOST_OF_A_CHECK + 5)]
    found = confirmed([*many, suspect(check=Check.QUEUE)], [*many, suspect(check=Check.QUEUE)])
    assert (len(found), found[-1].check) == (MOST_OF_A_CHECK + 1, Check.QUEUE)


def kept(**more: Any) -> Kept:
    plain = Kept(1, "uazapi", CampaignState.RUNNING, 3, {MessageState.PENDING: 3}, False, 0, None, True, 999, None)
    return plain._replace(**more)


def known(**more: Any) -> Known:
    return Known(0, False, False, 0, 0, 0)._replace(**more)


@pytest.mark.parametrize(
    ("kept", "known", "checks"),
    [
        (kept(), known(), []),
        (kept(counts={MessageState.PENDING: 2}), known(), [Check.COUNTS]),
        (kept(counts={MessageState.PENDING: 4}), known(), [Check.COUNTS]),
        (kept(counts={MessageState.PENDING: 4}, follows=True), known(), []),
        (kept(counts={MessageState.PENDING: 4, MessageState.SENT: -1}), known(), [Check.COUNTS]),
        (kept(frontier=2), known(next=2), []),
        (kept(frontier=3), known(next=2), [Check.CURSOR]),
        (kept(due_ms=NOW - 59 * S), known(), []),
        (kept(due_ms=NOW - 61 * S), known(), [Check.UNRELEASED]),
        (kept(due_ms=NOW - 61 * S), known(waiting=1), []),
        (kept(due_ms=NOW - 61 * S), known(flights=1, out=1), []),
        (kept(due_ms=NOW - 61 * S), None, [Check.UNKNOWN]),
        (kept(due_ms=NOW + 1 * HOUR), None, []),
        (kept(state=CampaignState.PAUSED, due_ms=NOW - HOUR), known(held=True), []),
        (kept(), known(held=True), [Check.HELD]),
        (kept(opened=False, grown_s=119), None, []),
        (kept(opened=False, grown_s=121), None, [Check.UNPLANNED]),
        (kept(), known(flights=1), [Check.FLIGHT_COUNT]),
        (kept(state=CampaignState.CANCELLED, counts={MessageState.CANCELLED: 3}, finished_s=60), known(), []),
        (
            kept(state=CampaignState.CANCELLED, counts={MessageState.CANCELLED: 3}, finished_s=901),
            known(),
            [Check.OVER],
        ),
        (kept(state=CampaignState.DONE, finished_s=60), None, [Check.COUNTS]),
    ],
)
def test_what_the_ledger_and_the_clock_say_of_a_campaign(kept: Kept, known: Known | None, checks: list[Check]) -> None:
    assert [one.check for one in kept_suspects(kept, known, NOW)] == checks


def test_what_is_in_flight_or_filed_is_not_adrift() -> None:
    assert not_covered([1, 4, 5, 6, 9], [(0, 2), (5, 2)]) == (4, 9)


def held(holder: MessageId = ME, ago_ms: int = HOUR, lasts_ms: int | None = HOUR) -> Held:
    return Held(holder, NOW - ago_ms, NOW - ago_ms + 24 * HOUR, lasts_ms)


SENT = Owner(MessageState.SENT, 9_999, False)
FAILED = Owner(MessageState.FAILED, 9_999, False)


@pytest.mark.parametrize(
    ("redis", "ledger", "owner", "checks"),
    [
        (held(), held(), SENT, []),
        (None, None, SENT, []),
        (held(ago_ms=25 * HOUR), None, SENT, []),
        (held(), None, SENT, [Check.LOCK_OWNER]),
        (held(ago_ms=14 * MIN), None, SENT, []),
        (held(ago_ms=0), None, None, [Check.LOCK_OWNER]),
        (held(), held(OTHER), SENT, [Check.LOCK_OWNER, Check.LOCK_GONE]),
        (None, held(), SENT, [Check.LOCK_GONE]),
        (None, held(ago_ms=MIN), SENT, []),
        (None, held(ago_ms=24 * HOUR - 4 * MIN), SENT, []),
        (held(lasts_ms=None), held(), SENT, [Check.LOCK_LONG]),
        (held()._replace(until_ms=NOW + 25 * HOUR), held(), SENT, [Check.LOCK_LONG]),
        (held(), held(), FAILED, [Check.LOCK_FAILED]),
        (held(), held(), FAILED._replace(settled_s=299), []),
        (held(), held(), FAILED._replace(reached=True), []),
        (held(), held(), Owner(MessageState.BLOCKED, 9_999, False), []),
    ],
)
def test_what_redis_and_the_ledger_say_of_a_lock(
    redis: Held | None, ledger: Held | None, owner: Owner | None, checks: list[Check]
) -> None:
    lock = LockSeen("global:0", ME, redis, ledger, owner)
    assert [one.check for one in lock_suspects(lock, NOW)] == checks


def test_a_batch_that_its_provider_spaces_out_holds_its_clients_as_much_longer() -> None:
    long = held()._replace(until_ms=NOW + 30 * HOUR)
    assert list(lock_suspects(LockSeen("global:0", ME, long, long, SENT, busy_ms=8 * HOUR), NOW)) == []


def test_a_large_campaign_is_paid_for_by_the_rounds_after_it() -> None:
    assert affordable([60_000, 60_000, 60_000], 100_000) == (2, -20_000)
    assert affordable([10], -20_000) == (0, -20_000)
    assert affordable([5_000_000, 10], 100) == (2, 90), "it is judged by its sums alone"


def test_places_of_another_version_are_read_as_far_as_they_are_known() -> None:
    places = read_places({"live": 7, "of the future": 1}, NOW)
    assert (places.live, places.finished_ms) == (7, NOW - HOUR)
    assert read_places(places.written(), NOW + 1) == places != Places()
