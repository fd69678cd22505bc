"""One simulator for the session, as a real process; each test gets it as new."""

from collections.abc import Iterator

import httpx
import pytest

from dispatcher.simulator.server import SimulatorClient, SimulatorProcess
from tests.plain import NO_TLS
from tests.simulator.listener import Listener, listening


@pytest.fixture(scope="session")
def simulator_process() -> Iterator[SimulatorProcess]:
    with SimulatorProcess() as process:
        yield process


@pytest.fixture
def simulator(simulator_process: SimulatorProcess) -> Iterator[SimulatorClient]:
    """Its client. A mistake inside the simulator fails the test that met it."""
    client = simulator_process.client
    client.reset()
    yield client
    assert client.summary()["errors"] == []


@pytest.fixture
def http(simulator: SimulatorClient) -> Iterator[httpx.Client]:
    """A client of the providers: instance `line-1` of uazapi, and any Bearer token."""
    headers = {"token": "line-1", "authorization": "Bearer secret"}
    with httpx.Client(base_url=simulator.url, headers=headers, timeout=20, trust_env=False, verify=NO_TLS) as client:
        yield client


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as one:
        yield one
