"""Builder's adapter against the simulator: both modes under every fault, and logins that end."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any

import pytest

from dispatcher.domain.campaign import Job
from dispatcher.domain.outcomes import Fate
from dispatcher.providers.caller import Caller
from dispatcher.providers.registry import provider
from dispatcher.providers.transport import Transport
from dispatcher.simulator.server import SimulatorClient, SimulatorProcess
from tests.providers.jobs import PHONES, account, job, parcels, sender
from tests.waiting import wait_until

HELD = {"user": "ana", "password": "right", "organization": "org"}
S, F, R, D, P = Fate.SENT, Fate.FAILED, Fate.RETRY, Fate.IN_DOUBT, Fate.DEFERRED


@pytest.fixture(scope="module")
def process() -> Iterator[SimulatorProcess]:
    with SimulatorProcess() as one:
        yield one


@pytest.fixture
def simulator(process: SimulatorProcess) -> Iterator[SimulatorClient]:
    process.client.reset()
    process.client.set(builder_users={"ana": "right"})
    yield process.client
    assert process.client.summary()["errors"] == []


@pytest.fixture
def caller(transport: Transport) -> Caller:
    return Caller(transport, provider)


def to(simulator: SimulatorClient, mode: str = "", **options: Any) -> Job:
    """A job for two people in mode `campaign`, else for one."""
    given = account("builder", base_urls=(simulator.url,), timeout_s=0.5, credentials=HELD, mode=mode, options=options)
    sent = parcels(PHONES[: 2 if mode == "campaign" else 1])
    return job("builder", *sent, account=given, sender=sender("bot-1"))


def paths(simulator: SimulatorClient) -> list[str]:
    return [one["path"] for one in simulator.calls()]


FAULTS = [
    # the fault of the sending call                            our outcome   arrived
    ([], S, True),
    ([{"kind": "latency", "ms": 200}], S, True),
    ([{"kind": "preset", "name": "builder_401"}], P, False),
    ([{"kind": "status", "status": 403}], P, False),
    ([{"kind": "status", "status": 404}], P, False),
    ([{"kind": "preset", "name": "builder_422"}], F, False),
    ([{"kind": "status", "status": 429}], R, False),
    ([{"kind": "preset", "name": "builder_500"}], D, False),
    ([{"kind": "delivered_500"}], D, True),
    ([{"kind": "preset", "name": "proxy_502"}], D, False),
    ([{"kind": "preset", "name": "proxy_503"}], R, False),
    ([{"kind": "preset", "name": "proxy_504"}], D, False),
    ([{"kind": "reset_before"}], D, False),
    ([{"kind": "reset_after"}], D, True),
    ([{"kind": "hang"}], D, False),
    ([{"kind": "hang", "deliver": True}], D, True),
    ([{"kind": "garbage"}], D, False),
    ([{"kind": "garbage", "deliver": True}], D, True),
]


@pytest.mark.parametrize("mode", ["trigger", "campaign"])
@pytest.mark.parametrize(("faults", "fate", "arrived"), FAULTS)
def test_what_a_fault_did_is_read(
    simulator: SimulatorClient, caller: Caller, mode: str, faults: list[Any], fate: Fate, arrived: bool
) -> None:
    simulator.set_faults(*({"provider": "builder", "sends": True, **fault} for fault in faults))
    asked = to(simulator, mode)
    outcomes = caller.call(asked).outcomes
    assert [one.fate for one in outcomes] == [fate] * len(asked.parcels)
    assert len(simulator.deliveries()) == (len(asked.parcels) if arrived else 0)
    assert caller.look_up(asked) is None


def expired(simulator: SimulatorClient, caller: Caller) -> Job:
    """A job whose caller holds a token that was good once and is over."""
    simulator.set(builder_token_s=0.4)
    asked = to(simulator)
    assert caller.call(asked).outcomes[0].fate is S
    over = monotonic() + 0.4
    wait_until(lambda: monotonic() > over)
    simulator.set(builder_token_s=60.0)
    return asked


def test_a_token_that_is_over_is_renewed_with_what_the_login_gave(simulator: SimulatorClient, caller: Caller) -> None:
    asked = expired(simulator, caller)
    assert caller.call(asked).outcomes[0].fate is S
    assert paths(simulator) == ["/login", "/acionamento", "/acionamento", "/refresh", "/acionamento"]
    assert len(simulator.deliveries()) == 2


def test_many_threads_with_a_token_that_is_over_renew_it_once(simulator: SimulatorClient, caller: Caller) -> None:
    asked = expired(simulator, caller)
    with ThreadPoolExecutor(20) as pool:
        readings = list(pool.map(lambda _: caller.call(asked), range(20)))
    assert {reading.outcomes[0].fate for reading in readings} == {S}
    asked_for = Counter(paths(simulator))
    assert (asked_for["/login"], asked_for["/refresh"]) == (1, 1)
    assert len(simulator.deliveries()) == 21


def test_a_builder_that_knows_no_refresh_is_logged_in_to_again(simulator: SimulatorClient, caller: Caller) -> None:
    asked = expired(simulator, caller)
    simulator.set_faults({"kind": "status", "status": 404, "path": "/refresh"})
    assert caller.call(asked).outcomes[0].fate is S
    assert paths(simulator)[2:] == ["/acionamento", "/refresh", "/login", "/acionamento"]


def test_a_wrong_password_stops_the_account_and_is_not_tried_again_and_again(
    simulator: SimulatorClient, caller: Caller
) -> None:
    simulator.set(builder_users={"ana": "changed"})
    readings = [caller.call(to(simulator)) for _ in range(5)]
    assert {(one.outcomes[0].fate, one.outcomes[0].reason) for one in readings} == {(P, "login_refused")}
    assert all(one.halt for one in readings)
    assert paths(simulator) == ["/login"]
