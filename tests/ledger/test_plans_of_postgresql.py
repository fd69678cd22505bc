"""What statements read does not grow with the campaign, also while PostgreSQL knows nothing about it.

It takes a campaign that came a moment ago for one row. A statement that leaves it the choice then reads a
million messages to claim one.
"""

from typing import Any

import pytest
from sqlalchemy import Engine, TextClause, text

from dispatcher.domain.account import Account
from dispatcher.domain.claims import Claimed
from dispatcher.domain.folders import Receipts
from dispatcher.domain.followups import STEP
from dispatcher.domain.ids import MessageId, job_text
from dispatcher.domain.lifecycle import MessageState as S
from dispatcher.domain.outcomes import Fate
from dispatcher.ledger import (
    doubts,
    folders,
    followups,
    inbound,
    leads,
    lines,
    messages,
    overdue,
    pages,
    plans,
    steering,
    survivors,
    waits,
)
from dispatcher.ledger.campaigns import Campaigns
from dispatcher.ledger.engine import autocommit
from dispatcher.ledger.times import moment
from tests.ledger.drafts import draft, phone
from tests.ledger.steps import fate, run, ticket

MESSAGES = 10_000
BLOCKS_OF_A_SCAN = 10_000 // 100  # a page holds less than a hundred messages
CLAIMED = MESSAGES // 2
DUE = 1_900_000_000_000


@pytest.fixture(params=["fresh", "analyzed"])
def campaign(request: pytest.FixtureRequest, engine: Engine, loja: Account, campaigns: Campaigns) -> int:
    """Others with known statistics, then one of 10,000 messages: half sent, some sending, some in doubt."""
    for table in ("message", "attempt"):
        run(engine, f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
    for _ in range(3):
        campaigns.accept(loja, draft(500))
    run(engine, "ANALYZE")
    made = campaigns.accept(loja, draft(MESSAGES)).campaign_id
    run(
        engine, "UPDATE message SET state = 'sent', attempts = 1 WHERE campaign_id = :c AND seq < :n", c=made, n=CLAIMED
    )
    run(
        engine,
        "INSERT INTO attempt (campaign_id, seq, attempt, slot, sender_id, started_at, token, job_id)"
        " SELECT campaign_id, seq, 1, 0, 1, now(), 't', 'j' FROM message WHERE campaign_id = :c AND seq < :n",
        c=made,
        n=CLAIMED,
    )
    book = messages.Messages(engine)
    rows = book.claim(ticket(made, CLAIMED, 20)).rows
    book.settle(made, [fate(row, Fate.IN_DOUBT, DUE) for row in rows[:10]])
    if request.param == "analyzed":
        run(engine, "ANALYZE")
    return made


def blocks(engine: Engine, statement: TextClause, **values: Any) -> int:
    """Pages that a statement touches, its trigger's included; it is rolled back."""
    with engine.execution_options(isolation_level="READ COMMITTED").connect() as connection:
        explained = text(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement.text}")
        (plan,) = connection.execute(explained, values).scalar_one()
        connection.rollback()
    return int(plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"])


def test_promise_7_no_statement_of_the_send_path_reads_the_whole_campaign(engine: Engine, campaign: int) -> None:
    batch = {"campaign": campaign, "first": CLAIMED + 20, "after": CLAIMED + 40}
    flying = {"campaign": campaign, "first": CLAIMED, "after": CLAIMED + 20}
    job = job_text(MessageId(campaign, CLAIMED), 1)
    far_apart = [ticket(campaign, seq, 1) for seq in (CLAIMED + 20, CLAIMED + 500, CLAIMED + 1000)]
    rows = [Claimed(seq, 1, "", "", {}, 0, False) for seq in range(CLAIMED + 10, CLAIMED + 20)]
    settled = messages.settle_values(campaign, [fate(row, Fate.SENT, provider_ref="r") for row in rows])
    one = messages.settle_values(campaign, [fate(rows[0], Fate.SENT)])
    replied = {"at": moment(DUE), "account": None, "paced": ["uazapi"]}
    read = {
        "claim one": blocks(engine, messages.CLAIM, **messages.claim_values([ticket(campaign, CLAIMED + 20, 1)])),
        "claim three far apart": blocks(engine, messages.CLAIM, **messages.claim_values(far_apart)),
        "whereabouts": blocks(engine, messages.WHEREABOUTS, **flying, token="t-1"),
        "settle one": blocks(engine, messages.SETTLE, **one),
        "job": blocks(engine, doubts.JOB, campaign=campaign, job=job),
        "flights": blocks(engine, survivors.FLIGHTS),
        "cursor": blocks(engine, plans.CURSOR, campaign=campaign, frontier=CLAIMED + 20),
        "recipients": blocks(engine, leads.OF_JOB, campaign=campaign, job=job, seqs=[CLAIMED, CLAIMED + 1]),
        "page": blocks(engine, lines.PAGE, campaign=campaign, after=CLAIMED, limit=20),
        "part": blocks(engine, folders.PART, campaign=campaign, offset=CLAIMED, limit=20),
        "mark": blocks(engine, followups.MARK, key=phone(CLAIMED), **replied),
        "answered": blocks(engine, inbound.ANSWERED, key=phone(CLAIMED), **replied),
        "awaited": blocks(engine, inbound.AWAITED, key=phone(CLAIMED + 15)),
        "end": blocks(engine, followups.CANCEL, key=phone(CLAIMED)),
        "of client": blocks(engine, waits.OF_CLIENT, key=phone(CLAIMED), soon=moment(DUE)),
        "wake": blocks(engine, waits.WAKE, key=phone(CLAIMED), scopes=["global"], since=moment(DUE)),
        "due": blocks(
            engine, waits.DUE, campaign=campaign, now=moment(DUE), lost=moment(0), soon=moment(DUE), limit=20
        ),
        "doubts": blocks(engine, lines.IN_DOUBT, campaign=None, seq=None, limit=20, undecided=True),
    }
    assert {what: number for what, number in read.items() if number > BLOCKS_OF_A_SCAN} == {}
    read_by_twenty = {
        "claim": blocks(engine, messages.CLAIM, **messages.claim_values([ticket(campaign, CLAIMED + 20, 20)])),
        "settle": blocks(engine, messages.SETTLE, **settled),
        "due": blocks(engine, doubts.DUE, now=moment(DUE), again=moment(DUE), limit=9),
        "postpone": blocks(engine, doubts.POSTPONE, campaign=campaign, job=job, due=None),
        "cancel": blocks(engine, steering.CANCEL_WAITING, **batch),
        "expire": blocks(engine, overdue.EXPIRE, campaign=campaign, place=CLAIMED + 20, slice=20, now=moment(DUE)),
    }
    assert {what: number for what, number in read_by_twenty.items() if number > 20 * 40} == {}


@pytest.mark.parametrize(
    ("states", "after", "first"),
    [
        ({S.IN_DOUBT}, -1, CLAIMED),
        ({S.SENT}, CLAIMED - 10, CLAIMED - 9),
        ({S.PENDING}, -1, CLAIMED + 20),
        ({S.PENDING, S.SENDING, S.IN_DOUBT}, -1, CLAIMED),
        ({S.PENDING}, STEP, None),
        ({S.FAILED, S.CANCELLED}, -1, None),
    ],
)
def test_pages_of_states_do_not_read_through_those_of_others(
    engine: Engine, campaign: int, states: set[S], after: int, first: int | None
) -> None:
    """The first page of what waits may: it notes how far, and the next ones begin there."""
    with autocommit(engine) as connection:
        rows = pages.read_page(connection, campaign, states, after, 0, 20)
    assert [row.seq for row in rows[:1]] == ([] if first is None else [first])
    asked = {"campaign": campaign, "after": after, "offset": 0, "limit": 20}
    assert blocks(engine, pages.page_of(frozenset(states)), **asked) <= BLOCKS_OF_A_SCAN


@pytest.mark.parametrize(
    ("states", "offset", "first"),
    [
        ({S.SENT}, CLAIMED - 30, CLAIMED - 30),
        ({S.PENDING}, 4_000, CLAIMED + 20 + 4_000),
        ({S.PENDING, S.SENDING, S.IN_DOUBT}, 4_000, CLAIMED + 4_000),
        ({S.PENDING, S.SENDING, S.IN_DOUBT}, MESSAGES, None),
    ],
)
def test_a_page_far_behind_does_not_read_what_it_passes_over(
    engine: Engine, campaign: int, states: set[S], offset: int, first: int | None
) -> None:
    with autocommit(engine) as connection:
        pages.read_page(connection, campaign, states, -1, offset, 20)  # may look for the first that waits, once
        far = pages.far_of(frozenset(states))
        assert far is not None
        passed = pages.Passed._make(connection.execute(far, {"campaign": campaign, "offset": offset}).one())
        rows = pages.read_page(connection, campaign, states, -1, offset, 20)
    assert [row.seq for row in rows[:1]] == ([] if first is None else [first])
    after, rest = passed.rest(offset)
    asked = {"campaign": campaign, "after": after, "offset": rest, "limit": 20}
    read = blocks(engine, far, campaign=campaign, offset=offset) + blocks(
        engine, pages.page_of(frozenset(states)), **asked
    )
    assert read <= BLOCKS_OF_A_SCAN


def test_where_nothing_waits_any_more_nobody_looks_twice(engine: Engine, campaign: int) -> None:
    run(engine, "UPDATE message SET state = 'sent' WHERE campaign_id = :c AND state = 'pending'", c=campaign)
    with autocommit(engine) as connection:
        assert pages.read_page(connection, campaign, [S.PENDING], -1, 0, 20) == []
    asked = {"campaign": campaign, "after": -1, "offset": 0, "limit": 20}
    assert blocks(engine, pages.page_of(frozenset([S.PENDING])), **asked) <= BLOCKS_OF_A_SCAN


def test_what_waits_for_a_time_is_found_below_what_nobody_took_up(engine: Engine, campaign: int) -> None:
    def waiting() -> list[int]:
        with autocommit(engine) as connection:
            return [row.seq for row in pages.read_page(connection, campaign, [S.PENDING], -1, 0, 4)]

    assert waiting()[0] == CLAIMED + 20
    again = "UPDATE message SET state = 'pending', due_at = now() WHERE campaign_id = :c AND seq IN (7, 900)"
    run(engine, again, c=campaign)
    assert waiting() == [7, 900, CLAIMED + 20, CLAIMED + 21]
    follow_up = "UPDATE message SET seq = :s WHERE campaign_id = :c AND seq = 900"
    run(engine, follow_up, c=campaign, s=STEP + 900)
    run(
        engine,
        "UPDATE message SET state = 'sent' WHERE campaign_id = :c AND seq BETWEEN :n AND :s",
        c=campaign,
        n=CLAIMED,
        s=MESSAGES,
    )
    assert waiting() == [7, STEP + 900]


def test_nobody_who_looks_at_a_page_waits_for_a_campaign_that_grows(engine: Engine, campaign: int) -> None:
    with engine.begin() as growing, autocommit(engine) as connection:
        growing.execute(text("SELECT FROM campaign WHERE id = :c FOR UPDATE"), {"c": campaign})
        connection.execute(text("SET statement_timeout = '5s'"))
        assert len(pages.read_page(connection, campaign, [S.PENDING], -1, 0, 20)) == 20
        connection.execute(text("RESET statement_timeout"))


def test_receipts_are_counted_as_they_come_and_none_of_a_campaign_s_messages_is_read(
    engine: Engine, campaign: int
) -> None:
    book = folders.Folders(engine)
    assert book.receipts([campaign]) == {}
    for change in (
        "delivered_at = now() WHERE campaign_id = :c AND seq < 30",
        "delivered_at = now(), read_at = now() WHERE campaign_id = :c AND seq BETWEEN 20 AND 39",
        "answered_at = now() WHERE campaign_id = :c AND seq IN (39, 40)",
        "delivered_at = NULL WHERE campaign_id = :c AND seq < 5",
    ):
        run(engine, f"UPDATE message SET {change}", c=campaign)
    assert book.receipts([campaign]) == {campaign: Receipts(delivered=36, read=21)}
    assert blocks(engine, folders.RECEIPTS, campaigns=[campaign]) < 10


def test_a_follow_up_s_claim_does_not_read_through_the_replies_that_nobody_has_processed(
    engine: Engine, campaign: int
) -> None:
    """As after an hour without Redis; PostgreSQL has no statistics of them."""
    run(engine, "ALTER TABLE inbound_event SET (autovacuum_enabled = false)")
    run(
        engine,
        "INSERT INTO inbound_event (account_id, event_id, kind, at, phone_key, text, provider_ref, sender_name, reason)"
        " SELECT 0, n, 'reply', now(), 5511900000000 + n, '', '', '', '' FROM generate_series(1, :n) n",
        n=MESSAGES,
    )
    run(
        engine,
        "INSERT INTO message (campaign_id, seq, phone, phone_key, due_at)"
        " SELECT :c, :step + n, phone, phone_key, now() FROM message, generate_series(0, 19) n"
        " WHERE campaign_id = :c AND seq = 0",
        c=campaign,
        step=STEP,
    )
    read = blocks(engine, messages.CLAIM, **messages.claim_values([ticket(campaign, STEP, 1)]))
    assert read < BLOCKS_OF_A_SCAN
