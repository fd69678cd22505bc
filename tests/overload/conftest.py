"""The same installation and simulator as in journeys."""

from tests.journey.conftest import install, place, simulator

__all__ = ["install", "place", "simulator"]
