"""Taking drafts in: whole or not at all, once for each idempotency key, to the letter."""

import json
import tracemalloc
from collections.abc import Iterator, Sequence
from threading import Barrier, Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from dispatcher.domain.account import Account, OnLocked
from dispatcher.domain.campaign import (
    Accepted,
    CampaignFull,
    Draft,
    DraftMessage,
    EmptyCampaign,
    KeyReused,
    Refusal,
    UnknownSender,
)
from dispatcher.domain.followups import STEP
from dispatcher.domain.lifecycle import CampaignState, MessageState
from dispatcher.domain.pacing import Pacing
from dispatcher.ledger.campaigns import Campaigns
from dispatcher.ledger.engine import autocommit
from tests.ledger.drafts import draft, message, phone
from tests.ledger.steps import run

S = MessageState


def rows(engine: Engine, campaign: int) -> list[Any]:
    query = text("SELECT * FROM message WHERE campaign_id = :campaign ORDER BY seq")
    with autocommit(engine) as connection:
        return list(connection.execute(query, {"campaign": campaign}).all())


def stored(engine: Engine) -> dict[str, int]:
    """Rows of every table that accepting writes."""
    names = ("campaign", "message", "campaign_count", "campaign_sender", "idempotency_key")
    with autocommit(engine) as connection:
        return {name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in names}


def some(counts: dict[MessageState, int]) -> dict[MessageState, int]:
    return {state: number for state, number in counts.items() if number}


def test_a_campaign_comes_back_as_it_was_accepted(loja: Account, campaigns: Campaigns) -> None:
    asked = draft(
        5,
        pacing=Pacing(1000, 2000, 0, 3000, 2),
        chunks_count=2,
        senders=("5511900000002",),
        scheduled_for_ms=1_900_000_000_123,
        guarded=True,
        on_locked=OnLocked.DEFER,
        validity_s=60,
        priority=2,
        callback_url="https://loja.example/hook",
        follow_ups=({"after_s": 60, "text": "oi?"},),
        options={"info": "ç"},
        warnings=("empty",),
    )
    accepted = campaigns.accept(loja, asked)
    campaign = campaigns.get(accepted.campaign_id)
    assert campaign.pacing == Pacing(1000, 2000, 3, 3000, 2)
    assert campaign.total == accepted.accepted == accepted.queued == 5
    assert campaign.created_at_ms == accepted.created_at_ms
    assert (campaign.name, campaign.dialect, campaign.content) == ("ofertas", "uazapi", {"text": "oi"})
    assert (campaign.state, campaign.scheduled_for_ms) == (CampaignState.RUNNING, 1_900_000_000_123)
    assert (campaign.guarded, campaign.on_locked, campaign.validity_s) == (True, OnLocked.DEFER, 60)
    assert (campaign.priority, campaign.callback_url) == (2, "https://loja.example/hook")
    assert (campaign.follow_ups, campaign.options) == (({"after_s": 60, "text": "oi?"},), {"info": "ç"})
    assert (campaign.warnings, len(campaign.sender_ids)) == (("empty",), 1)


def test_policies_that_a_draft_leaves_open_are_the_accounts(loja: Account, campaigns: Campaigns) -> None:
    campaign = campaigns.get(campaigns.accept(loja, draft()).campaign_id)
    assert (campaign.guarded, campaign.on_locked, campaign.validity_s) == (False, OnLocked.BLOCK, 3600)
    assert campaign.sender_ids == ()


def test_messages_have_consecutive_numbers_and_their_own_payload(
    engine: Engine, loja: Account, campaigns: Campaigns
) -> None:
    messages = [
        message(0),
        message(1, content={"text": "a"}, fields={"nome": "Zé"}, params={"contract": 7}),
        message(2, fields={}),
        message(3, problem="invalid_number"),
        DraftMessage("120363@g.us", ""),
    ]
    accepted = campaigns.accept(loja, draft(messages))
    kept = rows(engine, accepted.campaign_id)
    assert [row.seq for row in kept] == [0, 1, 2, 3, 4]
    assert [row.payload for row in kept] == [
        None,
        {"content": {"text": "a"}, "fields": {"nome": "Zé"}, "params": {"contract": 7}},
        {"fields": {}},
        None,
        None,
    ]
    assert [(row.state, row.reason, row.settled_at is None) for row in kept[2:4]] == [
        ("pending", None, True),
        ("failed", "invalid_number", False),
    ]
    assert (kept[4].phone, kept[4].phone_key) == ("120363@g.us", "")
    assert (accepted.accepted, accepted.queued, accepted.refused) == (5, 4, ())
    assert some(campaigns.counts(accepted.campaign_id)) == {S.PENDING: 4, S.FAILED: 1}


texts = st.text(st.characters(codec=None), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | texts, lambda inner: st.lists(inner, max_size=3)
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(texts, st.dictionaries(texts, values, max_size=3)), min_size=1, max_size=5))
def test_any_text_survives_copy(
    engine: Engine, loja: Account, campaigns: Campaigns, given_rows: list[tuple[str, dict[str, Any]]]
) -> None:
    """Tabs, newlines, backslashes, NUL and halves of surrogate pairs included; columns lose only the last two."""
    messages = [DraftMessage(number, number, content=content) for number, content in given_rows]
    accepted = campaigns.accept(loja, draft(messages))
    query = text("SELECT phone, payload::text FROM message WHERE campaign_id = :campaign ORDER BY seq")
    with autocommit(engine) as connection:
        kept = connection.execute(query, {"campaign": accepted.campaign_id}).all()
    assert [json.loads(row.payload)["content"] for row in kept] == [
        json.loads(json.dumps(content)) for _, content in given_rows
    ]
    assert [row.phone for row in kept] == [
        number.replace("\0", "").encode("utf-8", "replace").decode() for number, _ in given_rows
    ]


def test_refused_recipients_are_kept_with_their_reason_and_told(
    engine: Engine, loja: Account, campaigns: Campaigns
) -> None:
    asked: list[int] = []

    reasons = {phone(0): "invalid_number", phone(1): "suppressed", phone(2): "contact_open"}

    def refuse(campaign: int, block: Sequence[DraftMessage]) -> list[Refusal | None]:
        asked.append(len(block))
        return [Refusal(one.phone, reasons[one.key], 7) if one.key in reasons else None for one in block]

    messages = [message(n, problem="invalid_number" if n == 0 else None) for n in range(2500)]
    accepted = campaigns.accept(loja, draft(messages, dialect="cpc"), None, refuse)
    assert asked == [1000, 1000, 500]
    assert accepted.queued == 2497
    assert accepted.refused == (
        Refusal(phone(0), "invalid_number", 7),
        Refusal(phone(1), "suppressed", 7),
        Refusal(phone(2), "contact_open", 7),
    )
    assert [row.state for row in rows(engine, accepted.campaign_id)[:4]] == [
        "failed",
        "suppressed",
        "blocked",
        "pending",
    ]
    assert some(campaigns.counts(accepted.campaign_id)) == {S.PENDING: 2497, S.FAILED: 1, S.SUPPRESSED: 1, S.BLOCKED: 1}
    assert campaigns.accept(loja, draft(messages)).refused == ()


def test_a_campaign_of_which_nothing_waits_is_done(loja: Account, campaigns: Campaigns) -> None:
    accepted = campaigns.accept(loja, draft([message(0, problem="invalid_number")]))
    assert campaigns.get(accepted.campaign_id).state is CampaignState.DONE
    assert campaigns.running() == []


class Broken(Exception):
    pass


def breaks_after(n: int) -> Iterator[DraftMessage]:
    for number in range(n):
        yield message(number)
    raise Broken("messages[3].text: is required")


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (draft([]), EmptyCampaign),
        (draft(breaks_after(3)), Broken),
        (draft(breaks_after(1500)), Broken),
        (draft(2, senders=("5511900000009",)), UnknownSender),
    ],
)
def test_what_cannot_be_stored_whole_is_not_stored_at_all(
    engine: Engine, loja: Account, campaigns: Campaigns, asked: Draft, error: type[Exception]
) -> None:
    with pytest.raises(error):
        campaigns.accept(loja, asked, ("key", "digest"))
    assert set(stored(engine).values()) == {0}
    assert campaigns.accept(loja, draft(), ("key", "digest")).replayed is False


def test_a_campaign_that_would_reach_into_the_numbers_of_its_follow_ups_is_refused_whole(
    engine: Engine, loja: Account, campaigns: Campaigns
) -> None:
    number = campaigns.accept(loja, draft(1, join_key="day")).campaign_id
    run(engine, "UPDATE campaign SET total = :total WHERE id = :id", total=STEP - 2, id=number)
    with pytest.raises(CampaignFull):
        campaigns.accept(loja, draft(3, join_key="day"))
    assert campaigns.get(number).total == STEP - 2
    assert campaigns.accept(loja, draft(2, join_key="day")).first_seq == STEP - 2


def test_drafts_of_one_join_key_feed_one_campaign(engine: Engine, loja: Account, campaigns: Campaigns) -> None:
    first = campaigns.accept(loja, draft(3, join_key="2024-05-01/ofertas"))
    campaigns.opened(first.campaign_id)
    second = campaigns.accept(loja, draft(2, join_key="2024-05-01/ofertas"))
    other = campaigns.accept(loja, draft(2, join_key="2024-05-02/ofertas"))
    assert second.campaign_id == first.campaign_id != other.campaign_id
    assert (second.accepted, second.queued, second.created_at_ms) == (2, 2, first.created_at_ms)
    assert [row.seq for row in rows(engine, first.campaign_id)] == [0, 1, 2, 3, 4]
    assert some(campaigns.counts(first.campaign_id)) == {S.PENDING: 5}
    assert campaigns.get(first.campaign_id).total == 5


def test_the_log_of_a_campaign_grows_with_the_drafts_that_feed_it(loja: Account, campaigns: Campaigns) -> None:
    number = campaigns.accept(loja, draft(1, join_key="day", warnings=("a", "b"))).campaign_id
    campaigns.accept(loja, draft(1, join_key="day", warnings=("b", "c")))
    campaigns.accept(loja, draft(1, join_key="day"))
    assert campaigns.get(number).warnings == ("a", "b", "c")


def test_a_done_campaign_that_grows_runs_again_but_a_cancelled_one_is_left_alone(
    loja: Account, campaigns: Campaigns
) -> None:
    first = campaigns.accept(loja, draft([message(0, problem="bad")], join_key="day"))
    assert campaigns.accept(loja, draft(1, join_key="day")).campaign_id == first.campaign_id
    assert campaigns.get(first.campaign_id).state is CampaignState.RUNNING
    assert campaigns.get(first.campaign_id).finished_at_ms is None
    campaigns.cancel(first.campaign_id)
    assert campaigns.accept(loja, draft(1, join_key="day")).campaign_id != first.campaign_id


def test_promise_1_the_same_key_and_request_get_the_first_receipt(
    engine: Engine, loja: Account, campaigns: Campaigns
) -> None:
    asked = draft([message(0, problem="bad"), message(1)], dialect="cpc")
    first = campaigns.accept(loja, asked, ("key", "digest"))
    before = stored(engine)
    again = campaigns.accept(loja, draft(9), ("key", "digest"))
    assert again == Accepted(first.campaign_id, first.created_at_ms, 2, 1, first.refused, replayed=True)
    assert campaigns.earlier(loja, ("key", "digest")) == again
    assert stored(engine) == before


def test_a_key_with_another_request_is_refused(engine: Engine, loja: Account, campaigns: Campaigns) -> None:
    assert campaigns.earlier(loja, ("key", "digest")) is None
    campaigns.accept(loja, draft(), ("key", "digest"))
    before = stored(engine)
    with pytest.raises(KeyReused):
        campaigns.accept(loja, draft(), ("key", "other"))
    with pytest.raises(KeyReused):
        campaigns.earlier(loja, ("key", "other"))
    assert stored(engine) == before


def at_once(n: int, work: Any) -> list[Any]:
    """Run `work(index)` in n threads that start together; their results."""
    together, results = Barrier(n), [None] * n

    def run(index: int) -> None:
        together.wait()
        results[index] = work(index)

    threads = [Thread(target=run, args=(index,)) for index in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_promise_1_a_double_submit_at_the_same_moment_is_stored_once(
    engine: Engine, loja: Account, campaigns: Campaigns
) -> None:
    receipts = at_once(6, lambda index: campaigns.accept(loja, draft(2000), ("key", "digest")))
    assert sorted(receipt.replayed for receipt in receipts) == [False] + [True] * 5
    assert len({receipt.campaign_id for receipt in receipts}) == 1
    assert stored(engine)["message"] == 2000


def test_drafts_that_open_and_grow_one_campaign_at_once_keep_their_numbers_apart(
    engine: Engine, loja: Account, campaigns: Campaigns
) -> None:
    receipts = at_once(6, lambda index: campaigns.accept(loja, draft(100 + index, join_key="day")))
    (campaign,) = {receipt.campaign_id for receipt in receipts}
    total = sum(range(100, 106))
    assert [row.seq for row in rows(engine, campaign)] == list(range(total))
    assert campaigns.get(campaign).total == total
    assert some(campaigns.counts(campaign)) == {S.PENDING: total}


def test_promise_7_memory_does_not_grow_with_the_recipients(loja: Account, campaigns: Campaigns) -> None:
    campaigns.accept(loja, draft(message(n) for n in range(2000)))
    tracemalloc.start()
    try:
        campaigns.accept(loja, draft(message(n, fields={"nome": f"n{n}"}) for n in range(60_000)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4_000_000
