"""Campaigns as one account's upstream app searches, changes and removes them."""

from typing import Any

import pytest
from sqlalchemy import Engine, text

from dispatcher.domain.account import Account
from dispatcher.domain.changes import Change, ChunkCount, Wanted
from dispatcher.domain.lifecycle import CampaignState
from dispatcher.domain.outcomes import Fate
from dispatcher.domain.pacing import Pacing
from dispatcher.ledger.campaigns import Campaigns
from dispatcher.ledger.engine import transaction
from dispatcher.ledger.messages import Messages
from dispatcher.ledger.upstream import Counted, UpstreamCampaigns
from tests.ledger.drafts import draft
from tests.ledger.steps import fate, run, ticket

C = CampaignState
FAR = 4_000_000_000_000


@pytest.fixture
def upstream(engine: Engine) -> UpstreamCampaigns:
    return UpstreamCampaigns(engine)


def sent(engine: Engine, campaign: int, seq: int) -> None:
    messages = Messages(engine)
    [row] = messages.claim(ticket(campaign, seq)).rows
    messages.settle(campaign, [fate(row, Fate.SENT)])


WANTED: list[tuple[Wanted, list[str]]] = [
    (Wanted(), ["later", "50%_off", "going", "fresh"]),
    (Wanted(name="ING"), ["going"]),
    (Wanted(name="%"), ["50%_off"]),
    (Wanted(name="0%_"), ["50%_off"]),
    (Wanted(name="nobody"), []),
    (Wanted(sender="5511900000001"), ["50%_off"]),
    (Wanted(sender="5511900000002"), []),
    (Wanted(state=C.SCHEDULED), ["later"]),
    (Wanted(state=C.PAUSED), ["50%_off"]),
    (Wanted(state=C.RUNNING), ["going", "fresh"]),
    (Wanted(state=C.RUNNING, sent=True), ["going"]),
    (Wanted(state=C.RUNNING, sent=False), ["fresh"]),
    (Wanted(state=C.RUNNING, numbers=()), []),
]


def test_campaigns_are_found_by_what_is_wanted(
    engine: Engine, loja: Account, campaigns: Campaigns, upstream: UpstreamCampaigns
) -> None:
    numbers = {}
    drafts: list[dict[str, Any]] = [
        {"name": "fresh"},
        {"name": "going"},
        {"name": "50%_off", "senders": ("5511900000001",)},
        {"name": "later", "scheduled_for_ms": FAR},
    ]
    for one in drafts:
        numbers[one["name"]] = campaigns.accept(loja, draft(**one)).campaign_id
    campaigns.pause(numbers["50%_off"])
    sent(engine, numbers["going"], 0)
    order = sorted(numbers, key=lambda name: -numbers[name])
    for wanted, names in WANTED:
        total, found = upstream.find(loja.id, wanted, 0, 10)
        assert [one.name for one in found] == [name for name in order if name in names], wanted
        assert total == len(names)
    total, page = upstream.find(loja.id, Wanted(not_numbers=(numbers["fresh"],)), 1, 1)
    assert (total, [one.name for one in page]) == (3, [[name for name in order if name != "fresh"][1]])
    assert upstream.find(loja.id + 1, Wanted(), 0, 10) == (0, [])


def test_a_change_is_made_and_written_down(
    engine: Engine, loja: Account, campaigns: Campaigns, upstream: UpstreamCampaigns
) -> None:
    number = campaigns.accept(loja, draft(pacing=Pacing(1, 2, 3, 4, 5), options={"a": 1, "b": 1})).campaign_id
    campaigns.opened(number)
    assert upstream.change(number, Change(delay_min_ms=7_000, delay_max_ms=7_000, options={"b": 2}), None)
    assert upstream.change(number, Change(chunk_size=0, chunk_gap_ms=0, moves_start=True, scheduled_for_ms=FAR), 9)
    changed = campaigns.get(number)
    assert changed.pacing == Pacing(7_000, 7_000, 0, 0, 9)
    assert (changed.scheduled_for_ms, changed.options) == (FAR, {"a": 1, "b": 2})
    first, second = upstream.changes(number)
    assert first[1:] == ({"delay_min_ms": 1, "delay_max_ms": 2}, {"delay_min_ms": 7_000, "delay_max_ms": 7_000})
    assert (second.was["chunk_size"], second.now_is["chunk_size"]) == (3, 0)
    assert (second.was["scheduled_for"], bool(second.now_is["scheduled_for"])) == (None, True)
    assert list(upstream.last_change_ms([number])) == [number]
    run(engine, "UPDATE campaign SET grown_at = now() - interval '3 seconds'")
    assert campaigns.unopened() == [number], "the sweeper tells the clock if nobody else does"


def test_what_is_over_is_not_changed(
    engine: Engine, loja: Account, campaigns: Campaigns, upstream: UpstreamCampaigns
) -> None:
    number = campaigns.accept(loja, draft()).campaign_id
    campaigns.cancel(number)
    assert not upstream.change(number, Change(delay_min_ms=1), None)
    assert not upstream.change(1, Change(delay_min_ms=1), None)
    assert upstream.changes(number) == []


def test_what_is_removed_is_gone_for_its_upstream_app_alone(
    loja: Account, campaigns: Campaigns, upstream: UpstreamCampaigns
) -> None:
    number = campaigns.accept(loja, draft()).campaign_id
    upstream.remove(number)
    upstream.remove(number)
    assert upstream.find(loja.id, Wanted(), 0, 10) == (0, [])
    assert campaigns.get(number).id == number


def test_chunks_are_counted(engine: Engine, loja: Account, campaigns: Campaigns, upstream: UpstreamCampaigns) -> None:
    number = campaigns.accept(loja, draft(5, pacing=Pacing(chunk_size=2))).campaign_id
    whole = campaigns.accept(loja, draft(3)).campaign_id
    sent(engine, number, 0)
    sent(engine, number, 2)
    run(engine, "UPDATE message SET read_at = now() WHERE seq = 0 AND state = 'sent'")
    found = upstream.chunks([number, whole])
    assert [chunk[:6] for chunk in found[number].values()] == [
        (2, 1, 1, 1, 1, 0),
        (2, 1, 1, 0, 0, 0),
        (1, 0, 0, 0, 0, 0),
    ]
    assert found[number][0].last_ms is not None
    assert found[whole] == {0: ChunkCount(3, 0, 0, 0, 0, 0, None)}


def test_chunks_are_not_counted_again_while_nothing_changes(
    engine: Engine, loja: Account, campaigns: Campaigns, upstream: UpstreamCampaigns
) -> None:
    numbers = [campaigns.accept(loja, draft(5, pacing=Pacing(chunk_size=2))).campaign_id for _ in range(2)]
    sent(engine, numbers[0], 0)
    counted = upstream.chunks(numbers)
    with transaction(engine) as other:
        other.execute(text("LOCK TABLE message IN ACCESS EXCLUSIVE MODE"))
        assert upstream.chunks(numbers) == counted, "and nobody waited for the messages"


CHANGES = (
    "state = 'sending' WHERE seq = 0",
    "state = 'sent', attempts = 1, sent_at = now() WHERE seq IN (0, 3)",
    "delivered_at = now() WHERE seq = 3",
    "read_at = now() WHERE seq = 3",
    "read_at = NULL WHERE seq = 3",
    "answered_at = now() WHERE seq IN (0, 3)",
    "state = 'failed', settled_at = now() WHERE seq = 3",
    "state = 'pending', due_at = now() WHERE seq = 3",
    "state = 'cancelled' WHERE seq > 3",
)


def test_chunks_are_counted_again_after_every_change(
    engine: Engine, loja: Account, campaigns: Campaigns, upstream: UpstreamCampaigns
) -> None:
    asked = draft(5, pacing=Pacing(chunk_size=2), join_key="day")
    number = campaigns.accept(loja, asked).campaign_id
    upstream.chunks([number])
    for change in CHANGES:
        run(engine, f"UPDATE message SET {change}")
        assert upstream.chunks([number]) == UpstreamCampaigns(engine).chunks([number]), change
    campaigns.accept(loja, draft(5, pacing=Pacing(chunk_size=2), join_key="day"))
    assert sum(chunk.total for chunk in upstream.chunks([number])[number].values()) == 10
    upstream.change(number, Change(chunk_size=5), None)
    assert [chunk.total for chunk in upstream.chunks([number])[number].values()] == [5, 5]


def test_the_chunks_that_were_asked_for_last_are_kept_and_no_more_than_so_many() -> None:
    counted, many = Counted(), dict.fromkeys(range(Counted.MOST // 2), ChunkCount(1, 0, 0, 0, 0, 0, None))
    for campaign in (1, 2, 1, 3):
        counted.keep({campaign: "a"}, {campaign: many})
    assert {*counted.of({1: "a", 2: "a", 3: "a"})} == {1, 3}
    assert counted.of({1: "b"}) == {}
