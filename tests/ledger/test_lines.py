"""Messages as people look at them: pages, exports, doubts, and the file of a job's recipients."""

import pytest
from sqlalchemy import Engine

from dispatcher.domain.account import Account
from dispatcher.domain.ids import MessageId
from dispatcher.domain.lifecycle import MessageState
from dispatcher.domain.outcomes import Fate
from dispatcher.ledger.accounts import Accounts
from dispatcher.ledger.campaigns import Campaigns
from dispatcher.ledger.doubts import Doubts
from dispatcher.ledger.lines import Lines
from dispatcher.ledger.messages import Messages
from dispatcher.secrecy import Secrecy
from tests.ledger.drafts import draft, message, phone
from tests.ledger.steps import fate, ticket

S = MessageState


@pytest.fixture
def lines(engine: Engine) -> Lines:
    return Lines(engine)


@pytest.fixture
def campaign(engine: Engine, secrecy: Secrecy, loja: Account, campaigns: Campaigns) -> int:
    """sent, failed, in doubt, retried once and deferred once, waiting, invalid."""
    asked = [*(message(n, fields={"nome": f"n{n}"}) for n in range(5)), message(5, problem="invalid_number")]
    campaign = campaigns.accept(loja, draft(asked)).campaign_id
    messages = Messages(engine)
    sender = Accounts(engine, secrecy).senders(loja.id)[0]
    rows = messages.claim(ticket(campaign, 0, 4, sender=sender.id)).rows
    fates = (Fate.SENT, Fate.FAILED, Fate.IN_DOUBT, Fate.DEFERRED)
    messages.settle(campaign, [fate(row, one, reason=one.value) for row, one in zip(rows, fates, strict=True)])
    (row,) = messages.claim(ticket(campaign, 3, sender=sender.id)).rows
    messages.settle(campaign, [fate(row, Fate.RETRY, 1_900_000_000_000)])
    return campaign


def test_a_line_tells_what_became_of_a_message(lines: Lines, campaign: int) -> None:
    sent, failed, doubt, retried, waiting, invalid = lines.page(campaign)
    assert (sent.id, sent.phone, sent.state, sent.sender) == (MessageId(campaign, 0), phone(0), S.SENT, "5511900000001")
    assert sent.sent_at_ms is not None
    assert sent.claimed_at_ms is not None
    assert sent.accepted_at_ms <= sent.claimed_at_ms <= sent.sent_at_ms
    assert (failed.state, failed.reason, failed.settled_at_ms is not None) == (S.FAILED, "failed", True)
    assert (doubt.state, doubt.settled_at_ms) == (S.IN_DOUBT, None)
    assert (retried.state, retried.attempts, retried.due_at_ms) == (S.PENDING, 1, 1_900_000_000_000)
    assert (waiting.state, waiting.attempts, waiting.sender) == (S.PENDING, 0, None)
    assert (invalid.state, invalid.reason) == (S.FAILED, "invalid_number")


def test_pages_go_on_behind_their_cursor_and_hold_one_state(lines: Lines, campaign: int) -> None:
    assert [one.id.seq for one in lines.page(campaign, after=1, limit=2)] == [2, 3]
    assert [one.id.seq for one in lines.page(campaign, S.FAILED)] == [1, 5]
    assert [one.id.seq for one in lines.page(campaign, S.FAILED, after=1)] == [5]
    assert [one.id.seq for one in lines.page(campaign, S.PENDING)] == [3, 4]
    assert [one.id.seq for one in lines.page(campaign, S.SENT)] == [0]
    assert lines.page(campaign, S.BLOCKED) == []
    assert lines.page(campaign + 1) == []


def test_an_export_is_a_stream_of_all(lines: Lines, loja: Account, campaigns: Campaigns) -> None:
    campaign = campaigns.accept(loja, draft(2500)).campaign_id
    stream = lines.whole(campaign)
    assert next(stream).id.seq == 0
    assert [one.id.seq for one in stream] == list(range(1, 2500))


def test_one_message_can_be_asked_for(lines: Lines, campaign: int) -> None:
    assert lines.one(MessageId(campaign, 1)) == lines.page(campaign)[1]
    assert lines.one(MessageId(campaign, 99)) is None


def test_doubts_of_all_campaigns_are_listed_oldest_first(
    engine: Engine, lines: Lines, loja: Account, campaigns: Campaigns, campaign: int
) -> None:
    later = campaigns.accept(loja, draft(2)).campaign_id
    messages = Messages(engine)
    rows = messages.claim(ticket(later, 0, 2)).rows
    messages.settle(later, [fate(row, Fate.IN_DOUBT) for row in rows])
    found = lines.in_doubt()
    assert [one.message.id for one in found] == [MessageId(campaign, 2), MessageId(later, 0), MessageId(later, 1)]
    assert {one.account for one in found} == {"loja"}
    assert [one.message.id.seq for one in lines.in_doubt(MessageId(later, 0))] == [1]
    assert len(lines.in_doubt(limit=1)) == 1
    Doubts(engine).resolve(MessageId(campaign, 2), Fate.SENT)
    assert [one.message.id for one in lines.in_doubt(MessageId(campaign, 2))] == [
        MessageId(later, 0),
        MessageId(later, 1),
    ]
