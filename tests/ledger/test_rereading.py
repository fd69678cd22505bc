"""Senders that are read again and again: what did not change is not read."""

from collections.abc import Sequence
from time import time

import pytest
from sqlalchemy import Engine

from dispatcher.domain.account import Account, Sender
from dispatcher.ledger.accounts import Accounts
from dispatcher.ledger.rereading import SendersAgain
from dispatcher.secrecy import Secrecy
from tests.waiting import wait_until


class House:
    """An account's two senders, as they are and as they are read again, and what was read."""

    def __init__(self, engine: Engine, secrecy: Secrecy, account: Account) -> None:
        self.accounts = Accounts(engine, secrecy)
        self.read: list[list[int]] = []
        self.again = SendersAgain(engine, self._these_senders)
        self.numbers = [sender.id for sender in self.accounts.senders(account.id)]

    def _these_senders(self, numbers: Sequence[int]) -> list[Sender]:
        self.read.append(sorted(numbers))
        return self.accounts.these_senders(numbers)

    def agrees(self) -> bool:
        return sorted(self.again(self.numbers), key=_number) == sorted(
            self.accounts.these_senders(self.numbers), key=_number
        )


def _number(sender: Sender) -> int:
    return sender.id


@pytest.fixture
def house(engine: Engine, secrecy: Secrecy, loja: Account) -> House:
    return House(engine, secrecy, loja)


def test_senders_that_did_not_change_are_read_once(house: House) -> None:
    assert all(house.agrees() for _ in range(3))
    assert house.read == [house.numbers]


def test_of_several_senders_those_that_changed_are_read(house: House) -> None:
    first, second = house.numbers
    assert house.agrees()
    house.accounts.halt([second], "logged out", None)
    assert all(house.agrees() for _ in range(3))
    house.accounts.resume([second])
    assert all(house.agrees() for _ in range(3))
    assert house.read == [[first, second], [second], [second]]


def test_a_pause_that_ends_by_itself_is_over_for_who_reads_again(house: House) -> None:
    first = house.numbers[0]
    assert house.agrees()
    house.accounts.halt([first], "too many requests", int((time() + 0.5) * 1000))
    house.again(house.numbers)  # as a rule before it is over
    wait_until(lambda: not any(sender.paused_reason for sender in house.again(house.numbers)), 30)
    assert house.agrees()


def test_who_is_asked_for_again_after_a_while_is_as_it_is_then(house: House) -> None:
    first, second = house.numbers
    assert house.agrees()
    assert [sender.id for sender in house.again([first])] == [first]
    house.accounts.halt([second], "logged out", None)
    assert house.agrees()


def test_a_number_that_nobody_has_is_left_out(house: House) -> None:
    nobody = max(house.numbers) + 1
    for _ in range(2):
        assert sorted(map(_number, house.again([*house.numbers, nobody]))) == house.numbers
