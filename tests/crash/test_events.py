"""The web dies with a webhook, a worker with what it says: replies, opt-outs, receipts, echoes, connections."""

from functools import partial
from typing import Any

import pytest

from dispatcher.domain.inbound import InboundEvent, InboundKind, ReceiptState
from dispatcher.domain.phone import canonical
from dispatcher.pipeline.reply import receive
from dispatcher.taskbus import EVENTS_QUEUE
from tests.crash.conftest import Play
from tests.crash.world import Story, World
from tests.journey.bodies import names, phone

pytestmark = pytest.mark.slow

FOLLOW_UP = [{"after_s": 3_600, "text": "oi?"}]
WAITING = "SELECT count(*) FROM message WHERE reason = 'contact_open' AND due_at > now() + interval '1 h'"
OPEN = "SELECT count(*) FROM inbound_event WHERE processed_at IS NULL"

STORED = ["inbound.store:before", "inbound.store:after", "bus.inbound:after"]
REPLY = [
    "inbound.take:after",
    "lock_book.lift:after",
    "locks.lift:after",
    "follow_ups.answered:after",
    "campaigns.complete:after",
    "retries.file_retries:after",
    "feedback.answered:after",
    "inbound.processed:before",
    "inbound.processed:after",
]
OPT_OUT = ["suppress:after", "follow_ups.suppress:after"]


def contacted(world: World) -> tuple[str, str]:
    """A client was reached, whom a follow-up waits for, and a second campaign that waits for the end of the contact."""
    world.account()
    first = world.send(1, follow_ups=FOLLOW_UP)
    process = world.worker()
    world.waits(lambda: world.counts(first) == {"sent": 1, "pending": 1})
    second = world.send(1, text="outra", on_locked="defer")
    world.waits(lambda: world.ask(WAITING) and not world.flights)
    process.kill()
    return first, second


def answered(world: World, first: str, second: str) -> None:
    world.recover()
    world.ends(first, {"sent": 1, "cancelled": 1})
    world.ends(second, {"sent": 1})
    world.waits(lambda: not world.ask(OPEN))
    assert world.ask("SELECT count(*) FROM message WHERE answered_at IS NOT NULL") == 1
    world.judge()


def the_web_dies_of_a_webhook(world: World, moment: str) -> None:
    """The provider gets no answer; whether it tells again or not, the reply counts once."""
    numbers = contacted(world)
    process, url = world.web_process(moment)
    world.simulator.set_webhooks({"provider": "uazapi", "url": f"{url}/webhooks/loja/hook-loja"})
    world.simulator.reply("uazapi", phone(0), message_id="R1")
    world.is_killed(process, moment)
    _, url = world.web_process()
    world.simulator.set_webhooks({"provider": "uazapi", "url": f"{url}/webhooks/loja/hook-loja"})
    world.simulator.reply("uazapi", phone(0), message_id="R1")
    assert world.ask("SELECT count(*) FROM inbound_event") == 1
    answered(world, *numbers)


def a_worker_dies_of_a_reply(world: World, moment: str) -> None:
    numbers = contacted(world)
    world.hears(0)
    world.dies(moment)
    answered(world, *numbers)


def who_feeds_the_queue_dies(world: World, moment: str) -> None:
    """Its job was lost, and whoever found that has leased it."""
    numbers = contacted(world)
    world.hears(0)
    world.wiring.redis.delete(EVENTS_QUEUE)
    world.hurry()
    world.dies(moment)
    assert world.ask(OPEN) == 1
    answered(world, *numbers)


def a_worker_dies_of_what_breaks_it(world: World, moment: str) -> None:
    """It is tried a few times, and not for ever."""
    world.account()
    world.hears(0)
    world.run("UPDATE inbound_event SET kind = 'of another version'")
    world.dies(moment)
    assert world.ask(OPEN) == 1
    world.recover()

    def is_over() -> bool:
        world.hurry()
        return not world.ask(OPEN)

    world.waits(is_over)
    world.judge()


def a_worker_dies_of_an_opt_out(world: World, moment: str) -> None:
    first, second = contacted(world)
    world.hears(0, "SAIR")
    world.dies(moment)
    world.recover()
    world.ends(first, {"sent": 1, "suppressed": 1})
    world.ends(second, {"suppressed": 1})
    world.waits(lambda: not world.ask(OPEN))
    world.judge()


def tell(world: World, **event: Any) -> None:
    now_ms = world.wiring.shared_clock.now_ms()
    receive(world.wiring.stations, world.the_account, [InboundEvent(at_ms=now_ms, **event)])


def a_worker_dies_of_a_receipt(world: World, moment: str) -> None:
    world.account(mode="direct")
    number = world.send(1)
    world.works(lambda: world.state(number) == "done")
    name = world.ask("SELECT provider_ref FROM message")
    tell(world, kind=InboundKind.RECEIPT, event_id="e1", provider_ref=name, receipt=ReceiptState.READ)
    world.dies(moment)
    world.recover()
    world.waits(lambda: world.ask("SELECT count(*) FROM message WHERE read_at IS NOT NULL") and not world.ask(OPEN))
    world.judge()


def a_worker_dies_of_an_early_receipt(world: World, moment: str) -> None:
    """Its message is not known yet: whoever called has no answer."""
    world.account(mode="direct")
    number = world.send(1)
    world.dies("caller.call:after")
    (delivered,) = world.simulator.deliveries()
    name, key = delivered["message_id"], canonical(phone(0))
    tell(world, kind=InboundKind.RECEIPT, event_id="e1", provider_ref=name, receipt=ReceiptState.READ, key=key)
    world.dies(moment)
    assert world.ask("SELECT count(*) FROM message WHERE read_at IS NOT NULL") == 0
    world.recover()
    world.ends(number, {"sent": 1})

    def is_told() -> bool:
        world.hurry()
        return bool(world.ask("SELECT count(*) FROM message WHERE read_at IS NOT NULL")) and not world.ask(OPEN)

    world.waits(is_told)
    world.judge()


def a_worker_dies_of_an_echo(world: World, moment: str) -> None:
    world.account()
    number = world.send(1)
    world.works(lambda: world.state(number) == "done")
    job = world.ask("SELECT provider_ref FROM message")
    tell(world, kind=InboundKind.ECHO, event_id="e1", provider_ref="3EB0AA", job_ref=job, key=canonical(phone(0)))
    world.dies(moment)
    world.recover()
    world.waits(lambda: world.ask("SELECT provider_ref FROM message") == "3EB0AA" and not world.ask(OPEN))
    world.judge()


def a_worker_dies_of_a_mass_send_that_goes_on(world: World, moment: str) -> None:
    world.account()
    number = world.send(1)
    world.works(lambda: world.state(number) == "done")
    job = world.ask("SELECT provider_ref FROM message")
    tell(world, kind=InboundKind.PROGRESS, event_id="e1", job_ref=job)
    world.dies(moment)
    world.recover()
    world.waits(lambda: not world.ask(OPEN))
    world.ends(number, {"sent": 1})
    world.judge()


def a_worker_dies_of_a_line(world: World, moment: str, *, up: bool) -> None:
    """Down: nothing leaves. Up again: it does."""
    world.account()
    down = {"kind": InboundKind.CONNECTION, "sender_name": names(1)[0], "connected": False}
    tell(world, event_id="down", **down)
    if up:
        world.works(lambda: not world.ask(OPEN))
        tell(world, event_id="up", **down | {"connected": True})
    else:
        world.simulator.set_faults({"kind": "disconnected", "sender": names(1)[0]})
    number = world.send(1) if up else ""
    world.dies(moment)
    world.recover()
    if not up:
        world.waits(lambda: world.ask("SELECT paused_reason FROM sender") and not world.ask(OPEN))
        number = world.send(1)
        world.simulator.clear_faults()  # the sweeper asks whether the line is up
    world.ends(number, {"sent": 1})
    world.judge()


def a_worker_dies_that_asked_for_a_line(world: World, moment: str) -> None:
    """The webhook that says it is up again never came."""
    world.account()
    tell(world, kind=InboundKind.CONNECTION, event_id="down", sender_name=names(1)[0], connected=False)
    world.simulator.set_faults({"kind": "disconnected", "sender": names(1)[0]})
    world.works(lambda: not world.ask(OPEN))
    world.simulator.clear_faults()
    number = world.send(1)
    world.dies(moment)
    world.recover()
    world.ends(number, {"sent": 1})
    world.judge()


TOLD: list[tuple[str, Story, list[str]]] = [
    ("a webhook", the_web_dies_of_a_webhook, STORED),
    ("a reply", a_worker_dies_of_a_reply, REPLY),
    ("a lost job", who_feeds_the_queue_dies, ["inbound.waiting:after"]),
    ("what breaks it", a_worker_dies_of_what_breaks_it, ["inbound.broken:after"]),
    ("an opt-out", a_worker_dies_of_an_opt_out, OPT_OUT),
    ("a receipt", a_worker_dies_of_a_receipt, ["feedback.receipt:after"]),
    ("an early receipt", a_worker_dies_of_an_early_receipt, ["inbound.put_off:after"]),
    ("an echo", a_worker_dies_of_an_echo, ["feedback.named:after"]),
    ("a mass send's progress", a_worker_dies_of_a_mass_send_that_goes_on, ["bus.polls:after"]),
    (
        "a line down",
        partial(a_worker_dies_of_a_line, up=False),
        ["pauses.line_changed:after", "lanes.hold_lanes:after"],
    ),
    ("a line up", partial(a_worker_dies_of_a_line, up=True), ["pauses.line_changed:after", "lanes.resume_lanes:after"]),
    (
        "an answer that it is up",
        a_worker_dies_that_asked_for_a_line,
        ["pauses.resume:after", "lanes.resume_lanes:after"],
    ),
]


@pytest.mark.parametrize(("story", "moments"), [one[1:] for one in TOLD], ids=[one[0] for one in TOLD])
def test_promises_2_and_5_hold_when_a_process_dies_of_an_event(play: Play, story: Story, moments: list[str]) -> None:
    play(dict.fromkeys(moments, story))
