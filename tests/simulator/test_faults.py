"""Every kind of fault, over real sockets, with what was delivered underneath."""

import httpx
import pytest

from dispatcher.simulator.server import SimulatorClient
from tests.simulator.messages import text_job


def test_a_reset_before_delivers_nothing(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set_faults({"kind": "reset_before"})
    with pytest.raises(httpx.TransportError):
        http.post("/sender/advanced", json=text_job())
    assert simulator.deliveries() == []


def test_a_reset_after_has_delivered(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set_faults({"kind": "reset_after", "times": 1})
    with pytest.raises(httpx.TransportError):
        http.post("/sender/advanced", json=text_job("c-1.1"))
    assert http.post("/sender/advanced", json=text_job("c-1.2")).status_code == 200
    assert [d["marker"] for d in simulator.deliveries()] == ["c-1.1", "c-1.2"]
    assert simulator.summary()["duplicate_count"] == 1


def test_latency_delays_and_then_goes_on(simulator: SimulatorClient, http: httpx.Client) -> None:
    simulator.set_faults({"kind": "latency", "ms": [80, 120]})
    assert http.post("/sender/advanced", json=text_job()).status_code == 200
    (delivery,) = simulator.deliveries()
    assert 80 <= delivery["ended_mono"] - delivery["started_mono"] < 1000
