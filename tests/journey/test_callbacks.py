"""An upstream app is told everything, whatever becomes of it and of the workers, and no send waits for it."""

from collections import Counter
from threading import Event
from typing import Any

import pytest
from sqlalchemy import text

from dispatcher.ledger.engine import autocommit
from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import campaign, names, uazapi_account
from tests.journey.installation import Installation
from tests.journey.receiver import SECRET, receiving
from tests.ledger.steps import run
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

TOTAL = 30


def waiting(place: Installation) -> int:
    return place.wiring.callbacks.counts()["waiting"]


def soon(place: Installation, lease: bool = False) -> None:
    """Whoever rests has rested, and with `lease` a dead courier's lease is over: the tests do not wait a minute."""
    over = ", leased_until = now()" if lease else ""
    with autocommit(place.wiring.engine) as connection:
        connection.execute(text(f"UPDATE callback_endpoint SET not_before = now(){over}"))
        connection.execute(text("UPDATE callback SET due_at = now() WHERE settled_at IS NULL"))


def told_all(place: Installation) -> bool:
    soon(place)
    return waiting(place) == 0


def test_a_receiver_that_fails_and_then_is_slow_is_told_everything_in_order_while_sends_go_on(
    place: Installation, simulator: SimulatorClient
) -> None:
    """The receiver takes nothing until the campaign is done: so no send waited for it."""
    sends_done = Event()

    def answer(event: dict[str, Any]) -> tuple[int, dict[str, str]]:
        if not sends_done.is_set():
            return 503, {}
        slow = event["data"].get("seq", 0) % 10 == 0
        Event().wait(0.2 if slow else 0)
        return 200, {}

    with receiving(answer) as app:
        account = uazapi_account(simulator.url, names(5), callback_url=app.url, callback_secret=SECRET)
        place.accounts(account)
        place.start_workers("a", "b")
        number = place.submit("loja", campaign(range(TOTAL)))
        assert place.wait_done(number) == {"sent": TOTAL}
        wait_until(lambda: len(app.seen) > 0, 20)
        assert app.taken == []
        for receipt in ("delivered_at", "read_at"):
            run(place.wiring.engine, f"UPDATE message SET {receipt} = now()")
        sends_done.set()
        wait_until(lambda: told_all(place), 60)
        assert app.types(None) == ["campaign.running", "campaign.done"]
        assert Counter(event["type"] for event in app.taken)["message.sent"] == TOTAL
        for seq in range(TOTAL):
            assert app.types(f"{number}-{seq}") == ["message.sent", "message.delivered", "message.read"]
        assert all(one["data"]["phone"].startswith("55119") for one in app.taken if "seq" in one["data"])


def test_a_courier_that_is_killed_after_the_delivery_delivers_again_under_the_same_id(
    place: Installation, simulator: SimulatorClient
) -> None:
    """The receiver has it, and its answer comes too late for a worker that is dead by then."""
    go_on = Event()
    with receiving(lambda event: (200 if go_on.wait(30) else 500, {})) as app:
        place.accounts(uazapi_account(simulator.url, names(1), callback_secret=SECRET))
        place.start_workers("a")
        number = place.submit("loja", campaign(range(1), callback_url=app.url))
        wait_until(lambda: {"campaign.running", "message.sent"} <= {event["type"] for event in app.seen}, 30)
        place.workers["a"].kill()
        go_on.set()
        wait_until(lambda: len(app.taken) >= 2, 10)
        first = {event["id"] for event in app.taken}
        soon(place, lease=True)
        place.start_workers("b")
        wait_until(lambda: waiting(place) == 0, 30)
        again = Counter(event["id"] for event in app.taken)
        assert min(again[one] for one in first) >= 2
        assert set(app.types(f"{number}-0")) == {"message.sent"}


def test_a_dead_destination_does_not_hold_up_another(place: Installation, simulator: SimulatorClient) -> None:
    """The dead one takes connections and never answers; it has far more to be told, and had its turn first."""
    never = Event()
    with receiving(lambda event: (200 if never.wait(60) else 500, {})) as dead, receiving() as alive:
        place.accounts(uazapi_account(simulator.url, names(5), callback_secret=SECRET))
        place.start_workers("a")
        place.submit_and_wait("loja", campaign(range(TOTAL), callback_url=dead.url))
        wait_until(lambda: len(dead.seen) > 0, 20)
        told = place.submit("loja", campaign(range(TOTAL), callback_url=alive.url))
        wait_until(lambda: "campaign.done" in alive.types(None), 30)
        wait_until(lambda: all("message.sent" in alive.types(f"{told}-{seq}") for seq in range(TOTAL)), 30)
        assert dead.taken == []
        never.set()
