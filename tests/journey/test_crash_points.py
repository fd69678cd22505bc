"""Promises 1, 2 and 5 at every step: each process here kills itself at another one of them.

The steps are calls of ports (wiring/tripwire.py); the table is docs/architecture.md's "When something dies".
"""

from collections.abc import Iterable
from typing import Any

import pytest

from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import campaign, names, phone, uazapi_account
from tests.journey.installation import Installation
from tests.waiting import wait_until

pytestmark = pytest.mark.slow


OF_A_SEND = [  # after each step of it; the number: which call it is, so that some work is under way
    "clock.release:after:20",
    "bus.sends:after:5",
    "clock.begin:after:3",
    "messages.claim:after:3",
    "locks.take:after:3",
    "lock_book.take:after:3",
    "caller.call:before:3",
    "caller.call:after:3",
    "messages.settle:after:3",
    "clock.finish:after:3",
    "campaigns.complete:after",
]
WHEN_NOTHING_WAS_SENT = ["lock_book.give_back:after", "locks.give_back:after", "clock.skip:before"]
OF_AN_EVENT = ["inbound.take:after", "lock_book.lift:after", "locks.lift:after", "feedback.answered:after"]
OF_A_DOUBT = ["bus.doubts:after", "caller.look_up:after"]
MOMENTS = [*OF_A_SEND, *WHEN_NOTHING_WAS_SENT, *OF_AN_EVENT, *OF_A_DOUBT]

FAULTS = (
    {"kind": "status", "status": 503, "provider": "uazapi", "probability": 0.1, "sends": True},
    {"kind": "reset_after", "provider": "uazapi", "probability": 0.05, "sends": True},
)
PORTION = 200
FRESH = 150  # of a portion: the others were in the one before, and are in contact unless they replied
MOST_PORTIONS = 15


def test_promises_1_2_and_5_hold_when_a_worker_dies_at_each_step(
    place: Installation, simulator: SimulatorClient
) -> None:
    """One worker without a wire goes on alone. Calls fail, are cut, and clients reply meanwhile."""
    simulator.set_faults(*FAULTS)
    place.accounts(uazapi_account(simulator.url, names(40), timeout_s=3, cpc=True))
    simulator.set_webhooks({"provider": "uazapi", "url": f"{place.start_web()}/webhooks/loja/hook-loja"})
    place.start_workers("healthy")
    armed = {moment: place.start_armed(f"armed-{at}", moment) for at, moment in enumerate(MOMENTS)}
    numbers: list[str] = []
    replied_ms: dict[str, int] = {}
    while len(numbers) < MOST_PORTIONS and any(worker.alive for worker in armed.values()):
        begun = len(numbers) * FRESH
        body = campaign(range(begun, begun + PORTION), f"Olá {len(numbers)}", delay_min=0.1, delay_max=0.2)
        numbers.append(place.submit("loja", body))
        wait_until(lambda: _settled(place, numbers[-1]) >= PORTION * 3 // 4, 120, 0.1)
        for client in range(begun, begun + 30):
            replied_ms[phone(client)] = place.wiring.shared_clock.now_ms()
            simulator.reply("uazapi", phone(client))

    assert [moment for moment, worker in armed.items() if worker.alive] == []
    wait_until(lambda: all(place.counts(one).keys() <= {"sent", "blocked"} for one in numbers), 150, 0.2)
    wait_until(lambda: {place.state(one) for one in numbers} == {"done"}, 30, 0.2)
    assert [sum(place.counts(one).values()) for one in numbers] == [PORTION] * len(numbers)
    seen = simulator.summary()
    assert seen["duplicates"] == []
    assert seen["repeat_count"] == 0
    assert seen["deliveries"] == sum(place.counts(one).get("sent", 0) for one in numbers)
    assert _contacts_without_a_reply_between(simulator.deliveries(), replied_ms) == []


def _settled(place: Installation, number: str) -> int:
    return sum(count for state, count in place.counts(number).items() if state not in ("pending", "sending"))


def _contacts_without_a_reply_between(deliveries: Iterable[dict[str, Any]], replied_ms: dict[str, int]) -> list[str]:
    """Clients who were reached again before they replied: everyone here replies once at most."""
    ended: dict[str, float] = {}
    wrong = []
    for one in sorted(deliveries, key=lambda one: one["started"]):
        client, before = one["number"], ended.get(one["number"])
        if before is not None and not before < replied_ms.get(client, 0) < one["started"]:
            wrong.append(client)
        ended[client] = one["started"]
    return wrong
