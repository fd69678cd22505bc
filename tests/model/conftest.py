"""A place for the model: a ledger with a time of its own, made once."""

from collections.abc import Callable, Iterator

import pytest
from structlog.testing import capture_logs

from tests.model.place import Place, place_of


@pytest.fixture(scope="package")
def the_place(valkey: str, create_database: Callable[[str], str]) -> Iterator[Place]:
    with place_of(valkey, create_database("template1")) as place:
        yield place


@pytest.fixture
def place(the_place: Place, redis_url: str) -> Iterator[Place]:
    """What stations tell is not printed: a play shows its own steps."""
    with capture_logs():
        yield the_place
