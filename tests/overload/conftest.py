"""The same installation and simulator as in journeys; but who is asked about its memory began with nothing."""

import pytest

from tests.journey.conftest import install, place, simulator
from tests.spawner import Fresh, Starter

__all__ = ["install", "place", "simulator"]


@pytest.fixture
def starter() -> Starter:
    return Fresh()
