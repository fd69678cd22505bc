"""What a journey stands on: a simulator of its own and an installation of its own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from dispatcher.simulator.server import SimulatorClient, SimulatorProcess
from tests.journey.installation import Installation, installation


@pytest.fixture
def simulator() -> Iterator[SimulatorClient]:
    with SimulatorProcess() as process:
        yield process.client


@pytest.fixture
def install(redis_url: str, database_url: str, tmp_path: Path) -> Iterator[Callable[..., Installation]]:
    """Makes the test's installation; `install(DISPATCHER_…=…)` sets more of its environment."""
    with ExitStack() as stack:
        yield lambda **more: stack.enter_context(installation(redis_url, database_url, tmp_path, **more))


@pytest.fixture
def place(install: Callable[..., Installation]) -> Installation:
    return install()
