"""One simulator for the session, as a real process; each test gets it empty, with default settings."""

from collections.abc import Iterator

import httpx
import pytest

from dispatcher.simulator.server import SimulatorClient, SimulatorProcess


@pytest.fixture(scope="session")
def simulator_process() -> Iterator[SimulatorProcess]:
    with SimulatorProcess() as process:
        yield process


@pytest.fixture
def simulator(simulator_process: SimulatorProcess) -> Iterator[SimulatorClient]:
    client = simulator_process.client
    client.reset()
    yield client
    assert client.summary()["errors"] == []


@pytest.fixture
def http(simulator: SimulatorClient) -> Iterator[httpx.Client]:
    """A client of the providers, as instance `line-1` of uazapi."""
    with httpx.Client(base_url=simulator.url, headers={"token": "line-1"}, timeout=20, trust_env=False) as client:
        yield client
