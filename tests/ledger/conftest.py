"""A migrated ledger for each test: one database is migrated once and copied."""

import base64
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from dispatcher.ledger.engine import make_engine
from dispatcher.ledger.schema import upgrade
from dispatcher.secrecy import Secrecy


@pytest.fixture(scope="session")
def template(create_database: Callable[[str], str]) -> str:
    url = create_database("template1")
    engine = make_engine(url, pool_size=1)
    upgrade(engine)
    engine.dispose()
    return url.rsplit("/", 1)[1]


@pytest.fixture
def engine(template: str, create_database: Callable[[str], str]) -> Iterator[Engine]:
    engine = make_engine(create_database(template), pool_size=20)
    yield engine
    engine.dispose()


@pytest.fixture
def secrecy() -> Secrecy:
    return Secrecy(base64.urlsafe_b64encode(bytes(32)).decode())
