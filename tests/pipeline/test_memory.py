"""The send path's short memory: what is asked when, and how old an answer may be."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from dispatcher.wiring.memory import KEPT_S, USED_PERIODS, Remembered


@dataclass(frozen=True)
class Thing:
    id: int
    text: str


@dataclass
class Ledger:
    """Texts by number, what was asked for, and a clock that the test moves."""

    texts: dict[int, str]
    asked: list[tuple[int, ...]] = field(default_factory=list)
    now_s: float = 0.0

    def one(self, number: int) -> Thing:
        self.asked.append((number,))
        return Thing(number, self.texts[number])

    def several(self, numbers: Sequence[int]) -> list[Thing]:
        self.asked.append(tuple(numbers))
        return [Thing(number, self.texts[number]) for number in numbers if number in self.texts]

    def remembered(self) -> Remembered[Thing]:
        return Remembered(self.one, self.several, lambda: self.now_s)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger({1: "a", 2: "b", 3: "c"})


def test_what_was_asked_for_is_not_asked_again_while_it_is_young(ledger: Ledger) -> None:
    thing = ledger.remembered()
    assert [thing(1).text, thing(2).text, thing(1).text] == ["a", "b", "a"]
    assert ledger.asked == [(1,), (2,)]


def test_all_that_were_lately_wanted_are_asked_for_at_once(ledger: Ledger) -> None:
    thing = ledger.remembered()
    thing(1), thing(2)
    ledger.texts = {1: "A", 2: "B"}
    ledger.now_s += KEPT_S
    assert [thing(1).text, thing(2).text] == ["A", "B"]
    assert ledger.asked == [(1,), (2,), (1, 2)]


def test_what_nobody_wanted_lately_is_forgotten(ledger: Ledger) -> None:
    thing = ledger.remembered()
    thing(1), thing(2)
    for _ in range(USED_PERIODS + 1):
        ledger.now_s += KEPT_S
        thing(2)
    assert ledger.asked[-1] == (2,)
    assert thing(1).text == "a"
    assert ledger.asked[-1] == (1,)


def test_what_is_wanted_seldom_may_be_remembered_longer(ledger: Ledger) -> None:
    thing = Remembered(ledger.one, ledger.several, lambda: ledger.now_s, used_periods=3 * USED_PERIODS)
    thing(1)
    ledger.now_s += 2 * USED_PERIODS * KEPT_S
    assert thing.has(1)
    thing(1)
    assert ledger.asked == [(1,), (1,)]
    ledger.now_s += 4 * USED_PERIODS * KEPT_S
    assert not thing.has(1)


def test_what_is_gone_from_the_ledger_is_not_remembered(ledger: Ledger) -> None:
    thing = ledger.remembered()
    thing(1), thing(2)
    del ledger.texts[1]
    ledger.now_s += KEPT_S
    assert thing(2).text == "b"
    with pytest.raises(KeyError):
        thing(1)


def test_trouble_is_told_to_who_asks_and_the_next_asks_again(ledger: Ledger) -> None:
    thing = ledger.remembered()
    thing(1)
    ledger.now_s += KEPT_S
    texts, ledger.texts = ledger.texts, None  # type: ignore[assignment]
    with pytest.raises(TypeError):
        thing(1)
    ledger.texts = texts | {1: "A"}
    assert thing(1).text == "A"


class Unreadable(Ledger):
    """One of its rows breaks who reads it."""

    def several(self, numbers: Sequence[int]) -> list[Thing]:
        return [self.one(number) for number in numbers]

    def one(self, number: int) -> Thing:
        if self.texts[number] == "broken":
            raise ValueError("no such text")
        return super().one(number)


def test_a_row_that_breaks_its_reader_breaks_nobody_who_asks_for_another() -> None:
    ledger = Unreadable({1: "a", 2: "b"})
    thing = ledger.remembered()
    thing(1), thing(2)
    ledger.texts[2] = "broken"
    ledger.now_s += KEPT_S
    assert thing(1).text == "a"
    with pytest.raises(ValueError, match="no such text"):
        thing(2)
    assert (thing.has(1), thing.has(2)) == (True, False)


def test_what_was_read_is_known_as_long_as_it_is_read_again_with_the_others(ledger: Ledger) -> None:
    thing = ledger.remembered()
    assert not thing.has(1)
    thing(1)
    ledger.now_s += KEPT_S * USED_PERIODS
    assert thing.has(1)
    ledger.now_s += KEPT_S
    assert not thing.has(1)
