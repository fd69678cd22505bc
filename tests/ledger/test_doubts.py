"""Messages in doubt: looked up by the job that left them so, one resolver at a time."""

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from dispatcher.domain.account import Account
from dispatcher.domain.ids import MessageId, job_text
from dispatcher.domain.lifecycle import MessageState
from dispatcher.domain.outcomes import Fate
from dispatcher.ledger.campaigns import Campaigns
from dispatcher.ledger.doubts import Doubts
from dispatcher.ledger.engine import transaction
from dispatcher.ledger.messages import Messages
from dispatcher.ledger.schema import config
from tests.ledger.drafts import draft, phone
from tests.ledger.steps import column, fate, run, some, ticket

DUE = 1_900_000_000_000
S = MessageState


@pytest.fixture
def doubts(engine: Engine) -> Doubts:
    return Doubts(engine)


@pytest.fixture
def campaign(engine: Engine, loja: Account, campaigns: Campaigns) -> int:
    """A job of three (its second was sent), a job of one that nobody looks up, one message that waits."""
    campaign = campaigns.accept(loja, draft(5)).campaign_id
    messages = Messages(engine)
    a, b, c = messages.claim(ticket(campaign, 0, 3, sender=4)).rows
    (d,) = messages.claim(ticket(campaign, 3, token="other")).rows
    given = [fate(a, Fate.IN_DOUBT, DUE), fate(b, Fate.SENT), fate(c, Fate.IN_DOUBT, DUE), fate(d, Fate.IN_DOUBT)]
    messages.settle(campaign, given)
    return campaign


def job(campaign: int, seq: int = 0) -> str:
    return job_text(MessageId(campaign, seq), 1)


def test_a_job_is_due_once_a_minute(doubts: Doubts, campaign: int) -> None:
    assert doubts.due(DUE - 1, 10) == []
    assert doubts.due(DUE, 10) == [(campaign, job(campaign))]
    assert doubts.due(DUE + 59_999, 10) == []
    assert doubts.due(DUE + 60_000, 10) == [(campaign, job(campaign))]


def test_the_limit_never_tears_a_job_apart(doubts: Doubts, campaign: int) -> None:
    assert doubts.due(DUE, 1) == [(campaign, job(campaign))]
    assert doubts.due(DUE, 1) == []


def test_a_job_holds_its_messages_that_still_are_in_doubt(doubts: Doubts, campaign: int) -> None:
    found = doubts.job(campaign, job(campaign))
    assert found is not None
    assert (found.job, found.sender_id, found.tries) == (job(campaign), 4, 0)
    assert [(row.seq, row.attempt, row.phone) for row in found.rows] == [(0, 1, phone(0)), (2, 1, phone(2))]
    assert doubts.job(campaign, job(campaign, 1)) is None


def test_look_ups_are_counted_and_end(doubts: Doubts, campaign: int) -> None:
    doubts.postpone(campaign, job(campaign), DUE + 5000)
    assert doubts.due(DUE, 10) == []
    found = doubts.job(campaign, job(campaign))
    assert found is not None
    assert found.tries == 1
    doubts.postpone(campaign, job(campaign), None)
    assert doubts.due(DUE * 2, 10) == []


def test_a_message_sent_again_is_a_new_job(engine: Engine, doubts: Doubts, campaign: int) -> None:
    found = doubts.job(campaign, job(campaign))
    assert found is not None
    messages = Messages(engine)
    messages.settle(campaign, [fate(row, Fate.RETRY, 0) for row in found.rows])
    (row,) = messages.claim(ticket(campaign, 2)).rows
    messages.settle(campaign, [fate(row, Fate.IN_DOUBT, DUE)])
    assert doubts.job(campaign, job(campaign)) is None
    again = doubts.job(campaign, job_text(MessageId(campaign, 2), 2))
    assert again is not None
    assert (again.tries, [row.seq for row in again.rows]) == (0, [2])


@pytest.mark.parametrize(("what", "state"), [(Fate.SENT, S.SENT), (Fate.FAILED, S.FAILED), (Fate.RETRY, S.PENDING)])
def test_an_operator_resolves_a_message_once(
    engine: Engine, campaigns: Campaigns, doubts: Doubts, campaign: int, what: Fate, state: MessageState
) -> None:
    assert doubts.resolve(MessageId(campaign, 3), what) is True
    assert column(engine, campaign, "state")[3] == state
    assert doubts.resolve(MessageId(campaign, 3), what) is False
    assert doubts.resolve(MessageId(campaign, 99), what) is None
    assert some(campaigns.counts(campaign))[S.IN_DOUBT] == 2


@pytest.mark.parametrize(
    ("provider", "on_doubt", "due"), [("cpc", "resend", 1), ("cpc", "hold", 0), ("uazapi", "resend", 0)]
)
def test_doubts_of_before_resending_worked_are_looked_at_once_after_the_upgrade(
    engine: Engine, campaigns: Campaigns, loja: Account, doubts: Doubts, provider: str, on_doubt: str, due: int
) -> None:
    """Migration 0009: what cannot be asked about had no look of its own, and was never sent again."""
    number = campaigns.accept(loja, draft(1)).campaign_id
    messages = Messages(engine)
    messages.settle(number, [fate(row, Fate.IN_DOUBT) for row in messages.claim(ticket(number)).rows])
    run(engine, "UPDATE account SET provider = :p, on_doubt = :o", p=provider, o=on_doubt)
    with transaction(engine) as connection:
        steps = config(connection)
        script = ScriptDirectory.from_config(steps).get_revision("0009")
        command.downgrade(steps, str(script.down_revision))
        command.upgrade(steps, "head")
    assert len(doubts.due(DUE, 10)) == due
