"""The process that carries out an order dies half-way: the ledger's word counts, and the clock hears of it."""

from collections.abc import Callable
from functools import partial

import pytest

from dispatcher.coordination.views import LaneViews
from dispatcher.domain.ids import parse_campaign
from tests.crash.conftest import Play
from tests.crash.world import Story, World
from tests.journey.bodies import names, phone, uazapi_account

pytestmark = pytest.mark.slow

SENDER = "/v1/senders/loja/line0"
FAILS = {"kind": "status", "status": 400, "sends": True}


def ordered(world: World, number: str, order: str) -> None:
    world.asked("POST", f"/v1/campaigns/{number}/{order}").raise_for_status()


def is_held(world: World) -> bool:
    return all(lane.held for lane in LaneViews(world.wiring.redis).lanes_view("uazapi"))


def pause(world: World, moment: str) -> None:
    """Nothing is sent that was not on its way, until somebody resumes."""
    world.account()
    number = world.send()
    world.web_dies(moment, "POST", f"/v1/campaigns/{number}/pause")
    world.recover()
    world.waits(lambda: world.wiring.clock.idle("uazapi", parse_campaign(number)) and world.flights == 0)
    assert (world.state(number), world.simulator.summary()["deliveries"]) == ("paused", 0)
    ordered(world, number, "resume")
    world.ends(number, {"sent": 2})
    world.judge()


def resume(world: World, moment: str) -> None:
    world.account()
    number = world.send()
    ordered(world, number, "pause")
    world.web_dies(moment, "POST", f"/v1/campaigns/{number}/resume")
    world.recover()
    world.ends(number, {"sent": 2})
    world.judge()


def cancel(world: World, moment: str) -> None:
    world.account()
    number = world.send()
    world.web_dies(moment, "POST", f"/v1/campaigns/{number}/cancel")
    world.recover()
    world.ends(number, {"cancelled": 2}, "cancelled")
    world.judge()


def retry_failed(world: World, moment: str) -> None:
    world.account()
    world.simulator.set_faults(FAILS)
    number = world.send()
    world.works(lambda: world.state(number) == "done")
    world.simulator.clear_faults()
    world.web_dies(moment, "POST", f"/v1/campaigns/{number}/retry-failed")
    world.recover()
    world.ends(number, {"sent": 2})
    world.judge()


def another_pace(world: World, moment: str) -> None:
    world.account()
    number = world.send(delay_min=600)
    world.works(lambda: world.counts(number) == {"sent": 1, "pending": 1})
    world.web_dies(moment, "PATCH", f"/v1/campaigns/{number}", {"priority": 3})
    world.recover()
    plans = world.wiring.campaigns
    world.waits(lambda: parse_campaign(number) not in plans.unopened(0))
    ordered(world, number, "cancel")
    world.ends(number, {"sent": 1, "cancelled": 1}, "cancelled")
    world.judge()


def pause_a_sender(world: World, moment: str) -> None:
    world.account()
    number = world.send()
    world.web_dies(moment, "POST", f"{SENDER}/pause")
    world.recover()
    world.waits(lambda: is_held(world) and world.flights == 0)
    before = world.simulator.summary()["deliveries"]
    assert before <= (2 if moment.startswith("pauses") else 0), "who was told after a while sends until then"
    world.asked("POST", f"{SENDER}/resume").raise_for_status()
    world.ends(number, {"sent": 2})
    world.judge()


def resume_a_sender(world: World, moment: str) -> None:
    world.account()
    number = world.send()
    world.asked("POST", f"{SENDER}/pause").raise_for_status()
    world.web_dies(moment, "POST", f"{SENDER}/resume")
    world.recover()
    world.ends(number, {"sent": 2})
    world.judge()


def lift_a_lock(world: World, moment: str) -> None:
    world.account()
    first = world.send(1)
    world.works(lambda: world.state(first) == "done")
    second = world.send(1, text="outra", on_locked="defer")
    world.works(lambda: world.counts(second) == {"pending": 1} and not world.wiring.redis.zcard("d:retries:uazapi"))
    world.web_dies(moment, "DELETE", f"/v1/locks/{phone(0)}")
    if moment == "lock_book.lift:after":
        world.asked("DELETE", f"/v1/locks/{phone(0)}")  # no answer came: whoever asked asks again
    world.recover()
    world.ends(second, {"sent": 1})
    world.judge()


def suppress(world: World, moment: str) -> None:
    world.account()
    number = world.send()
    world.web_dies(moment, "POST", "/v1/suppressions", {"phone": phone(0)})
    world.recover()
    world.ends(number, {"suppressed": 1, "sent": 1} if moment.endswith("after") else {"sent": 2})
    world.judge()


def clear_folders(world: World, moment: str) -> None:
    """An upstream app removes what it has: what waits of it is cancelled, if not yet when it asks again."""
    world.account()
    number = world.send()
    world.web_dies(moment, "DELETE", "/sender/clearall", token="ingress-loja")
    world.asked("DELETE", "/sender/clearall", token="ingress-loja").raise_for_status()
    world.recover()
    world.ends(number, {"cancelled": 2}, "cancelled")
    world.judge()


def archive_what_ended(world: World, moment: str) -> None:
    world.account()
    number = world.send()
    world.works(lambda: world.state(number) == "done")
    world.web_dies(moment, "POST", "/sender/cleardone", {"hours": 0}, token="ingress-loja")
    world.recover()
    world.ends(number, {"sent": 2})
    world.judge()


def apply_accounts(world: World, moment: str) -> None:
    """The file brings another sender, and there was none before that the campaign could leave from."""
    world.account()
    number = world.send()
    world.wiring.remove_account("loja")
    assert (world.state(number), world.flights) == ("paused", 0)
    file = world.folder / "accounts.toml"
    file.write_text(uazapi_account(world.url, names(2), cpc=True))
    world.command_dies(moment, "accounts", "apply", str(file))
    world.recover()
    if moment == "accounts.apply:before":
        world.account(2)  # whoever applies it sees that it was not
    ordered(world, number, "resume")
    world.ends(number, {"sent": 2})
    world.judge()


def remove_an_account(world: World, moment: str) -> None:
    world.account()
    number = world.send()
    world.command_dies(moment, "accounts", "remove", "loja")
    world.recover()
    world.waits(lambda: world.wiring.clock.idle("uazapi", parse_campaign(number)) and world.flights == 0)
    assert world.state(number) == "paused"
    assert world.simulator.summary()["deliveries"] == 0
    world.account()
    ordered(world, number, "resume")
    world.ends(number, {"sent": 2})
    world.judge()


ORDERS: list[tuple[Callable[[World, str], None], list[str]]] = [
    (pause, ["campaigns.pause:after", "control.hold_campaign:after"]),
    (resume, ["campaigns.resume:after", "control.plan:after", "plans.opened:after", "control.resume_campaign:after"]),
    (
        cancel,
        ["campaigns.cancel:within:1", "campaigns.cancel:within:3", "campaigns.cancel:after", "control.forget:after"],
    ),
    (retry_failed, ["campaigns.retry_failed:after", "control.forget:after", "control.plan:after"]),
    (another_pace, ["changes.change:after", "control.plan:after"]),
    (pause_a_sender, ["pauses.halt:after", "lanes.hold_lanes:after"]),
    (resume_a_sender, ["pauses.resume:after", "lanes.resume_lanes:after"]),
    (lift_a_lock, ["lock_book.lift:after", "locks.lift:after"]),
    (suppress, ["suppressions.add:before", "suppressions.add:after"]),
    (clear_folders, ["campaigns.cancel:after", "changes.remove:before", "changes.remove:after"]),
    (archive_what_ended, ["folders.remove_ended:before", "folders.remove_ended:after"]),
    (apply_accounts, ["accounts.apply:before", "accounts.apply:after", "control.plan:before"]),
    (remove_an_account, ["accounts.remove:after", "control.plan:after"]),
]


@pytest.mark.parametrize(("order", "moments"), ORDERS, ids=lambda given: getattr(given, "__name__", ""))
def test_promise_6_an_order_holds_when_the_process_dies_that_carries_it_out(
    play: Play, order: Story, moments: list[str]
) -> None:
    play(dict.fromkeys(moments, partial(order)))
