"""Calls of many threads made as one."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from signal import SIG_DFL, SIGALRM, SIGUSR1, alarm, pthread_kill, signal
from threading import Event, Lock, get_ident
from typing import Any

import pytest

from dispatcher.together import Together
from tests.waiting import wait_until

WITHIN_S = 30


class Desk:
    """Answers ten times what was asked; its first call lasts until the gate opens."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.gate = Event()
        self.under_way, self.most_under_way = 0, 0
        self._lock = Lock()

    def ask(self, numbers: Sequence[int]) -> list[int]:
        with self._lock:
            self.calls.append(list(numbers))
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        if not self.gate.wait(WITHIN_S):
            raise TimeoutError("nobody opened the gate")
        with self._lock:
            self.under_way -= 1
        if -1 in numbers:
            raise ValueError("minus one")
        return [number * 10 for number in numbers]


def asked_at_once(desk: Desk, together: Together[int, int], numbers: Sequence[int]) -> list[int | str]:
    """One thread a number: the first call under way, the others behind it, then the gate opens."""

    def answer(number: int) -> int | str:
        try:
            return together(number)
        except ValueError as error:
            return str(error)

    with ThreadPoolExecutor(len(numbers)) as threads:
        first = threads.submit(answer, numbers[0])
        wait_until(lambda: desk.calls == [[numbers[0]]], WITHIN_S)
        others = [threads.submit(answer, number) for number in numbers[1:]]
        wait_until(lambda: len(together._waiting) == len(numbers) - 1, WITHIN_S)
        desk.gate.set()
        return [one.result(WITHIN_S) for one in (first, *others)]


def test_who_comes_alone_leaves_alone_at_once() -> None:
    desk = Desk()
    desk.gate.set()
    together = Together(desk.ask, kind=bool, most=10)
    assert [together(1), together(2)] == [10, 20]
    assert desk.calls == [[1], [2]]


def test_who_comes_while_a_call_is_under_way_goes_with_the_next() -> None:
    desk = Desk()
    assert asked_at_once(desk, Together(desk.ask, kind=lambda number: 0, most=10), [1, 2, 3, 4]) == [10, 20, 30, 40]
    assert [sorted(call) for call in desk.calls] == [[1], [2, 3, 4]]


def test_no_more_go_in_one_call_than_it_may_carry() -> None:
    desk = Desk()
    found = asked_at_once(desk, Together(desk.ask, kind=lambda number: 0, most=2), [1, 2, 3, 4, 5, 6])
    assert found == [10, 20, 30, 40, 50, 60]
    assert [len(call) for call in desk.calls] == [1, 2, 2, 1]


def test_questions_of_different_kinds_are_not_put_together() -> None:
    desk = Desk()
    found = asked_at_once(desk, Together(desk.ask, kind=lambda number: number % 2, most=10), [1, 2, 3, 4, 5])
    assert found == [10, 20, 30, 40, 50]
    assert sorted(sorted(call) for call in desk.calls) == [[1], [2, 4], [3, 5]]


def test_everybody_in_a_call_gets_what_it_raised_and_the_next_goes_on() -> None:
    desk = Desk()
    found = asked_at_once(desk, Together(desk.ask, kind=lambda number: number > 5, most=10), [1, -1, 2, 7, 8])
    assert found == [10, "minus one", "minus one", 70, 80]


def test_one_that_cannot_be_answered_does_not_take_the_others_along() -> None:
    desk = Desk()
    together = Together(desk.ask, kind=lambda number: 0, most=10, apart=(ValueError,))
    assert asked_at_once(desk, together, [1, -1, 2, 3]) == [10, "minus one", 20, 30]
    assert sorted(map(len, desk.calls)) == [1, 1, 1, 1, 3]


def test_several_questions_of_a_thread_go_together_those_of_a_kind_in_a_call() -> None:
    desk = Desk()
    desk.gate.set()
    together = Together(desk.ask, kind=lambda number: number % 2, most=2)
    assert [told() for told in together.all([1, 2, 3, 4, 5])] == [10, 20, 30, 40, 50]
    assert desk.calls == [[1, 3], [5], [2, 4]]
    assert together.all([]) == []


def test_questions_that_wait_for_a_call_that_is_under_way_go_with_the_next() -> None:
    desk = Desk()
    together = Together(desk.ask, kind=lambda number: 0, most=3)
    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(together, 1)
        wait_until(lambda: desk.calls == [[1]], WITHIN_S)
        several = threads.submit(together.all, [2, 3, 4, 5])
        wait_until(lambda: len(together._waiting) == 4, WITHIN_S)
        last = threads.submit(together, 6)
        wait_until(lambda: len(together._waiting) == 5, WITHIN_S)
        desk.gate.set()
        assert (first.result(WITHIN_S), last.result(WITHIN_S)) == (10, 60)
        assert [told() for told in several.result(WITHIN_S)] == [20, 30, 40, 50]
    assert desk.calls == [[1], [2, 3, 4], [5, 6]]


def test_who_brings_several_questions_gets_the_answers_to_those_that_can_be_answered() -> None:
    desk = Desk()
    desk.gate.set()
    together = Together(desk.ask, kind=lambda number: 0, most=10, apart=(ValueError,))
    one, minus_one, two = together.all([1, -1, 2])
    assert (one(), two()) == (10, 20)
    with pytest.raises(ValueError, match="minus one"):
        minus_one()


def test_threads_that_bring_several_questions_of_several_kinds_never_wait_for_each_other_for_ever() -> None:
    desk = Desk()
    desk.gate.set()
    together = Together(desk.ask, kind=lambda number: number % 3, most=4, at_once=2)
    packs = [list(range(first, first + 7)) for first in range(0, 2100, 7)]
    with ThreadPoolExecutor(12) as threads:
        found = list(threads.map(together.all, packs, timeout=WITHIN_S))
    assert [[told() for told in pack] for pack in found] == [[number * 10 for number in pack] for pack in packs]
    assert desk.most_under_way <= 2


def test_no_more_calls_are_under_way_than_may_be() -> None:
    desk = Desk()
    desk.gate.set()
    together = Together(desk.ask, kind=lambda number: number % 4, most=3, at_once=2)
    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(together, range(2000), timeout=WITHIN_S))
    assert found == [number * 10 for number in range(2000)]
    assert desk.most_under_way <= 2
    assert sorted(number for call in desk.calls for number in call) == list(range(2000))


def test_of_each_kind_one_call_is_under_way_and_others_need_not_wait_for_it() -> None:
    desk = Desk()
    together = Together(desk.ask, kind=lambda number: number % 2, most=10, at_once=3)
    with ThreadPoolExecutor(3) as threads:
        odd = threads.submit(together, 1)
        wait_until(lambda: desk.calls == [[1]], WITHIN_S)
        odd_too = threads.submit(together, 3)
        wait_until(lambda: len(together._waiting) == 1, WITHIN_S)
        even = threads.submit(together, 2)
        wait_until(lambda: desk.under_way == 2, WITHIN_S)
        assert desk.calls == [[1], [2]]
        desk.gate.set()
        assert [one.result(WITHIN_S) for one in (odd, odd_too, even)] == [10, 30, 20]


@pytest.mark.parametrize("answers", [[], [1, 2]])
def test_a_call_must_answer_each_question_once(answers: list[int]) -> None:
    together: Together[int, int] = Together(lambda asked: answers, kind=bool, most=10)
    with pytest.raises(ValueError, match="zip"):
        together(1)


def test_a_signal_that_calls_away_who_waits_does_not_stop_the_others() -> None:
    """Signals reach the main thread, which stops with SystemExit while its other threads finish their work."""

    def stop(*_: Any) -> None:
        raise SystemExit(1)

    desk, main = Desk(), get_ident()
    together = Together(desk.ask, kind=bool, most=10)

    def call_away() -> None:
        wait_until(lambda: len(together._waiting) == 1, WITHIN_S)
        pthread_kill(main, SIGUSR1)

    before = signal(SIGUSR1, stop)
    try:
        with ThreadPoolExecutor(3) as threads:
            first = threads.submit(together, 1)
            wait_until(lambda: desk.calls == [[1]], WITHIN_S)
            threads.submit(call_away)
            with pytest.raises(SystemExit):
                together(2)
            desk.gate.set()
            assert first.result(WITHIN_S) == 10
            assert threads.submit(together, 3).result(WITHIN_S) == 30
    finally:
        signal(SIGUSR1, before)
    assert desk.calls == [[1], [3]]


def test_a_process_that_was_forked_while_a_call_was_under_way_asks_for_itself() -> None:
    """The thread that would answer, and hand on the lead, is not in it."""
    desk = Desk()
    together: Together[int, int] = Together(desk.ask, lambda number: None, 10)
    with ThreadPoolExecutor(2) as threads:
        under_way = threads.submit(together, 1)
        wait_until(lambda: desk.calls == [[1]], WITHIN_S)
        waiting = threads.submit(together, 2)
        wait_until(lambda: len(together._waiting) == 1, WITHIN_S)
        child = os.fork()
        if not child:
            signal(SIGALRM, SIG_DFL)
            alarm(WITHIN_S)  # ends it, should it wait for ever
            desk.gate.set()
            os._exit(0 if together(3) == 30 and not together._waiting else 1)
        _, status = os.waitpid(child, 0)
        desk.gate.set()
        assert (status, under_way.result(WITHIN_S), waiting.result(WITHIN_S)) == (0, 10, 20)
