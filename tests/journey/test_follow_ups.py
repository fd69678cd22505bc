"""Clients who answer, who want no more, and who say nothing: what each of them gets."""

from collections import defaultdict

import pytest

from dispatcher.domain.ids import parse_campaign
from dispatcher.domain.inbound import InboundEvent, InboundKind
from dispatcher.domain.phone import canonical
from dispatcher.pipeline.reply import receive
from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import campaign, names, phone, uazapi_account
from tests.journey.installation import Installation
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

ANSWERS, OPTS_OUT, SAYS_NOTHING = range(3)
FOLLOW_UPS = [{"after_s": 5, "text": "oi?"}, {"after_s": 1, "text": "tchau"}]


def says(place: Installation, who: int, text: str) -> None:
    at_ms = place.wiring.shared_clock.now_ms()
    receive(
        place.wiring.stations, None, [InboundEvent(InboundKind.REPLY, f"{who}", at_ms, canonical(phone(who)), text)]
    )


def got(simulator: SimulatorClient) -> dict[str, list[str]]:
    """The texts that each client got, in their order."""
    found: dict[str, list[str]] = defaultdict(list)
    for delivery in simulator.deliveries():
        found[canonical(str(delivery["number"]))].append(delivery["content"]["text"])
    return found


def test_a_reply_ends_follow_ups_and_lets_go_who_waited_for_the_client(
    place: Installation, simulator: SimulatorClient
) -> None:
    place.accounts(uazapi_account(simulator.url, names(3), cpc=True))
    place.start_workers("a", "b")
    first = place.submit("loja", campaign(range(3), follow_ups=FOLLOW_UPS))
    wait_until(lambda: place.counts(first).get("sent") == 3, 30)
    deferred = place.submit("loja", campaign([ANSWERS], text="outra", on_locked="defer"))
    wait_until(lambda: reasons(place, deferred) == ["contact_open"], 10)

    says(place, ANSWERS, "Pode falar")
    says(place, OPTS_OUT, "SAIR")
    assert place.wait_done(deferred) == {"sent": 1}
    assert place.wait_done(first) == {"sent": 5, "cancelled": 1, "suppressed": 1}
    assert got(simulator) == {
        canonical(phone(ANSWERS)): ["Olá", "outra"],
        canonical(phone(OPTS_OUT)): ["Olá"],
        canonical(phone(SAYS_NOTHING)): ["Olá", "oi?", "tchau"],
    }
    assert place.wiring.redis.zcard("d:retries:uazapi") == 0


def reasons(place: Installation, number: str) -> list[str]:
    return [line.reason for line in place.wiring.lines.whole(parse_campaign(number))]
