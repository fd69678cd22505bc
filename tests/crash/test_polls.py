"""A worker dies that hears from the provider how a job ended, and that makes or files a follow-up."""

import pytest

from tests.crash.conftest import Play
from tests.crash.world import World
from tests.journey.bodies import phone

pytestmark = pytest.mark.slow

ENDED = [
    "polls.due:after",
    "bus.polls:after",
    "caller.poll:after",
    "polls.tell:after",
    "lock_book.give_back:after",
    "locks.give_back:after",
    "polls.freed:before",
    "polls.freed:after",
]
AFTER_A_WHILE = [
    "retries.file_retries:before",
    "control.forget:after",
    "control.plan:after",
    "retries.file_retries:after:2",
]


def its_job_has_failed(world: World, moment: str) -> None:
    """Of a mass send of two one has no WhatsApp, which the call's answer did not say."""
    world.account(batch=10)
    world.simulator.set(not_on_whatsapp=[phone(1)])
    number = world.send()
    world.works(lambda: world.counts(number) == {"sent": 2})
    world.run("UPDATE message SET due_at = now() WHERE due_at IS NOT NULL")
    world.dies(moment)
    world.run("UPDATE message SET due_at = now() WHERE due_at IS NOT NULL")
    world.recover()
    world.ends(number, {"sent": 1, "failed": 1})
    world.waits(lambda: not world.ask("SELECT count(*) FROM message WHERE state = 'failed' AND due_at IS NOT NULL"))
    world.judge()


def nothing_is_left_to_ask(world: World, moment: str) -> None:
    world.account()
    number = world.send(1)
    world.works(lambda: world.counts(number) == {"sent": 1})
    world.run("UPDATE message SET due_at = now(), provider_ref = NULL")
    world.dies(moment)
    world.run("UPDATE message SET due_at = now() WHERE due_at IS NOT NULL")
    world.recover()
    world.waits(lambda: not world.ask("SELECT count(*) FROM message WHERE due_at IS NOT NULL"))
    world.judge()


def a_follow_up_is_made(world: World, moment: str) -> None:
    """By the statement that writes the message before as sent: it is there, and is sent in its time."""
    world.account()
    number = world.send(1, follow_ups=[{"after_s": 2, "text": "oi?"}])
    world.dies(moment)
    assert world.counts(number) == {"sent": 1, "pending": 1}
    world.recover()
    world.ends(number, {"sent": 2})
    assert [one["content"]["text"] for one in world.simulator.deliveries()] == ["Olá", "oi?"]
    world.judge()


def a_follow_up_is_due_later(world: World, moment: str) -> None:
    """The clock knows nothing of it: a sweeper files it when its time comes."""
    world.account()
    number = world.send(1, follow_ups=[{"after_s": 3_600, "text": "oi?"}])
    world.works(lambda: world.counts(number) == {"sent": 1, "pending": 1})
    world.wiring.clock.forget("uazapi", world.wiring.campaigns.running()[0])
    world.run("UPDATE message SET due_at = now() WHERE state = 'pending'")
    world.dies(moment)
    world.recover()
    world.ends(number, {"sent": 2})
    world.judge()


def test_promises_2_and_5_hold_when_a_worker_dies_that_asks_how_a_job_ended(play: Play) -> None:
    play(dict.fromkeys(ENDED, its_job_has_failed) | {"polls.never:after": nothing_is_left_to_ask})


def test_promises_1_and_2_hold_when_a_worker_dies_with_a_follow_up(play: Play) -> None:
    play(
        dict.fromkeys(["messages.settle:after", "clock.finish:before"], a_follow_up_is_made)
        | dict.fromkeys(AFTER_A_WHILE, a_follow_up_is_due_later)
    )
