"""What a journey stands on: a simulator of its own and an installation of its own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from dispatcher.simulator.server import SimulatorClient
from tests.journey.installation import Installation, installation
from tests.simulating import simulating
from tests.spawner import Spawner, Starter


@pytest.fixture
def simulator(spawner: Spawner, tmp_path: Path) -> Iterator[SimulatorClient]:
    with simulating(spawner, tmp_path / "simulator.log") as client:
        yield client


@pytest.fixture
def starter(spawner: Spawner) -> Starter:
    """How the installation's processes start; where it matters, a test says otherwise."""
    return spawner


@pytest.fixture
def install(starter: Starter, redis_url: str, ledger_url: str, tmp_path: Path) -> Iterator[Callable[..., Installation]]:
    """Makes the test's installation; `install(DISPATCHER_…=…)` sets more of its environment."""
    with ExitStack() as stack:
        yield lambda **more: stack.enter_context(installation(starter, redis_url, ledger_url, tmp_path, **more))


@pytest.fixture
def place(install: Callable[..., Installation]) -> Installation:
    return install()
