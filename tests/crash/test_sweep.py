"""A sweeper dies in the middle of its round: the next one does what it had not done."""

import pytest

from dispatcher.domain.ids import parse_campaign
from dispatcher.domain.pacing import Pacing
from dispatcher.domain.tickets import Plan
from dispatcher.pipeline.steer import resume
from tests.crash.conftest import Play
from tests.crash.world import World

pytestmark = pytest.mark.slow

UNPLANNED = ["control.plan:before", "control.plan:after", "plans.opened:after", "looked_at:after"]
LOST = ["control.forget:after", "control.plan:after", "campaigns.complete:after"]
CLEARED = ["leftovers.clear:within:1", "leftovers.clear:within:2", "leftovers.clear:after"]
OLD = "now() - interval '99 days'"
OF_LONG_AGO = {
    "idempotency_key": f"""
        INSERT INTO idempotency_key (account_id, key, digest, receipt, created_at) VALUES (1, 'k', 'd', '[]', {OLD})""",
    "inbound_event": f"""
        INSERT INTO inbound_event (account_id, event_id, kind, at, phone_key, text, provider_ref, sender_name, reason,
            job_ref, processed_at) VALUES (1, 'e', 'reply', now(), '', '', '', '', '', '', {OLD})""",
    "contact_lock": f"""
        INSERT INTO contact_lock (scope, phone_key, campaign_id, seq, taken_at, until_at)
        VALUES ('global', '1', 1, 0, {OLD}, {OLD})""",
}


def a_campaign_that_the_clock_was_not_told_of(world: World, moment: str) -> None:
    world.account()
    number = world.send()
    world.wiring.clock.forget("uazapi", parse_campaign(number))
    world.run("UPDATE campaign SET opened_at = NULL, grown_at = grown_at - interval '1 min'")
    world.dies(moment)
    world.recover()
    world.ends(number, {"sent": 2})
    world.judge()


def a_campaign_that_the_clock_forgot(world: World, moment: str) -> None:
    """What it was told is lost, and the ledger does not know: two rounds agree that it is idle."""
    world.account()
    number = world.send()
    world.wiring.clock.forget("uazapi", parse_campaign(number))
    world.dies(moment)
    world.recover()
    world.ends(number, {"sent": 2})
    world.judge()


def a_message_that_is_stuck(world: World, moment: str) -> None:
    """Its worker is gone, and its lease far from over."""
    world.account()
    number = world.send()
    world.dies("messages.claim:after")
    world.run("UPDATE message SET claimed_at = claimed_at - interval '20 min' WHERE state = 'sending'")
    world.dies(moment)
    assert world.counts(number) == {"in_doubt": 1, "pending": 1}
    world.recover()
    world.ends(number, {"sent": 2})
    world.judge()


def messages_that_are_too_late(world: World, moment: str) -> None:
    """Their sender is paused: nobody takes them up."""
    world.account()
    number = world.send(validity_s=1)
    world.run("UPDATE sender SET paused_reason = 'paused by an operator'")
    world.wiring.rebuild_clock()
    world.run("UPDATE message SET accepted_at = accepted_at - interval '1 min'")
    world.run("UPDATE campaign SET created_at = created_at - interval '1 min'")
    world.dies(moment)
    world.recover()
    world.ends(number, {"expired": 2})
    world.judge()


def what_nobody_needs(world: World, moment: str) -> None:
    world.account()
    for insert in OF_LONG_AGO.values():
        world.run(insert)
    world.dies(moment)
    world.recover()
    world.waits(lambda: not sum(world.ask(f"SELECT count(*) FROM {table}") for table in OF_LONG_AGO))


def a_campaign_that_is_over(world: World, moment: str) -> None:
    """The clock, which learned of it again, drops it a minute later."""
    world.account()
    number = world.send()
    world.works(lambda: world.state(number) == "done")
    if not world.known_campaigns():
        world.wiring.clock.plan("uazapi", Plan(parse_campaign(number), 2, 2, Pacing(), (), 0))
    world.run("UPDATE campaign SET finished_at = finished_at - interval '2 min'")
    assert world.known_campaigns() == 1
    world.dies(moment)
    assert world.known_campaigns() == 1
    world.recover()
    world.waits(lambda: world.known_campaigns() == 0)


def a_start_that_nobody_saw_pass(world: World, moment: str) -> None:
    """The campaign was paused for it, and the clock was not told: nothing is sent until somebody resumes."""
    world.account()
    number = world.send()
    world.run("UPDATE campaign SET scheduled_for = now() - interval '2 h', created_at = now() - interval '3 h'")
    world.run("INSERT INTO pulse (provider, at) VALUES ('uazapi', now() - interval '3 h')")
    world.dies(moment)
    assert world.state(number) == "paused"
    world.recover()
    world.waits(lambda: world.wiring.clock.idle("uazapi", parse_campaign(number)) and world.flights == 0)
    assert world.simulator.summary()["deliveries"] == 0
    resume(world.wiring.stations, world.wiring.campaigns, parse_campaign(number))
    world.ends(number, {"sent": 2})
    world.judge()


def test_promise_2_a_sweepers_round_is_ended_by_the_next(play: Play) -> None:
    play(dict.fromkeys(UNPLANNED, a_campaign_that_the_clock_was_not_told_of))


def test_promise_2_what_the_clock_forgot_comes_back_though_a_sweeper_dies(play: Play) -> None:
    play(dict.fromkeys(LOST, a_campaign_that_the_clock_forgot))


def test_promises_1_and_2_hold_when_a_sweeper_dies_over_what_is_late(play: Play) -> None:
    play(
        {
            "messages.settle:after": a_message_that_is_stuck,
            "overdue.expire:within:2": messages_that_are_too_late,
            "overdue.expire:after": messages_that_are_too_late,
            "pulse.beat:after": a_start_that_nobody_saw_pass,
        }
    )


def test_what_nobody_needs_is_cleared_though_a_sweeper_dies(play: Play) -> None:
    play(dict.fromkeys(CLEARED, what_nobody_needs))


def test_what_is_over_leaves_the_clock_though_a_sweeper_dies(play: Play) -> None:
    play({"leftovers.clear:after": a_campaign_that_is_over})
