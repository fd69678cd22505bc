"""Claim and settle: each message once, each outcome once, only for the attempt that was claimed."""

from secrets import token_urlsafe
from threading import Barrier, Thread

import pytest
from sqlalchemy import Engine

from dispatcher.domain.account import Account
from dispatcher.domain.caps import Sent
from dispatcher.domain.claims import Claim, Claimed, Settled
from dispatcher.domain.ids import Lane, MessageId, job_text
from dispatcher.domain.inbound import ReceiptState
from dispatcher.domain.lifecycle import CampaignState, MessageState
from dispatcher.domain.outcomes import STATE_OF, Fate, Outcome
from dispatcher.domain.tickets import Retry, Ticket
from dispatcher.ledger.accounts import Accounts
from dispatcher.ledger.campaigns import Campaigns
from dispatcher.ledger.inbound import InboundEvents
from dispatcher.ledger.messages import Messages
from dispatcher.secrecy import Secrecy
from tests.ledger.drafts import draft, message, phone
from tests.ledger.steps import attempts, column, counted, fate, run, some, ticket

S = MessageState


@pytest.fixture
def messages(engine: Engine) -> Messages:
    return Messages(engine)


@pytest.fixture
def campaign(loja: Account, campaigns: Campaigns) -> int:
    """Five messages that wait."""
    return campaigns.accept(loja, draft(5)).campaign_id


def test_a_claim_hands_out_what_is_needed_to_send(loja: Account, campaigns: Campaigns, messages: Messages) -> None:
    asked = [message(0, content={"text": "a"}, fields={"nome": "Zé"}), message(1)]
    accepted = campaigns.accept(loja, draft(asked))
    claim = messages.claim(ticket(accepted.campaign_id, 0, 2))
    assert claim.running
    first, second = claim.rows
    assert first == Claimed(
        0, 1, phone(0), phone(0), {"content": {"text": "a"}, "fields": {"nome": "Zé"}}, first.accepted_at_ms, False, 1
    )
    assert (second.seq, second.payload) == (1, {})
    assert abs(first.accepted_at_ms - accepted.created_at_ms) < 1000


def test_a_claim_writes_down_who_sends_and_as_what_job(engine: Engine, campaign: int, messages: Messages) -> None:
    messages.claim(Ticket(Lane(7, 3), campaign, 1, 2, "t-9"))
    noted = attempts(engine, campaign)
    assert [(one.seq, one.attempt, one.sender_id, one.slot, one.token) for one in noted] == [
        (1, 1, 7, 3, "t-9"),
        (2, 1, 7, 3, "t-9"),
    ]
    assert {one.job_id for one in noted} == {job_text(MessageId(campaign, 1), 1)}
    assert column(engine, campaign, "sender_id") == [None, 7, 7, None, None]


def test_a_message_is_claimed_once(campaigns: Campaigns, campaign: int, messages: Messages) -> None:
    assert len(messages.claim(ticket(campaign, 0, 3)).rows) == 3
    assert messages.claim(ticket(campaign, 0, 3)) == Claim((), True)
    assert [row.seq for row in messages.claim(ticket(campaign, 2, 9)).rows] == [3, 4]
    assert some(campaigns.counts(campaign)) == {S.SENDING: 5}


def test_nothing_is_claimed_of_a_paused_or_cancelled_campaign(
    campaigns: Campaigns, campaign: int, messages: Messages
) -> None:
    campaigns.pause(campaign)
    assert messages.claim(ticket(campaign, 1, 2)) == Claim((), False, (1, 2))
    campaigns.resume(campaign)
    assert len(messages.claim(ticket(campaign, 1, 2)).rows) == 2
    campaigns.cancel(campaign)
    assert messages.claim(ticket(campaign, 3, 2)) == Claim((), False, ())
    assert messages.claim(ticket(campaign + 1, 3, 2)) == Claim((), False, ())


def test_a_suppressed_client_is_told_apart_and_a_group_never_is(
    engine: Engine, loja: Account, campaigns: Campaigns, messages: Messages
) -> None:
    run(engine, "INSERT INTO suppression (phone_key) VALUES (:key), ('')", key=phone(1))
    asked = [message(0), message(1), message(2)._replace(phone="1203@g.us", key="")]
    accepted = campaigns.accept(loja, draft(asked))
    claim = messages.claim(ticket(accepted.campaign_id, 0, 3))
    assert [row.suppressed for row in claim.rows] == [False, True, False]


@pytest.mark.parametrize("what", list(Fate))
def test_each_fate_moves_the_message_and_closes_the_attempt(
    engine: Engine, campaigns: Campaigns, campaign: int, messages: Messages, what: Fate
) -> None:
    (row,) = messages.claim(ticket(campaign)).rows
    told = fate(row, what, 1_900_000_000_000, reason="because", detail="…", provider_ref="ref-1")
    assert messages.settle(campaign, [told]) == 1
    state = STATE_OF[what]
    assert column(engine, campaign, "state")[0] == state
    assert column(engine, campaign, "reason")[0] == "because"
    assert column(engine, campaign, "provider_ref")[0] == "ref-1"
    assert (column(engine, campaign, "due_at")[0] is not None) == (state in (S.PENDING, S.IN_DOUBT, S.SENT, S.FAILED))
    assert (column(engine, campaign, "sent_at")[0] is not None) == (state is S.SENT)
    assert (column(engine, campaign, "settled_at")[0] is None) == (state in (S.PENDING, S.IN_DOUBT))
    (noted,) = attempts(engine, campaign)
    assert (noted.fate, noted.reason, noted.ended_at is not None) == (what, "because", True)
    assert campaigns.counts(campaign) == dict.fromkeys(S, 0) | counted(engine, campaign)


def test_a_reference_of_any_length_is_no_error_and_is_found_again(
    loja: Account, engine: Engine, campaign: int, messages: Messages
) -> None:
    (row,) = messages.claim(ticket(campaign)).rows
    long = token_urlsafe(9_000)
    assert messages.settle(campaign, [fate(row, Fate.SENT, provider_ref=long)]) == 1
    assert InboundEvents(engine).receipt(loja.id, long, ReceiptState.READ, 1_900_000_000_000)


def test_a_client_is_expected_while_a_message_waits_or_leaves(
    campaigns: Campaigns, campaign: int, messages: Messages, loja: Account
) -> None:
    clients = [phone(n) for n in range(3)]
    assert messages.expected(campaign, [*clients, phone(77)]) == set(clients)
    rows = messages.claim(ticket(campaign, 0, 2)).rows
    assert messages.expected(campaign, clients) == set(clients)
    messages.settle(campaign, [fate(rows[0], Fate.SENT), fate(rows[1], Fate.FAILED)])
    assert messages.expected(campaign, clients) == {phone(2)}
    other = campaigns.accept(loja, draft(1)).campaign_id
    assert messages.expected(other, clients) == {phone(0)}


def test_a_deferral_costs_no_try_but_a_new_attempt(campaign: int, messages: Messages) -> None:
    (row,) = messages.claim(ticket(campaign)).rows
    messages.settle(campaign, [fate(row, Fate.DEFERRED, 0)])
    (again,) = messages.claim(ticket(campaign)).rows
    assert (again.attempt, again.tries) == (2, 1)
    messages.settle(campaign, [fate(again, Fate.RETRY, 0)])
    (third,) = messages.claim(ticket(campaign)).rows
    assert (third.attempt, third.tries) == (3, 2)


def test_an_outcome_is_written_once_and_only_for_its_own_attempt(
    engine: Engine, campaign: int, messages: Messages
) -> None:
    (row,) = messages.claim(ticket(campaign)).rows
    assert messages.settle(campaign, [fate(row, Fate.RETRY, 0)]) == 1
    assert messages.settle(campaign, [fate(row, Fate.RETRY, 0)]) == 0
    messages.claim(ticket(campaign))
    assert messages.settle(campaign, [fate(row, Fate.SENT)]) == 0
    assert column(engine, campaign, "state")[0] == "sending"


def test_outcomes_of_a_batch_are_told_apart(engine: Engine, campaign: int, messages: Messages) -> None:
    rows = messages.claim(ticket(campaign, 0, 4)).rows
    fates = (Fate.SENT, Fate.FAILED, Fate.IN_DOUBT, Fate.RETRY)
    assert messages.settle(campaign, [fate(row, one) for row, one in zip(rows, fates, strict=True)][::-1]) == 4
    assert column(engine, campaign, "state") == ["sent", "failed", "in_doubt", "pending", "pending"]
    assert column(engine, campaign, "due_at")[3] is not None


def test_a_late_outcome_settles_a_doubt_and_counts_as_sent_when_it_was_claimed(
    engine: Engine, campaign: int, messages: Messages
) -> None:
    (row,) = messages.claim(ticket(campaign)).rows
    messages.settle(campaign, [fate(row, Fate.IN_DOUBT)])
    assert messages.settle(campaign, [fate(row, Fate.IN_DOUBT)]) == 0
    assert messages.settle(campaign, [fate(row, Fate.SENT)]) == 1
    assert column(engine, campaign, "sent_at")[0] == column(engine, campaign, "claimed_at")[0]


def test_a_doubt_that_is_sent_again_opens_a_done_campaign(
    loja: Account, campaigns: Campaigns, messages: Messages
) -> None:
    campaign = campaigns.accept(loja, draft(1)).campaign_id
    (row,) = messages.claim(ticket(campaign)).rows
    messages.settle(campaign, [fate(row, Fate.IN_DOUBT)])
    assert campaigns.complete(campaign)
    messages.settle(campaign, [fate(row, Fate.RETRY, 0)])
    assert campaigns.get(campaign).state is CampaignState.RUNNING
    assert not campaigns.complete(campaign)


def test_texts_that_postgresql_cannot_store_do_not_lose_an_outcome(
    engine: Engine, campaign: int, messages: Messages
) -> None:
    (row,) = messages.claim(ticket(campaign)).rows
    told = fate(row, Fate.SENT, reason="a\0b", detail="\ud800%(x)s:y{}'", provider_ref="r\0")
    assert messages.settle(campaign, [told]) == 1
    assert column(engine, campaign, "detail")[0] == "?%(x)s:y{}'"


def test_whereabouts_tells_waiting_from_sending_under_this_token(campaign: int, messages: Messages) -> None:
    mine, others = ticket(campaign, 1, 2, token="mine"), ticket(campaign, 3, 1, token="others")
    rows = messages.claim(mine).rows
    messages.claim(others)
    whole = ticket(campaign, 0, 5, token="mine")
    assert messages.whereabouts(whole) == ((Retry(0, 0), Retry(0, 4)), ((1, 1), (2, 1)), ())
    messages.settle(campaign, [fate(rows[0], Fate.SENT), fate(rows[1], Fate.RETRY, 1_900_000_000_123)])
    waiting, sending, unsent = messages.whereabouts(whole)
    assert (waiting, sending) == ((Retry(0, 0), Retry(1_900_000_000_123, 2), Retry(0, 4)), ())
    assert unsent == ((2, rows[1].key),)


def test_whereabouts_tells_whom_this_tokens_attempt_certainly_did_not_reach(campaign: int, messages: Messages) -> None:
    rows = messages.claim(ticket(campaign, 0, 4, token="mine")).rows
    fates = (Fate.FAILED, Fate.RETRY, Fate.BLOCKED, Fate.SENT)  # a blocked one's lock may be the provider's word
    messages.settle(campaign, [fate(row, what) for row, what in zip(rows, fates, strict=True)])
    assert messages.whereabouts(ticket(campaign, 0, 4, token="mine")).unsent == ((0, rows[0].key), (1, rows[1].key))
    assert messages.whereabouts(ticket(campaign, 0, 4, token="others")).unsent == ()


def test_neighbours_that_wait_together_are_one_retry(campaign: int, messages: Messages) -> None:
    assert messages.whereabouts(ticket(campaign, 0, 5)).pending == (Retry(0, 0, 5),)


def test_what_has_been_sending_for_too_long_is_found(engine: Engine, campaign: int, messages: Messages) -> None:
    messages.claim(ticket(campaign, 0, 3))
    run(engine, "UPDATE message SET claimed_at = claimed_at - interval '20 minutes' WHERE seq IN (0, 2)")
    assert messages.stuck(900, 10) == [(campaign, 0, 1), (campaign, 2, 1)]
    assert len(messages.stuck(900, 1)) == 1


def test_promise_1_claims_at_the_same_moment_share_the_messages_out(
    engine: Engine, loja: Account, campaigns: Campaigns, messages: Messages
) -> None:
    """Eight workers hold overlapping tickets: each message goes to one of them."""
    campaign = campaigns.accept(loja, draft(400)).campaign_id
    together, got = Barrier(8), [list[tuple[int, int]]() for _ in range(8)]

    def work(index: int) -> None:
        together.wait()
        for first in range(0, 400, 10):
            rows = messages.claim(ticket(campaign, first, 25, token=f"w{index}")).rows
            got[index] += [(row.seq, row.attempt) for row in rows]
            messages.settle(campaign, [Settled(row.seq, row.attempt, Outcome(Fate.SENT)) for row in rows])

    threads = [Thread(target=work, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one for rows in got for one in rows) == [(seq, 1) for seq in range(400)]
    assert some(campaigns.counts(campaign)) == counted(engine, campaign) == {S.SENT: 400}


def test_a_senders_day_counts_what_left_or_may_have_and_what_is_on_its_way(
    engine: Engine, secrecy: Secrecy, campaign: int, messages: Messages
) -> None:
    """One sent, one in doubt, one failed, one on its way; another sender's; and all of it begins at some moment."""
    rows = messages.claim(ticket(campaign, 0, 4, sender=7)).rows
    messages.claim(ticket(campaign, 4, 1, sender=8))
    sent = [fate(row, what) for row, what in zip(rows, (Fate.SENT, Fate.IN_DOUBT, Fate.FAILED), strict=False)]
    messages.settle(campaign, sent)
    accounts = Accounts(engine, secrecy)
    counted_today = accounts.sent_by([7, 8, 9], 0)
    assert {number: one.today for number, one in counted_today.items()} == {7: 3, 8: 1}
    last_ms = counted_today[7].last_ms
    assert accounts.sent_since(7, last_ms + 60_000) == Sent()
    over_midnight = accounts.sent_since(7, last_ms + 60_000, 120_000)
    assert over_midnight.today == 0
    assert over_midnight.last_ms >= last_ms, "the gap counts over midnight, from now for what is on its way"


def test_two_attempts_at_a_message_settled_at_once_are_told_apart(campaign: int, messages: Messages) -> None:
    """Who wakes up late is not told that its outcome was written, because that of the attempt after it was."""
    (row,) = messages.claim(ticket(campaign, 0)).rows
    messages.settle(campaign, [fate(row, Fate.RETRY, 0)])
    (again,) = messages.claim(ticket(campaign, 0)).rows
    late, now = [fate(row, Fate.SENT)], [fate(again, Fate.SENT)]
    assert messages._settle_all([(campaign, late), (campaign, now)]) == [0, 1]
