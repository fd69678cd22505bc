"""Redis comes back empty, and whoever builds its memory up dies half-way: another one begins again."""

import pytest

from dispatcher.domain.account import BY_HAND
from dispatcher.pipeline.senders import resume_by_hand
from tests.crash.conftest import Play
from tests.crash.world import World
from tests.journey.bodies import phone

pytestmark = pytest.mark.slow

STEPS = [
    "builder.clear:after",
    "builder.put_locks:after",
    "builder.plan:after",
    "builder.rest_lane:after",
    "builder.hold_lanes:after",
    "builder.put_flight:after",
    "builder.complete:before",
    "builder.complete:after",
]
HELD = "SELECT count(*) FROM contact_lock"


def the_builder_dies(world: World, moment: str) -> None:
    """A contact is open, a message is being sent, a sender is paused, and two wait."""
    world.account(2)
    first = world.send(1)
    world.works(lambda: world.state(first) == "done")
    number = world.send(4, text="outra", senders=["line0"])
    world.dies("messages.claim:after:2")
    assert world.counts(number) == {"blocked": 1, "sending": 1, "pending": 2}
    world.run("UPDATE sender SET paused_reason = :why WHERE name = 'line1'", why=BY_HAND)
    world.wiring.redis.flushall()
    world.dies(moment)
    if moment != "builder.complete:after":
        assert not world.wiring.builder.is_ours(), "nothing is released, no lock is taken"
    process = world.worker()
    world.waits(world.wiring.builder.is_ours)
    world.lease_over()
    world.ends(number, {"blocked": 1, "sent": 3})
    other = world.send(1, text="para todos", senders=["line1"])
    assert world.counts(other) == {"pending": 1}, "its sender is paused"
    account = world.the_account
    resume_by_hand(world.wiring.stations, account, world.wiring.accounts.senders(account.id))
    world.ends(other, {"blocked": 1})
    assert process.status is None
    assert {one["number"] for one in world.simulator.deliveries()} == {phone(one) for one in range(4)}
    world.judge()


def test_promises_1_2_and_5_hold_when_a_builder_dies_half_way(play: Play) -> None:
    play(dict.fromkeys(STEPS, the_builder_dies))
