"""The caller with the real adapters against the simulator: what we believe is what happened there."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from dispatcher.domain.campaign import Job
from dispatcher.domain.inbound import InboundEvent, InboundKind, ReceiptState
from dispatcher.domain.outcomes import Fate
from dispatcher.providers.caller import Caller
from dispatcher.providers.registry import provider
from dispatcher.providers.transport import Transport
from dispatcher.simulator.server import SimulatorClient, SimulatorProcess
from tests.providers.jobs import CAMPAIGN, PHONES, account, campaign, job, parcel, parcels, sender
from tests.simulator.listener import Listener, listening
from tests.simulator.seeds import UAZAPI as SEED

CLIENT = PHONES[0]


@pytest.fixture(scope="module")
def process() -> Iterator[SimulatorProcess]:
    with SimulatorProcess() as one:
        yield one


@pytest.fixture
def simulator(process: SimulatorProcess) -> Iterator[SimulatorClient]:
    process.client.reset()
    yield process.client
    assert process.client.summary()["errors"] == []


@pytest.fixture
def caller(transport: Transport) -> Caller:
    return Caller(transport, provider)


def to(simulator: SimulatorClient, name: str, *sent: Any, links: tuple[str, ...] = (), **options: Any) -> Job:
    urls = tuple(f"{simulator.url}/p/{link}" for link in links) or (simulator.url,)
    given = account(name, base_urls=urls, timeout_s=1.0, options={"specialist_code": "admin"}, **options)
    return job(name, *sent, account=given, sender=sender("emp1", token="line-1"))


def fates(outcomes: Any) -> list[Fate]:
    return [one.fate for one in outcomes]


S, F, R, D, P, B = Fate.SENT, Fate.FAILED, Fate.RETRY, Fate.IN_DOUBT, Fate.DEFERRED, Fate.BLOCKED

UAZAPI = [
    # the fault                                              our outcome    delivered   after the look-up
    ([], S, 1, S),
    ([{"kind": "latency", "ms": 200}], S, 1, S),
    ([{"kind": "preset", "name": "uazapi_500"}], D, 0, R),
    ([{"kind": "delivered_500", "sends": True}], D, 1, S),
    ([{"kind": "preset", "name": "uazapi_463"}], P, 0, R),
    ([{"kind": "preset", "name": "uazapi_not_on_whatsapp"}], F, 0, R),
    ([{"kind": "preset", "name": "uazapi_400"}], F, 0, R),
    ([{"kind": "preset", "name": "uazapi_429", "retry_after_s": 3}], R, 0, R),
    ([{"kind": "preset", "name": "proxy_502", "sends": True}], D, 0, R),
    ([{"kind": "preset", "name": "proxy_503", "sends": True}], R, 0, R),
    ([{"kind": "preset", "name": "proxy_504", "sends": True}], D, 0, R),
    ([{"kind": "unauthorized"}], P, 0, None),
    ([{"kind": "disconnected"}], P, 0, R),
    ([{"kind": "reset_before", "sends": True}], D, 0, R),
    ([{"kind": "reset_after", "sends": True}], D, 1, S),
    ([{"kind": "hang", "sends": True}], D, 0, R),
    ([{"kind": "hang", "sends": True, "deliver": True}], D, 1, S),
    ([{"kind": "garbage", "sends": True}], D, 0, R),
    ([{"kind": "garbage", "sends": True, "deliver": True}], D, 1, S),
    ([{"kind": "partial"}], F, 0, None),
]


@pytest.mark.parametrize(("faults", "fate", "delivered", "found"), UAZAPI, ids=lambda value: _name(value))
def test_what_a_fault_of_uazapi_did_is_read_or_looked_up(
    simulator: SimulatorClient, caller: Caller, faults: list[Any], fate: Fate, delivered: int, found: Fate | None
) -> None:
    simulator.set_faults(*({"provider": "uazapi", **fault} for fault in faults))
    asked = to(simulator, "uazapi")
    assert fates(caller.call(asked).outcomes) == [fate]
    assert len(simulator.deliveries(CLIENT)) == delivered
    simulator.clear_faults()
    looked_up = caller.look_up(asked)
    if found is not None:
        assert fates(looked_up) == [found]


DIRECT = [
    # the fault                                              our outcome    delivered   after the look-up
    ([], S, 1, S),
    ([{"kind": "preset", "name": "uazapi_500"}], D, 0, R),
    ([{"kind": "delivered_500", "sends": True}], D, 1, S),
    ([{"kind": "preset", "name": "uazapi_463"}], P, 0, R),
    ([{"kind": "preset", "name": "uazapi_not_on_whatsapp"}], F, 0, R),
    ([{"kind": "preset", "name": "uazapi_429", "retry_after_s": 3}], R, 0, R),
    ([{"kind": "preset", "name": "proxy_504", "sends": True}], D, 0, R),
    ([{"kind": "unauthorized"}], P, 0, None),
    ([{"kind": "disconnected"}], P, 0, R),
    ([{"kind": "reset_before", "sends": True}], D, 0, R),
    ([{"kind": "reset_after", "sends": True}], D, 1, S),
    ([{"kind": "hang", "sends": True, "deliver": True}], D, 1, S),
    ([{"kind": "garbage", "sends": True}], D, 0, R),
    ([{"kind": "garbage", "sends": True, "deliver": True}], D, 1, S),
]


@pytest.mark.parametrize(("faults", "fate", "delivered", "found"), DIRECT, ids=lambda value: _name(value))
def test_what_a_fault_of_uazapis_direct_mode_did_is_read_or_looked_up(
    simulator: SimulatorClient, caller: Caller, faults: list[Any], fate: Fate, delivered: int, found: Fate | None
) -> None:
    simulator.set_faults(*({"provider": "uazapi", **fault} for fault in faults))
    asked = to(simulator, "uazapi", mode="direct")
    assert fates(caller.call(asked).outcomes) == [fate]
    assert len(simulator.deliveries(CLIENT)) == delivered
    simulator.clear_faults()
    looked_up = caller.look_up(asked)
    if found is not None:
        assert fates(looked_up) == [found]


def test_every_message_of_the_seed_leaves_in_direct_mode_and_is_known_by_its_id(
    simulator: SimulatorClient, caller: Caller
) -> None:
    for seq, message in enumerate(SEED["messages"]):
        content = {name: value for name, value in message.items() if name != "number"}
        asked = to(simulator, "uazapi", parcel(message["number"], content, seq=seq), mode="direct")
        (outcome,) = caller.call(asked).outcomes
        assert outcome.fate is S
        assert outcome.provider_ref == simulator.deliveries()[-1]["message_id"]
    without = {"number", "type", "track_id", "track_source"}
    assert [{k: v for k, v in one["content"].items() if k not in without} for one in simulator.deliveries()] == [
        {k: v for k, v in message.items() if k not in without} for message in SEED["messages"]
    ]


CPC = [
    ([], S, 1),
    ([{"kind": "preset", "name": "cpc_locked", "hours": 3.5}], B, 0),
    ([{"kind": "preset", "name": "cpc_blocked"}], B, 0),
    ([{"kind": "preset", "name": "cpc_invalid"}], F, 0),
    ([{"kind": "preset", "name": "cpc_block_list"}], F, 0),
    ([{"kind": "preset", "name": "cpc_no_line"}], F, 0),
    ([{"kind": "preset", "name": "cpc_line_down"}], R, 0),
    ([{"kind": "preset", "name": "cpc_401"}], P, 0),
    ([{"kind": "preset", "name": "cpc_404"}], P, 0),
    ([{"kind": "preset", "name": "cpc_429"}], R, 0),
    ([{"kind": "preset", "name": "cpc_500"}], D, 0),
    ([{"kind": "delivered_500"}], D, 1),
    ([{"kind": "reset_after"}], D, 1),
    ([{"kind": "reset_before"}], D, 0),
    ([{"kind": "hang", "deliver": True}], D, 1),
    ([{"kind": "garbage", "deliver": True}], D, 1),
]


@pytest.mark.parametrize(("faults", "fate", "delivered"), CPC, ids=lambda value: _name(value))
def test_what_a_fault_of_cpc_did_is_read(
    simulator: SimulatorClient, caller: Caller, faults: list[Any], fate: Fate, delivered: int
) -> None:
    simulator.set_faults(*({"provider": "cpc", **fault} for fault in faults))
    assert fates(caller.call(to(simulator, "cpc")).outcomes) == [fate]
    assert len(simulator.deliveries(CLIENT)) == delivered


def test_a_batch_of_cpc_is_told_apart_by_its_errors(simulator: SimulatorClient, caller: Caller) -> None:
    simulator.set_faults({"kind": "partial", "provider": "cpc", "number": PHONES[1]})
    batch = replace(to(simulator, "cpc"), parcels=parcels(PHONES))
    assert fates(caller.call(batch).outcomes) == [S, F, S]
    assert [one["number"] for one in simulator.deliveries()] == [PHONES[0], PHONES[2]]


def test_the_systems_own_lock_is_taken_over(simulator: SimulatorClient, caller: Caller) -> None:
    simulator.set(cpc_rule=True)
    assert fates(caller.call(to(simulator, "cpc")).outcomes) == [S]
    (again,) = caller.call(to(simulator, "cpc")).outcomes
    assert (again.fate, again.reason, again.lock_s) == (B, "contact_open", 24 * 3600)


def test_the_second_link_of_cpc_takes_over(simulator: SimulatorClient, caller: Caller) -> None:
    simulator.set_faults({"kind": "preset", "name": "proxy_503", "link": "one"})
    assert fates(caller.call(to(simulator, "cpc", links=("one", "two"))).outcomes) == [S]
    assert len(simulator.deliveries(CLIENT)) == 1


@pytest.mark.parametrize("fault", [{"kind": "hang", "deliver": True}, {"kind": "reset_after"}], ids=str)
def test_the_second_link_of_cpc_is_not_asked_when_the_first_may_have_sent(
    simulator: SimulatorClient, caller: Caller, fault: dict[str, Any]
) -> None:
    simulator.set_faults({**fault, "link": "one"})
    assert fates(caller.call(to(simulator, "cpc", links=("one", "two"))).outcomes) == [D]
    assert len(simulator.calls()) == len(simulator.deliveries(CLIENT)) == 1


def test_a_batch_of_uazapi_that_was_taken_in_part_stays_in_doubt(simulator: SimulatorClient, caller: Caller) -> None:
    simulator.set_faults({"kind": "partial", "provider": "uazapi"})
    batch = replace(to(simulator, "uazapi"), parcels=parcels(PHONES))
    assert fates(caller.call(batch).outcomes) == [D, D, D]
    assert caller.look_up(batch) is None


def test_every_message_of_the_seed_arrives_as_it_was_written(simulator: SimulatorClient, caller: Caller) -> None:
    for seq, message in enumerate(SEED["messages"]):
        content = {name: value for name, value in message.items() if name != "number"}
        asked = to(simulator, "uazapi", parcel(message["number"], content, seq=seq))
        assert caller.call(asked).outcomes[0].fate is S
    assert [one["content"] for one in simulator.deliveries()] == SEED["messages"]


def test_what_the_provider_took_can_be_found_under_the_jobs_id(simulator: SimulatorClient, caller: Caller) -> None:
    asked = replace(to(simulator, "uazapi"), campaign=campaign())
    (taken,) = caller.call(asked).outcomes
    assert caller.look_up(replace(asked, mark=f"{CAMPAIGN}-12.1")) == (replace(taken, reason="found_at_provider"),)


def test_a_line_that_is_down_says_so(simulator: SimulatorClient, caller: Caller) -> None:
    there = account("uazapi", base_urls=(simulator.url,))
    assert caller.is_up(there, sender(token="line-1")) is True
    simulator.connection("line-1", "disconnected")
    assert caller.is_up(there, sender(token="line-1")) is False


# ---------------------------------------------------------------- what comes back


@pytest.fixture
def heard(simulator: SimulatorClient) -> Iterator[Listener]:
    with listening() as listener:
        simulator.set_webhooks(*({"provider": name, "url": listener.url} for name in ("uazapi", "cpc")))
        yield listener


def events(heard: Listener, name: str = "uazapi") -> list[InboundEvent]:
    return [event for one in heard.heard for event in provider(name).read_inbound(account(name), one.body)]


REPLIES: list[dict[str, Any]] = [
    {},
    {"lid": True},
    {"unit": "s"},
    {"strings": True},
    {"spelling": "plus"},
    {"button": "row_1"},
    {"shape": "evolution"},
    {"shape": "evolution", "lid": True},
]


@pytest.mark.parametrize("options", REPLIES, ids=str)
@pytest.mark.parametrize("name", ["uazapi", "cpc"])
def test_a_reply_is_heard_in_every_shape(
    simulator: SimulatorClient, heard: Listener, name: str, options: dict[str, Any]
) -> None:
    simulator.reply(name, CLIENT, "oi", identity="line-1", **options)
    (event,) = events(heard, name)
    assert (event.kind, event.key, event.text) == (InboundKind.REPLY, CLIENT, "oi")


@pytest.mark.parametrize("options", [{"group": True}, {"from_me": True}, {"from_me": True, "by_api": True}], ids=str)
@pytest.mark.parametrize("shape", ["uazapi", "evolution"])
def test_groups_and_our_own_words_are_no_replies(
    simulator: SimulatorClient, heard: Listener, shape: str, options: dict[str, Any]
) -> None:
    simulator.reply("uazapi", CLIENT, identity="line-1", shape=shape, **options)
    assert len(heard.heard) == 1
    assert events(heard) == []


def test_a_reply_that_hides_its_number_releases_nobody(simulator: SimulatorClient, heard: Listener) -> None:
    simulator.reply("uazapi", CLIENT, identity="line-1", lid_only=True)
    assert events(heard) == []


@pytest.mark.parametrize("shape", ["uazapi", "flat", "evolution"])
def test_receipts_are_heard_in_every_shape(simulator: SimulatorClient, heard: Listener, shape: str) -> None:
    simulator.receipt("uazapi", CLIENT, "Read", identity="line-1", shape=shape, message_ids=["3EB0A1"])
    (event,) = events(heard)
    assert (event.kind, event.provider_ref, event.receipt) == (InboundKind.RECEIPT, "3EB0A1", ReceiptState.READ)


def test_a_receipt_that_names_no_message_gives_nothing(simulator: SimulatorClient, heard: Listener) -> None:
    simulator.receipt("uazapi", CLIENT, "Read", identity="line-1", shape="text", message_ids=["3EB0A1"])
    assert len(heard.heard) == 1
    assert events(heard) == []


@pytest.mark.parametrize(("status", "connected"), [("disconnected", False), ("connected", True)])
def test_a_line_that_goes_and_comes_is_heard(
    simulator: SimulatorClient, heard: Listener, status: str, connected: bool
) -> None:
    simulator.connection("line-1", status)
    (event,) = events(heard)
    assert (event.kind, event.connected) == (InboundKind.CONNECTION, connected)


def _name(value: Any) -> str | None:
    if not isinstance(value, list):
        return None
    return "-".join(str(part) for fault in value for part in fault.values()) or "no fault"
