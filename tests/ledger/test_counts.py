"""Promise 2 on the ledger alone: whatever happens in whatever order, accepted is the sum of the states."""

import itertools
from typing import ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import Engine

from dispatcher.domain.account import Account
from dispatcher.domain.claims import Settled
from dispatcher.domain.ids import MessageId
from dispatcher.domain.lifecycle import OPEN, CampaignState
from dispatcher.domain.outcomes import Fate, Outcome
from dispatcher.ledger.campaigns import Campaigns
from dispatcher.ledger.doubts import Doubts
from dispatcher.ledger.messages import Messages
from tests.ledger.drafts import draft, message
from tests.ledger.steps import counted, some, ticket

KEYS = itertools.count()  # of the machines of a run, none of which may feed another's campaign


class Moves(RuleBasedStateMachine):
    """Everything that moves messages, in any order; the test says on which ledger."""

    loja: ClassVar[Account]
    campaigns: ClassVar[Campaigns]
    messages: ClassVar[Messages]
    doubts: ClassVar[Doubts]
    engine: ClassVar[Engine]

    def __init__(self) -> None:
        super().__init__()
        self.key = f"machine {next(KEYS)}"
        self.serial = 0
        self.total = 0
        self.campaign = 0
        self.claimed: list[Settled] = []
        self.grow(4, False)

    @rule(count=st.integers(1, 4), problem=st.booleans())
    def grow(self, count: int, problem: bool) -> None:
        asked = [message(n, problem="bad" if problem and n == 0 else None) for n in range(count)]
        accepted = self.campaigns.accept(self.loja, draft(asked, join_key=self.key))
        if accepted.campaign_id != self.campaign:
            self.campaign, self.total, self.claimed = accepted.campaign_id, 0, []
        self.total += count

    @rule(seq=st.integers(0, 9), size=st.integers(1, 4))
    def claim(self, seq: int, size: int) -> None:
        self.serial += 1
        claim = self.messages.claim(ticket(self.campaign, seq, size, token=f"t-{self.serial}"))
        self.claimed += [Settled(row.seq, row.attempt, Outcome(Fate.SENT)) for row in claim.rows]

    @precondition(lambda self: self.claimed)
    @rule(index=st.integers(0, 99), fate=st.sampled_from(Fate))
    def settle(self, index: int, fate: Fate) -> None:
        """Also late ones, and those that were settled before."""
        one = self.claimed[index % len(self.claimed)]
        self.messages.settle(self.campaign, [one._replace(outcome=Outcome(fate))])

    @rule(seq=st.integers(0, 9), fate=st.sampled_from([Fate.SENT, Fate.FAILED, Fate.RETRY]))
    def resolve(self, seq: int, fate: Fate) -> None:
        self.doubts.resolve(MessageId(self.campaign, seq), fate)

    @rule()
    def pause(self) -> None:
        self.campaigns.pause(self.campaign)

    @rule()
    def resume(self) -> None:
        self.campaigns.resume(self.campaign)

    @rule()
    def cancel(self) -> None:
        self.campaigns.cancel(self.campaign)

    @rule()
    def retry_failed(self) -> None:
        self.campaigns.retry_failed(self.campaign)

    @rule()
    def complete(self) -> None:
        self.campaigns.complete(self.campaign)

    @invariant()
    def the_counts_are_the_truth(self) -> None:
        counts = self.campaigns.counts(self.campaign)
        assert some(counts) == counted(self.engine, self.campaign)
        assert sum(counts.values()) == self.campaigns.get(self.campaign).total == self.total

    @invariant()
    def what_is_finished_has_nothing_open(self) -> None:
        kept = self.campaigns.get(self.campaign)
        assert (kept.state is CampaignState.DONE) <= (kept.finished_at_ms is not None)
        if kept.finished_at_ms is not None:
            assert not set(counted(self.engine, self.campaign)) & OPEN


def test_promise_2_counts_always_add_up(engine: Engine, loja: Account, campaigns: Campaigns) -> None:
    ledger = {"engine": engine, "loja": loja, "campaigns": campaigns}
    run_state_machine_as_test(
        type("OnThisLedger", (Moves,), ledger | {"messages": Messages(engine), "doubts": Doubts(engine)}),
        settings=settings(
            max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
