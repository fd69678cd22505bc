"""How many of everything, for who watches the installation: only what is not over yet, so that it stays cheap."""

from typing import NamedTuple

from sqlalchemy import Engine, text

from dispatcher.domain.lifecycle import CampaignState, MessageState
from dispatcher.ledger.engine import autocommit

_SUMS = ", ".join(f"coalesce(sum(n.{state.value}), 0) AS {state.value}" for state in MessageState)

MESSAGES = text(f"""
SELECT {_SUMS} FROM campaign c JOIN campaign_count n ON n.campaign_id = c.id WHERE c.finished_at IS NULL
""")

IN_DOUBT = text("SELECT count(*) FROM message WHERE state = 'in_doubt'")

CAMPAIGNS = text("""
SELECT CASE WHEN state = 'running' AND scheduled_for > now() THEN 'scheduled' ELSE state::text END AS state, count(*)
FROM campaign WHERE finished_at IS NULL GROUP BY 1
""")


class Figures(NamedTuple):
    """`messages` of campaigns that are not over; `in_doubt` of all; `campaigns` that are not over, by state."""

    messages: dict[str, int]
    in_doubt: int
    campaigns: dict[str, int]


def figures(engine: Engine) -> Figures:
    with autocommit(engine) as connection:
        messages = connection.execute(MESSAGES).mappings().one()
        in_doubt = connection.execute(IN_DOUBT).scalar_one()
        campaigns = connection.execute(CAMPAIGNS).all()
    shown = {state.value: 0 for state in CampaignState if state is not CampaignState.DONE}
    return Figures(
        {state: int(number) for state, number in messages.items()},
        int(in_doubt),
        shown | {state: int(number) for state, number in campaigns},
    )
