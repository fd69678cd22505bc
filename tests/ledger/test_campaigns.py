"""Campaigns: listed, steered, closed, and planned from what became of their messages."""

from typing import Any

import pytest
from sqlalchemy import Engine

from dispatcher.domain.account import Account
from dispatcher.domain.accounts_file import read_accounts
from dispatcher.domain.followups import STEP
from dispatcher.domain.lifecycle import CampaignState, MessageState
from dispatcher.domain.outcomes import Fate
from dispatcher.domain.pacing import Pacing
from dispatcher.domain.tickets import Retry
from dispatcher.ledger import plans, steering
from dispatcher.ledger.accounts import Accounts
from dispatcher.ledger.campaigns import Campaigns
from dispatcher.ledger.folders import Folders
from dispatcher.ledger.messages import Messages
from dispatcher.ledger.survivors import Survivors, alone
from dispatcher.ledger.times import epoch_ms
from dispatcher.secrecy import Secrecy
from tests.ledger.conftest import FILE
from tests.ledger.drafts import draft, message
from tests.ledger.steps import attempts, column, counted, fate, run, some, ticket

S, C = MessageState, CampaignState
FAR = 4_000_000_000_000


@pytest.fixture
def messages(engine: Engine) -> Messages:
    return Messages(engine)


def accepted(campaigns: Campaigns, loja: Account, *args: Any, **more: Any) -> int:
    return campaigns.accept(loja, draft(*args, **more)).campaign_id


def test_an_unknown_campaign_is_said_to_be_unknown(campaigns: Campaigns) -> None:
    with pytest.raises(LookupError):
        campaigns.get(1)
    with pytest.raises(LookupError):
        campaigns.plan_of(1)
    assert not campaigns.pause(1)
    assert not campaigns.cancel(1)
    assert not campaigns.complete(1)
    assert campaigns.retry_failed(1) == 0
    assert some(campaigns.counts(1)) == {}


def test_the_list_is_newest_first_and_goes_on_behind_its_cursor(
    engine: Engine, secrecy: Secrecy, loja: Account, campaigns: Campaigns
) -> None:
    accounts = Accounts(engine, secrecy)
    accounts.apply(read_accounts(FILE.replace('"loja"', '"outra"').replace('"ingress"', '"ingress-2"'), {}))
    numbers = [accepted(campaigns, loja) for _ in range(4)]
    other = accepted(campaigns, accounts.named("outra"))
    assert [one.id for one in campaigns.page()] == [other, *sorted(numbers, reverse=True)]
    assert [one.id for one in campaigns.page(account_id=loja.id, limit=2)] == sorted(numbers)[:1:-1]
    assert [one.id for one in campaigns.page(account_id=loja.id, before=sorted(numbers)[1])] == sorted(numbers)[:1]
    assert [one.id for one in campaigns.between(loja.id, other, other + 1)] == []
    assert [one.id for one in campaigns.between(loja.id, numbers[0], numbers[0] + 1)] == [numbers[0]]


def test_the_list_knows_the_states_that_are_shown(loja: Account, campaigns: Campaigns) -> None:
    running, later, past = (accepted(campaigns, loja, scheduled_for_ms=at) for at in (None, FAR, 1_700_000_000_000))
    paused, done = accepted(campaigns, loja), accepted(campaigns, loja, [message(0, problem="bad")])
    campaigns.pause(paused, "budget")
    assert {one.id for one in campaigns.page(C.RUNNING)} == {running, past}
    assert [one.id for one in campaigns.page(C.SCHEDULED)] == [later]
    assert [(one.id, one.paused_reason) for one in campaigns.page(C.PAUSED)] == [(paused, "budget")]
    assert [one.id for one in campaigns.page(C.DONE)] == [done]
    assert campaigns.page(C.CANCELLED) == []


def test_counts_of_many_are_one_query_and_name_every_state(loja: Account, campaigns: Campaigns) -> None:
    one, two = accepted(campaigns, loja, 3), accepted(campaigns, loja, 5)
    counts = campaigns.counts_of([one, two, 7])
    assert {campaign: some(numbers) for campaign, numbers in counts.items()} == {
        one: {S.PENDING: 3},
        two: {S.PENDING: 5},
        7: {},
    }
    assert set(counts[7]) == set(MessageState)


def test_the_first_send_is_known(engine: Engine, loja: Account, campaigns: Campaigns, messages: Messages) -> None:
    one, two = accepted(campaigns, loja), accepted(campaigns, loja)
    messages.claim(ticket(one))
    messages.claim(ticket(one, 1))
    assert campaigns.first_send_ms([one, two]) == {one: epoch_ms(attempts(engine, one)[0].started_at)}


def test_promise_6_pause_and_resume(loja: Account, campaigns: Campaigns) -> None:
    campaign = accepted(campaigns, loja)
    assert campaigns.pause(campaign)
    assert campaigns.pause(campaign)
    assert campaigns.get(campaign).state is C.PAUSED
    assert campaigns.plan_of(campaign)[0].held
    assert campaigns.running() == []
    assert campaigns.live_campaigns() == [campaign]
    assert campaigns.resume(campaign)
    assert campaigns.resume(campaign)
    assert campaigns.get(campaign).state is C.RUNNING


def test_promise_6_cancel_ends_what_waits_and_leaves_what_flies(
    engine: Engine, loja: Account, campaigns: Campaigns, messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steering, "CANCEL_AT_ONCE", 10)
    campaign = accepted(campaigns, loja, 35)
    rows = messages.claim(ticket(campaign, 0, 2)).rows
    messages.settle(campaign, [fate(rows[0], Fate.SENT)])
    assert campaigns.cancel(campaign)
    assert some(campaigns.counts(campaign)) == {S.SENT: 1, S.SENDING: 1, S.CANCELLED: 33}
    assert campaigns.get(campaign).finished_at_ms is None
    assert campaigns.running() == [campaign]
    assert not campaigns.resume(campaign)
    assert not campaigns.pause(campaign)
    assert campaigns.cancel(campaign)


def test_a_message_that_comes_back_to_a_cancelled_campaign_is_cancelled_too(
    loja: Account, campaigns: Campaigns, messages: Messages
) -> None:
    campaign = accepted(campaigns, loja, 3)
    (row,) = messages.claim(ticket(campaign)).rows
    campaigns.cancel(campaign)
    assert not campaigns.complete(campaign)
    messages.settle(campaign, [fate(row, Fate.RETRY, FAR)])
    assert campaigns.complete(campaign)
    assert some(campaigns.counts(campaign)) == {S.CANCELLED: 3}
    assert campaigns.get(campaign).state is C.CANCELLED
    assert campaigns.running() == []
    assert campaigns.retry_failed(campaign) == 0


def test_a_campaign_is_done_when_nothing_is_open(loja: Account, campaigns: Campaigns, messages: Messages) -> None:
    campaign = accepted(campaigns, loja, 3)
    rows = messages.claim(ticket(campaign, 0, 3)).rows
    messages.settle(campaign, [fate(rows[0], Fate.SENT), fate(rows[1], Fate.IN_DOUBT)])
    assert not campaigns.complete(campaign)
    messages.settle(campaign, [fate(rows[2], Fate.FAILED)])
    assert campaigns.complete(campaign)
    assert not campaigns.complete(campaign)
    assert campaigns.get(campaign).state is C.DONE
    assert not campaigns.cancel(campaign)


def test_what_failed_at_the_provider_can_be_sent_again(loja: Account, campaigns: Campaigns, messages: Messages) -> None:
    campaign = accepted(campaigns, loja, [message(0), message(1), message(2, problem="invalid_number")])
    rows = messages.claim(ticket(campaign, 0, 2)).rows
    messages.settle(campaign, [fate(rows[0], Fate.SENT), fate(rows[1], Fate.FAILED)])
    campaigns.complete(campaign)
    assert campaigns.retry_failed(campaign) == 1
    assert campaigns.get(campaign).state is C.RUNNING
    assert some(campaigns.counts(campaign)) == {S.SENT: 1, S.PENDING: 1, S.FAILED: 1}
    plan, retries = campaigns.plan_of(campaign)
    assert (plan.next, [retry.seq for retry in retries]) == (3, [1])


def test_a_campaign_that_nobody_told_the_clock_is_found(engine: Engine, loja: Account, campaigns: Campaigns) -> None:
    campaign, paused, known = (
        accepted(campaigns, loja, join_key="k"),
        accepted(campaigns, loja),
        accepted(campaigns, loja),
    )
    campaigns.pause(paused)
    campaigns.opened(known)
    assert campaigns.unopened() == []
    run(engine, "UPDATE campaign SET grown_at = grown_at - interval '3 seconds'")
    assert campaigns.unopened() == [campaign, paused]
    campaigns.opened(campaign)
    assert campaigns.unopened() == [paused]
    campaigns.accept(loja, draft(join_key="k"))
    run(engine, "UPDATE campaign SET grown_at = grown_at - interval '3 seconds'")
    assert campaigns.unopened() == [campaign, paused]


# ---------------------------------------------------------------- plans


def test_a_new_campaign_is_planned_from_its_first_message(
    engine: Engine, secrecy: Secrecy, loja: Account, campaigns: Campaigns
) -> None:
    first, second = Accounts(engine, secrecy).senders(loja.id)
    campaign = accepted(campaigns, loja, 7, pacing=Pacing(1, 2, 3, 4, 5), scheduled_for_ms=FAR)
    plan, retries = campaigns.plan_of(campaign)
    assert (plan.campaign, plan.next, plan.end, plan.pacing) == (campaign, 0, 7, Pacing(1, 2, 3, 4, 5))
    assert (plan.not_before_ms, plan.held, retries) == (FAR, False, ())
    assert sorted(plan.lanes) == sorted(first.lanes + second.lanes)
    chosen = accepted(campaigns, loja, senders=(second.name,))
    assert campaigns.plan_of(chosen)[0].lanes == second.lanes


def test_a_removed_sender_has_no_lanes(engine: Engine, secrecy: Secrecy, loja: Account, campaigns: Campaigns) -> None:
    campaign = accepted(campaigns, loja)
    less = FILE[: FILE.rindex("[[account.sender]]")]
    accounts = Accounts(engine, secrecy)
    accounts.apply(read_accounts(less, {}))
    (left,) = accounts.senders(loja.id)
    assert campaigns.plan_of(campaign)[0].lanes == left.lanes


def test_a_plan_goes_on_where_the_claims_ended_and_brings_back_what_was_lost(
    loja: Account, campaigns: Campaigns, messages: Messages
) -> None:
    """sent, hole, hole, retry now, retry later x 2, doubt, sending, refused, waiting ..."""
    asked = [message(n, problem="bad" if n == 8 else None) for n in range(12)]
    campaign = accepted(campaigns, loja, asked)
    rows = {row.seq: row for row in messages.claim(ticket(campaign, 3, 5)).rows}
    rows |= {row.seq: row for row in messages.claim(ticket(campaign, 0)).rows}
    given = [(0, Fate.SENT, None), (3, Fate.RETRY, 1000), (4, Fate.RETRY, FAR), (5, Fate.DEFERRED, FAR)]
    messages.settle(campaign, [fate(rows[seq], what, due) for seq, what, due in [*given, (6, Fate.IN_DOUBT, FAR)]])
    plan, retries = campaigns.plan_of(campaign)
    assert (plan.next, plan.end) == (9, 12)
    assert retries == (Retry(0, 1), Retry(0, 2), Retry(1000, 3), Retry(FAR, 4), Retry(FAR, 5))


def test_neighbours_that_wait_together_are_planned_together_up_to_a_batch(
    loja: Account, campaigns: Campaigns, messages: Messages
) -> None:
    campaign = accepted(campaigns, loja, 8, pacing=Pacing(batch=3))
    messages.claim(ticket(campaign, 7))
    assert campaigns.plan_of(campaign)[1] == (Retry(0, 0, 3), Retry(0, 3, 3), Retry(0, 6, 1))


def test_a_finished_cursor_stands_at_the_end(loja: Account, campaigns: Campaigns, messages: Messages) -> None:
    campaign = accepted(campaigns, loja, 2)
    messages.claim(ticket(campaign, 0, 2))
    assert (campaigns.plan_of(campaign)[0].next, campaigns.plan_of(campaign)[1]) == (2, ())


def test_a_plan_remembers_how_far_there_are_no_holes(
    engine: Engine, loja: Account, campaigns: Campaigns, messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "REMEMBER_EVERY", 10)
    campaign = accepted(campaigns, loja, 50)
    messages.claim(ticket(campaign, 0, 20))
    messages.claim(ticket(campaign, 30, 10))
    holes = tuple(Retry(0, seq) for seq in range(20, 30))
    for _ in range(2):
        assert campaigns.plan_of(campaign)[1] == holes
    with engine.connect() as connection:
        remembered = connection.exec_driver_sql(f"SELECT untouched_from FROM campaign WHERE id = {campaign}")
        assert remembered.scalar() == 20


def test_a_plan_between_two_chunks_waits_for_the_gate(
    engine: Engine, loja: Account, campaigns: Campaigns, messages: Messages
) -> None:
    campaign = accepted(campaigns, loja, 6, pacing=Pacing(chunk_size=2, chunk_gap_ms=60_000))
    for seq in range(2):
        (row,) = messages.claim(ticket(campaign, seq)).rows
        messages.settle(campaign, [fate(row, Fate.SENT)])
    ended = max(epoch_ms(one.ended_at) for one in attempts(engine, campaign))
    assert campaigns.plan_of(campaign)[0].not_before_ms == ended + 60_000
    messages.claim(ticket(campaign, 2))
    assert campaigns.plan_of(campaign)[0].not_before_ms == 0


def test_flights_survive_with_their_lane_and_token(
    engine: Engine, loja: Account, campaigns: Campaigns, messages: Messages
) -> None:
    campaign = accepted(campaigns, loja, 9)
    flying = ticket(campaign, 2, 3, sender=5, token="t-2")
    messages.claim(flying)
    (row,) = messages.claim(ticket(campaign, 0)).rows
    messages.settle(campaign, [fate(row, Fate.SENT)])
    survivors = Survivors(engine)
    assert survivors.flights() == [flying]
    assert survivors.live_campaigns() == [campaign]


def test_one_host_is_alone_at_a_time(engine: Engine) -> None:
    with alone(engine) as mine:
        assert mine
        with alone(engine) as theirs:
            assert not theirs
    with alone(engine) as mine:
        assert mine


def test_counts_follow_every_update_whoever_makes_it(engine: Engine, loja: Account, campaigns: Campaigns) -> None:
    """The trigger, on a statement that touches two campaigns and rows that do not change their state."""
    one, two = accepted(campaigns, loja, 5), accepted(campaigns, loja, 3)
    run(engine, "UPDATE message SET state = CASE WHEN seq > 2 THEN 'blocked' ELSE state END::message_state")
    run(engine, "UPDATE message SET state = 'expired' WHERE seq = 0")
    for campaign in (one, two):
        assert some(campaigns.counts(campaign)) == counted(engine, campaign)
    assert column(engine, one, "state") == ["expired", "pending", "pending", "blocked", "blocked"]


def test_a_plan_knows_follow_ups_as_what_waits_and_its_cursor_never_meets_them(
    loja: Account, campaigns: Campaigns, messages: Messages
) -> None:
    campaign = accepted(campaigns, loja, 4, pacing=Pacing(chunk_size=1, chunk_gap_ms=60_000))
    (row,) = messages.claim(ticket(campaign)).rows
    messages.settle(campaign, [fate(row, Fate.SENT)._replace(follow_up_ms=1_000)])
    (follow_up,) = messages.claim(ticket(campaign, STEP)).rows
    messages.settle(campaign, [fate(follow_up, Fate.RETRY, 2_000)])
    plan, retries = campaigns.plan_of(campaign)
    assert (plan.next, plan.end, retries) == (1, 4, (Retry(2_000, STEP),))
    assert campaigns.get(campaign).total == 4
    assert some(campaigns.counts(campaign)) == {S.SENT: 1, S.PENDING: 4}


def test_a_follow_up_is_made_once_and_counted(
    engine: Engine, loja: Account, campaigns: Campaigns, messages: Messages
) -> None:
    campaign = accepted(campaigns, loja, 2)
    rows = messages.claim(ticket(campaign, 0, 2)).rows
    sent = [fate(row, Fate.SENT)._replace(follow_up_ms=FAR) for row in rows]
    assert [messages.settle(campaign, sent) for _ in range(2)] == [2, 0]
    assert column(engine, campaign, "seq") == [0, 1, STEP, STEP + 1]
    assert some(campaigns.counts(campaign)) == counted(engine, campaign) == {S.SENT: 2, S.PENDING: 2}
    assert not campaigns.complete(campaign)
    assert campaigns.cancel(campaign)
    assert some(campaigns.counts(campaign)) == {S.SENT: 2, S.CANCELLED: 2}


def test_pages_of_a_folder_go_on_with_the_follow_ups_and_end(
    engine: Engine, loja: Account, campaigns: Campaigns, messages: Messages
) -> None:
    campaign = accepted(campaigns, loja, 2)
    rows = messages.claim(ticket(campaign, 0, 2)).rows
    messages.settle(campaign, [fate(row, Fate.SENT)._replace(follow_up_ms=FAR) for row in rows])
    pages = [[line.message.id.seq for line in Folders(engine).part(campaign, (), offset, 3)] for offset in range(5)]
    assert pages == [[0, 1, STEP], [1, STEP, STEP + 1], [STEP, STEP + 1], [STEP + 1], []]
