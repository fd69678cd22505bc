"""Who looks into a lost worker's messages dies as well; and who asks the provider, and whom an operator tells."""

from functools import partial
from typing import Any

import pytest

from tests.crash.conftest import Play
from tests.crash.world import Story, World

pytestmark = pytest.mark.slow

ARRIVED = {"kind": "reset_after", "sends": True, "times": 1}
DID_NOT = {"kind": "status", "status": 500, "sends": True, "times": 1}

LOOKED_INTO = ["messages.whereabouts:after", "messages.settle:after", "clock.finish:after"]
ASKED = ["doubts.due:after", "bus.doubts:after", "doubts.job:after", "caller.look_up:after", "messages.settle:after"]
ASKED_IN_VAIN = ["doubts.postpone:after"]
SENT_AGAIN = ["messages.settle:after", "lock_book.give_back:after", "retries.file_retries:after"]
GIVEN_UP = ["messages.settle:after", "lock_book.give_back:after", "locks.give_back:after", "polls.freed:after"]


def the_pacer_that_looks_into_a_lease_dies(world: World, moment: str) -> None:
    world.account()
    number = world.send(delay_min=0.5)
    world.dies("messages.claim:after")
    world.lease_over()
    world.dies(moment)
    known = {"pending": 1, "sending": 1} if moment.startswith("messages.whereabouts") else {"pending": 1, "in_doubt": 1}
    assert world.counts(number) == known
    world.recover()
    world.ends(number, {"sent": 2})
    world.judge()


def in_doubt(world: World, fault: dict[str, object], looks: int = 0, **account: Any) -> str:
    """A campaign of two, one of whom may have been reached; the provider was asked about it so often."""
    world.account(**account)
    world.simulator.set_faults(fault)
    number = world.send()
    world.works(lambda: world.counts(number) == {"sent": 1, "in_doubt": 1})
    world.run("UPDATE message SET due_at = now(), doubt_tries = :looks WHERE state = 'in_doubt'", looks=looks)
    return number


def who_asks_dies(world: World, moment: str, *, fault: dict[str, object], looks: int = 0) -> None:
    number = in_doubt(world, fault, looks)
    world.dies(moment)
    world.recover()
    world.ends(number, {"sent": 2})
    world.judge()


def who_gives_up_dies(world: World, moment: str) -> None:
    """It was the last try: the client is given back although nobody who knew of it is left."""
    number = in_doubt(world, DID_NOT, looks=2, max_attempts=1)
    world.dies(moment)
    assert world.counts(number) == {"sent": 1, "failed": 1}
    world.recover()
    world.waits(lambda: world.ask("SELECT count(*) FROM message WHERE state = 'failed' AND due_at IS NULL"))
    world.ends(number, {"sent": 1, "failed": 1})
    world.judge()


def the_web_dies_of_an_operators_word(world: World, moment: str, *, word: str) -> None:
    number = in_doubt(world, ARRIVED if word == "sent" else DID_NOT)
    world.run("UPDATE message SET due_at = NULL WHERE state = 'in_doubt'")
    seq = world.ask("SELECT seq FROM message WHERE state = 'in_doubt'")
    world.web_dies(moment, "POST", f"/v1/in-doubt/{number}-{seq}", {"as": word})
    world.recover()
    if word == "failed":
        world.waits(lambda: world.ask("SELECT count(*) FROM message WHERE state = 'failed' AND due_at IS NULL"))
    world.ends(number, {"sent": 1, "failed": 1} if word == "failed" else {"sent": 2})
    world.judge()


def test_promises_1_and_2_hold_when_the_pacer_dies_that_looks_into_a_lost_worker(play: Play) -> None:
    play(dict.fromkeys(LOOKED_INTO, the_pacer_that_looks_into_a_lease_dies))


def test_promises_1_and_2_hold_when_a_worker_dies_that_asks_about_a_doubt(play: Play) -> None:
    stories: dict[str, Story] = dict.fromkeys(ASKED, partial(who_asks_dies, fault=ARRIVED))
    stories |= dict.fromkeys(ASKED_IN_VAIN, partial(who_asks_dies, fault=DID_NOT))
    play(stories)


def test_promises_1_and_2_hold_when_a_worker_dies_that_sends_a_doubt_again(play: Play) -> None:
    again = [moment for moment in SENT_AGAIN if "give_back" not in moment]
    play(dict.fromkeys(again, partial(who_asks_dies, fault=DID_NOT, looks=2)))


def test_promise_5_a_client_is_given_back_when_a_worker_dies_that_gave_a_doubt_up(play: Play) -> None:
    play(dict.fromkeys(GIVEN_UP, who_gives_up_dies))


@pytest.mark.parametrize("word", ["failed", "retry", "sent"])
def test_an_operators_word_on_a_doubt_holds_when_the_web_dies(play: Play, word: str) -> None:
    moments = {"failed": GIVEN_UP[1:], "retry": ["retries.file_retries:after"], "sent": []}[word]
    play(dict.fromkeys(["doubts.resolve:after", *moments], partial(the_web_dies_of_an_operators_word, word=word)))
