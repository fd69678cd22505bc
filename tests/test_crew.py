"""The threads that tickets of one job share."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from tests.waiting import wait_until
from workers.crew import Crew

WITHIN_S = 30


def leave(ended: Sequence[int]) -> None:
    pass


def test_what_was_begun_together_goes_on_all_at_once() -> None:
    met = Barrier(4)

    def meet(number: int) -> None:
        met.wait(WITHIN_S)

    Crew(4).together(4, lambda: range(4), meet, leave)
    assert not met.broken


def test_a_thread_that_the_system_refuses_is_refused_before_anything_is_begun() -> None:
    usual = threading.stack_size(1 << 46)  # three of them are more than there are addresses
    try:
        with pytest.raises(RuntimeError):
            Crew(3)
    finally:
        threading.stack_size(usual)


def test_a_job_without_tickets_takes_no_thread() -> None:
    crew, ended = Crew(2), list[int]()
    for _ in range(2):
        crew.together(0, lambda: range(0), ended.append, leave)
    crew.together(2, lambda: range(2), ended.append, leave)
    assert sorted(ended) == [0, 1]


def test_nothing_is_begun_before_each_has_a_thread() -> None:
    crew, gate, begun = Crew(4), Event(), list[str]()

    def begin(name: str, many: int) -> range:
        begun.append(name)
        return range(many)

    def wait(number: int) -> None:
        gate.wait(WITHIN_S)

    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(crew.together, 3, lambda: begin("first", 3), wait, leave)
        wait_until(lambda: begun == ["first"], WITHIN_S)
        second = threads.submit(crew.together, 3, lambda: begin("second", 3), wait, leave)
        wait_until(lambda: crew._free == -2, WITHIN_S)
        assert begun == ["first"], "of the three threads that it needs one is free"
        gate.set()
        first.result(WITHIN_S), second.result(WITHIN_S)
    assert begun == ["first", "second"]


def test_who_needs_no_thread_of_the_crew_does_not_wait_for_who_does() -> None:
    crew, gate, ended = Crew(3), Event(), list[int]()

    def wait(number: int) -> None:
        gate.wait(WITHIN_S)

    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(crew.together, 2, lambda: range(2), wait, leave) for _ in range(2)]
        wait_until(lambda: crew._free == -1, WITHIN_S)
        crew.together(1, lambda: range(1), ended.append, leave)
        assert ended == [0]
        gate.set()
        for one in both:
            one.result(WITHIN_S)


@pytest.mark.parametrize("going", [0, 1, 2])
def test_threads_of_those_that_do_not_go_are_for_others(going: int) -> None:
    crew = Crew(4)
    for _ in range(5):
        crew.together(4, lambda: range(going), lambda number: None, leave)
    wait_until(lambda: crew._free == 4, WITHIN_S)


def test_those_whose_step_ended_at_the_same_moment_are_gathered_together() -> None:
    crew, gate, found = Crew(4), Event(), list[list[int]]()

    def step(number: int) -> None:
        if number:
            gate.wait(WITHIN_S)

    def gather(ended: Sequence[int]) -> None:
        found.append(sorted(ended))
        gate.set()
        wait_until(lambda: crew._free == 4, WITHIN_S)

    crew.together(4, lambda: range(4), step, gather)
    assert found == [[0], [1, 2, 3]]


def test_a_failure_is_raised_when_all_have_ended_and_leaves_every_thread_free() -> None:
    crew, ended, gathered = Crew(4), list[int](), list[int]()

    def step(number: int) -> None:
        ended.append(number)
        if number % 2:
            raise ValueError(str(number))

    with pytest.raises(ValueError, match=r"1|3"):
        crew.together(4, lambda: range(4), step, gathered.extend)
    assert (sorted(ended), sorted(gathered)) == ([0, 1, 2, 3], [0, 2])

    def refuse() -> range:
        raise KeyError("away")

    with pytest.raises(KeyError, match="away"):
        crew.together(4, refuse, step, gathered.extend)
    wait_until(lambda: crew._free == 4, WITHIN_S)


def test_nobody_is_asked_to_gather_nothing() -> None:
    found = list[Sequence[int]]()

    def fail(number: int) -> None:
        raise ValueError(str(number))

    with pytest.raises(ValueError, match=r"0|1"):
        Crew(2).together(2, lambda: range(2), fail, found.append)
    assert found == []


def test_what_cannot_be_gathered_does_not_keep_the_others() -> None:
    gathered = list[int]()

    def gather(ended: Sequence[int]) -> None:
        gathered.extend(ended)
        raise KeyError("away")

    with pytest.raises(KeyError, match="away"):
        Crew(4).together(4, lambda: range(4), lambda number: None, gather)
    assert sorted(gathered) == [0, 1, 2, 3]
