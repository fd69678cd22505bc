from pathlib import Path

import pytest

from tests.order import LONGEST, is_long, rank, shares_of, spread


def test_each_share_begins_with_some_of_the_longest_and_nothing_is_lost() -> None:
    assert spread("ABCDE", "abcdefg", [4, 4, 4]) == list("ADab" + "BEcd" + "Cefg")


def test_where_there_is_nothing_but_the_longest_no_share_has_two_more_than_another() -> None:
    assert spread("ABCDE", "", [1, 2, 2]) == list("A" + "BD" + "CE")


@pytest.mark.parametrize("tests", range(9))
def test_the_shares_are_as_equal_as_they_can_be(tests: int) -> None:
    shares = shares_of(4, tests)
    assert sum(shares) == tests
    assert max(shares) - min(shares) <= 1
    assert shares == sorted(shares)


def test_the_longest_are_there_the_longest_of_them_first() -> None:
    assert [name for name in LONGEST if not (Path(__file__).parent / name).exists()] == []
    assert rank("tests/cli/test_demo.py::test_a") < rank("tests/journey/test_cpc.py::test_a")
    assert not is_long("tests/domain/test_phone.py::test_a")
