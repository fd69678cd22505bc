"""Promise 5: one open contact per client, whichever campaign, process or spelling."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from dispatcher.domain.inbound import InboundEvent, InboundKind
from dispatcher.domain.phone import canonical
from dispatcher.pipeline.reply import receive
from dispatcher.simulator.server import SimulatorClient
from tests.journey.bodies import campaign, names, uazapi_account
from tests.journey.installation import Installation
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

SPELLINGS = ("5531987650007", "+55 (31) 8765-0007")


@pytest.fixture
def guarded(place: Installation, simulator: SimulatorClient) -> Installation:
    place.accounts(uazapi_account(simulator.url, names(4), cpc=True))
    place.start_workers("a", "b")
    return place


def submit_at_once(place: Installation, phones: tuple[str, ...]) -> list[str]:
    """A campaign for each spelling, from threads that start together; their ids."""
    bodies = [{**campaign(()), "recipients": [{"phone": one}]} for one in phones]
    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(lambda body: place.submit("loja", body), bodies))


def outcomes(place: Installation, campaigns: list[str]) -> list[str]:
    return sorted(state for one in campaigns for state in place.wait_done(one))


def reply(place: Installation, event_id: str, at_ms: int) -> None:
    """The client answers, and the answer has been processed."""
    event = InboundEvent(InboundKind.REPLY, event_id, at_ms, key=canonical(SPELLINGS[0]), text="oi")
    receive(place.wiring.stations, None, [event])
    wait_until(lambda: not place.wiring.inbound.waiting(0, 10), 10)


def test_promise_5_two_campaigns_in_two_spellings_reach_a_client_once_until_the_reply(
    guarded: Installation, simulator: SimulatorClient
) -> None:
    assert outcomes(guarded, submit_at_once(guarded, SPELLINGS)) == ["blocked", "sent"]
    sent_ms = int(simulator.deliveries()[0]["started"])

    reply(guarded, "stale", sent_ms - 60_000)
    assert outcomes(guarded, submit_at_once(guarded, SPELLINGS)) == ["blocked", "blocked"], "older than the send"

    reply(guarded, "true", guarded.wiring.shared_clock.now_ms())
    assert outcomes(guarded, submit_at_once(guarded, SPELLINGS)) == ["blocked", "sent"]

    reply(guarded, "true", guarded.wiring.shared_clock.now_ms())
    assert outcomes(guarded, submit_at_once(guarded, SPELLINGS)) == ["blocked", "blocked"], "the same reply twice"
    assert len(simulator.deliveries()) == 2


def test_promise_5_a_flushed_redis_frees_nobody(guarded: Installation, simulator: SimulatorClient) -> None:
    assert outcomes(guarded, submit_at_once(guarded, SPELLINGS)) == ["blocked", "sent"]
    guarded.wiring.redis.flushall()
    assert outcomes(guarded, submit_at_once(guarded, SPELLINGS)) == ["blocked", "blocked"]
    assert len(simulator.deliveries()) == 1


def test_promise_5_a_send_that_certainly_failed_gives_the_client_back(
    guarded: Installation, simulator: SimulatorClient
) -> None:
    simulator.set_faults({"kind": "preset", "name": "uazapi_not_on_whatsapp", "times": 1})
    assert outcomes(guarded, submit_at_once(guarded, SPELLINGS[:1])) == ["failed"]
    assert outcomes(guarded, submit_at_once(guarded, SPELLINGS[1:])) == ["sent"]
