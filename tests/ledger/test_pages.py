"""A page by its number is the page, whatever states a campaign's messages are in."""

import random

import pytest
from sqlalchemy import Engine, text

from dispatcher.domain.account import Account
from dispatcher.domain.followups import STEP
from dispatcher.domain.lifecycle import MessageState as S
from dispatcher.ledger import pages
from dispatcher.ledger.campaigns import Campaigns
from dispatcher.ledger.engine import autocommit
from dispatcher.providers.uazapi.folders import LISTED
from tests.ledger.drafts import draft
from tests.ledger.steps import run

MESSAGES = 400
WHERE = "WHERE campaign_id = :c AND seq = ANY(:seqs)"
IN = text("SELECT seq FROM message WHERE campaign_id = :c AND CAST(state AS text) = ANY(:states) ORDER BY seq")


def scatter(engine: Engine, campaign: int, chance: random.Random, reached: int, odd: float) -> None:
    """Sent up to `reached`, and a share of all, before and behind it, in other states; some are follow-ups."""
    run(engine, "UPDATE message SET state = 'sent' WHERE campaign_id = :c AND seq < :to", c=campaign, to=reached)
    others: dict[str, list[int]] = {}
    for seq in range(MESSAGES):
        if chance.random() < odd:
            others.setdefault(chance.choice([*S, "waits"]), []).append(seq)
    for state, seqs in others.items():
        due = "now()" if state == "waits" or (state == S.PENDING and reached) else "NULL"
        known = "pending" if state == "waits" else state
        run(engine, f"UPDATE message SET state = '{known}', due_at = {due} {WHERE}", c=campaign, seqs=seqs)
    last = {"c": campaign, "n": MESSAGES - 40}
    run(engine, f"UPDATE message SET seq = seq + {STEP} WHERE campaign_id = :c AND seq >= :n", **last)
    run(engine, "UPDATE campaign SET total = :n WHERE id = :c", **last)
    waiting = f"UPDATE message SET due_at = now() WHERE campaign_id = :c AND seq >= {STEP} AND state = 'pending'"
    run(engine, waiting, c=campaign)


@pytest.mark.parametrize(("reached", "odd"), [(0, 0.0), (200, 0.05), (300, 0.5), (MESSAGES, 0.1), (150, 0.9)])
def test_a_page_by_its_number_holds_what_counting_would_find(
    engine: Engine, loja: Account, campaigns: Campaigns, reached: int, odd: float
) -> None:
    campaign = campaigns.accept(loja, draft(MESSAGES)).campaign_id
    scatter(engine, campaign, random.Random(reached), reached, odd)
    with autocommit(engine) as connection:
        for states in (*LISTED.values(), (S.SENT, S.FAILED), (S.SENT, S.PENDING), (S.PENDING,)):
            asked = {"c": campaign, "states": [state.value for state in states]}
            known = list(connection.execute(IN, asked).scalars())
            for offset in (0, pages.NEAR, *range(pages.NEAR + 1, MESSAGES + 9, 31)):
                page = pages.read_page(connection, campaign, states, -1, offset, 7)
                assert [row.seq for row in page] == known[offset : offset + 7], (states, offset)
