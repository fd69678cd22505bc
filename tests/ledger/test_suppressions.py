"""Suppressions: who asked not to be contacted."""

import pytest
from sqlalchemy import Engine

from dispatcher.ledger.suppressions import Suppressions
from tests.ledger.drafts import phone


@pytest.fixture
def suppressions(engine: Engine) -> Suppressions:
    return Suppressions(engine)


def test_a_client_is_suppressed_until_removed(suppressions: Suppressions) -> None:
    assert suppressions.add(phone(1), "opt_out")
    assert not suppressions.add(phone(1), "again")
    found = suppressions.get(phone(1))
    assert found is not None
    assert (found.key, found.reason) == (phone(1), "opt_out")
    assert suppressions.remove(phone(1))
    assert not suppressions.remove(phone(1))
    assert suppressions.get(phone(1)) is None


def test_those_of_a_block_are_found_at_once(suppressions: Suppressions) -> None:
    suppressions.add(phone(1))
    suppressions.add(phone(3))
    assert suppressions.among([phone(n) for n in range(1000)]) == {phone(1), phone(3)}
    assert suppressions.among([]) == set()


def test_the_list_goes_on_behind_its_cursor(suppressions: Suppressions) -> None:
    for n in (3, 1, 2):
        suppressions.add(phone(n))
    first = suppressions.page(limit=2)
    assert [one.key for one in first] == [phone(1), phone(2)]
    assert [one.key for one in suppressions.page(first[-1].key)] == [phone(3)]
