"""One transport for each test, closed after it."""

from collections.abc import Iterator

import pytest

from dispatcher.providers.transport import Transport


@pytest.fixture
def transport() -> Iterator[Transport]:
    one = Transport()
    yield one
    one.close()
