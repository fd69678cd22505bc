"""How many of everything, for who watches the installation: only what is not over yet, so that it stays cheap."""

from typing import NamedTuple

from sqlalchemy import Engine, text

from dispatcher.domain.audit.checks import Doubtful
from dispatcher.domain.lifecycle import CampaignState, MessageState
from dispatcher.ledger.engine import autocommit

_SUMS = ", ".join(f"coalesce(sum(n.{state.value}), 0) AS {state.value}" for state in MessageState)

MESSAGES = text(f"""
SELECT {_SUMS} FROM campaign c JOIN campaign_count n ON n.campaign_id = c.id WHERE c.finished_at IS NULL
""")

IN_DOUBT = text("""
SELECT count(*) AS many, count(*) FILTER (WHERE due_at IS NULL) AS undecided,
    coalesce(extract(epoch FROM now() - min(claimed_at) FILTER (WHERE due_at IS NULL)), 0)::float AS oldest_s
FROM message WHERE state = 'in_doubt'
""")

CAMPAIGNS = text("""
SELECT CASE WHEN state = 'running' AND scheduled_for > now() THEN 'scheduled' ELSE state::text END AS state, count(*)
FROM campaign WHERE finished_at IS NULL GROUP BY 1
""")


class Figures(NamedTuple):
    """`messages` of campaigns that are not over; `in_doubt` of all; `campaigns` that are not over, by state."""

    messages: dict[str, int]
    in_doubt: Doubtful
    campaigns: dict[str, int]


def in_doubt(engine: Engine) -> Doubtful:
    with autocommit(engine) as connection:
        return Doubtful(*connection.execute(IN_DOUBT).one())


def figures(engine: Engine) -> Figures:
    with autocommit(engine) as connection:
        messages = connection.execute(MESSAGES).mappings().one()
        doubtful = Doubtful(*connection.execute(IN_DOUBT).one())
        campaigns = connection.execute(CAMPAIGNS).all()
    shown = {state.value: 0 for state in CampaignState if state is not CampaignState.DONE}
    return Figures(
        {state: int(number) for state, number in messages.items()},
        doubtful,
        shown | {state: int(number) for state, number in campaigns},
    )
