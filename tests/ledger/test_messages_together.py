"""Claims and outcomes of many threads, which the ledger takes several at a time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest
from sqlalchemy import Engine

from dispatcher.domain.account import Account
from dispatcher.domain.claims import Claim, Settled
from dispatcher.domain.ids import campaign_text
from dispatcher.domain.lifecycle import MessageState
from dispatcher.domain.outcomes import Fate
from dispatcher.domain.tickets import Ticket
from dispatcher.ledger.campaigns import Campaigns
from dispatcher.ledger.messages import Messages
from tests.ledger.drafts import draft
from tests.ledger.steps import attempts, column, counted, fate, run, some, ticket

THREADS = 24
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


@pytest.fixture
def messages(engine: Engine) -> Messages:
    return Messages(engine)


def all_at_once(step: Callable[[Asked], Answer], asked: Sequence[Asked]) -> list[Answer]:
    """A thread each, which start together."""
    barrier = Barrier(len(asked))

    def go(one: Asked) -> Answer:
        barrier.wait(30)
        return step(one)

    with ThreadPoolExecutor(len(asked)) as threads:
        return list(threads.map(go, asked, timeout=60))


def named(campaign: int, seqs: Sequence[int], size: int = 1) -> list[Ticket]:
    return [ticket(campaign, seq, size, sender=seq + 1, token=f"t-{place}") for place, seq in enumerate(seqs)]


def test_promise_1_each_ticket_gets_its_own_messages_and_no_other_s(
    engine: Engine, loja: Account, campaigns: Campaigns, messages: Messages
) -> None:
    campaign = campaigns.accept(loja, draft(THREADS * 2)).campaign_id
    tickets = named(campaign, range(0, THREADS * 2, 2), size=2)
    found = all_at_once(messages.claim, tickets)
    assert [[row.seq for row in claim.rows] for claim in found] == [[one.seq, one.seq + 1] for one in tickets]
    assert column(engine, campaign, "sender_id") == [seq // 2 * 2 + 1 for seq in range(THREADS * 2)]
    name = campaign_text(campaign)
    assert [(one.token, one.job_id) for one in attempts(engine, campaign)] == [
        (f"t-{seq // 2}", f"{name}-{seq // 2 * 2}.1") for seq in range(THREADS * 2)
    ]


def test_promise_1_a_message_that_several_tickets_name_is_given_to_one(
    engine: Engine, loja: Account, campaigns: Campaigns, messages: Messages
) -> None:
    campaign = campaigns.accept(loja, draft(4)).campaign_id
    found = all_at_once(messages.claim, named(campaign, [0, 1] * (THREADS // 2), size=3))
    assert sorted(row.seq for claim in found for row in claim.rows) == [0, 1, 2, 3]
    assert column(engine, campaign, "attempts") == [1, 1, 1, 1]
    assert len(attempts(engine, campaign)) == 4


def test_a_campaign_that_does_not_run_keeps_nobody_from_claiming_of_others(
    engine: Engine, loja: Account, campaigns: Campaigns, messages: Messages
) -> None:
    running, paused = (campaigns.accept(loja, draft(THREADS)).campaign_id for _ in range(2))
    run(engine, "UPDATE campaign SET state = 'paused' WHERE id = :c", c=paused)
    tickets = named(running, range(THREADS)) + named(paused, range(THREADS))
    found = all_at_once(messages.claim, tickets)
    assert all(claim.running and len(claim.rows) == 1 for claim in found[:THREADS])
    assert [claim.waiting for claim in found[THREADS:]] == [(seq,) for seq in range(THREADS)]
    assert set(column(engine, paused, "state")) == {"pending"}


def test_outcomes_are_written_for_their_messages_and_counted_for_who_asked(
    engine: Engine, loja: Account, campaigns: Campaigns, messages: Messages
) -> None:
    campaign = campaigns.accept(loja, draft(THREADS)).campaign_id
    rows = [messages.claim(one).rows[0] for one in named(campaign, range(THREADS))]
    outcomes = [fate(row, Fate.SENT if row.seq % 2 else Fate.FAILED, provider_ref=f"r-{row.seq}") for row in rows]
    late = fate(rows[0]._replace(attempt=9), Fate.SENT)

    def settle(settled: Settled) -> int:
        return messages.settle(campaign, [settled])

    assert all_at_once(settle, [*outcomes, late]) == [1] * THREADS + [0]
    assert column(engine, campaign, "state") == ["sent" if seq % 2 else "failed" for seq in range(THREADS)]
    assert column(engine, campaign, "provider_ref") == [f"r-{seq}" for seq in range(THREADS)]
    assert some(counted(engine, campaign)) == {
        MessageState.SENT: THREADS // 2,
        MessageState.FAILED: THREADS // 2,
    }


def test_what_the_ledger_cannot_write_does_not_take_others_along(
    engine: Engine, loja: Account, campaigns: Campaigns, messages: Messages
) -> None:
    campaign = campaigns.accept(loja, draft(THREADS)).campaign_id
    wrong = Ticket(ticket(campaign).lane, campaign, 0, 2**40, "t-wrong")

    def claim(asked: Ticket) -> Claim | str:
        try:
            return messages.claim(asked)
        except Exception as error:
            return type(error).__name__

    *found, refused = all_at_once(claim, [*named(campaign, range(THREADS)), wrong])
    assert refused == "LedgerFault"
    assert all(isinstance(one, Claim) and one.rows for one in found)
