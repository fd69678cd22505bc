"""The supervisor, with real children: small Python scripts."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatcher.embedded import EmbeddedError
from dispatcher.embedded.leftovers import command_line
from dispatcher.embedded.processes import Backoff, Process, Supervisor
from tests.waiting import wait_until

# Notes each start and each SIGTERM in a file; ends on SIGTERM unless told to be stubborn.
CHILD = """
import os, pathlib, signal, sys
notes, name, *stubborn = sys.argv[1:]
def note(what):
    with open(notes, "a") as file:
        file.write(f"{name} {what}\\n")
def on_term(*_):
    note("asked")
    if not stubborn:
        sys.exit(0)
signal.signal(signal.SIGTERM, on_term)
note("started")
print("a line of", name, flush=True)
while True:
    signal.pause()
"""

RUNNER = """
import pathlib, sys
from dispatcher.embedded.processes import Process, Supervisor
child, notes, *stubborn = sys.argv[1:]
with Supervisor(say=lambda line: print(line, flush=True)) as supervisor:
    supervisor.start(Process("only", [sys.executable, "-c", child, notes, "only", *stubborn], grace_s=60))
    print("pid", supervisor.pid("only"), flush=True)
    supervisor.wait()
print("over", flush=True)
"""

QUICK = Backoff(first_s=0.01, most_s=0.05)


class Notes:
    """What the children wrote down, and the processes that write it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> list[str]:
        return self.path.read_text().splitlines() if self.path.exists() else []

    def process(self, name: str, *stubborn: str, grace_s: float = 30.0) -> Process:
        return Process(name, [sys.executable, "-c", CHILD, str(self.path), name, *stubborn], grace_s=grace_s)


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(tmp_path / "notes")


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(said: list[str], tmp_path: Path) -> Iterator[Supervisor]:
    with Supervisor(said.append, log_dir=tmp_path / "log", backoff=QUICK) as supervisor:
        yield supervisor


def test_all_are_stopped_in_reverse_order(supervisor: Supervisor, notes: Notes, said: list[str]) -> None:
    for number, name in enumerate(("one", "two", "three"), start=1):
        supervisor.start(notes.process(name))
        wait_until(lambda: len(notes.lines()) == number)  # noqa: B023 - called at once
    supervisor.stop()
    assert notes.lines()[3:] == ["three asked", "two asked", "one asked"]
    assert said == ["stopping three", "stopping two", "stopping one"]
    assert not any(supervisor.is_running(name) for name in ("one", "two", "three"))


def test_one_that_dies_is_started_again_and_it_is_said(supervisor: Supervisor, notes: Notes, said: list[str]) -> None:
    supervisor.start(notes.process("web"))
    wait_until(lambda: notes.lines() == ["web started"])
    old_pid = supervisor.pid("web")
    supervisor.kill("web")
    wait_until(lambda: notes.lines() == ["web started"] * 2)
    assert supervisor.pid("web") != old_pid
    assert said == ["web ended with status 137, starting it again in 0.01 s"]


def test_one_that_keeps_dying_is_started_ever_more_slowly(supervisor: Supervisor, said: list[str]) -> None:
    supervisor.start(Process("broken", [sys.executable, "-c", "raise SystemExit(3)"]))
    wait_until(lambda: len(said) >= 5)
    pauses = [line.split(" again in ")[1] for line in said[:5]]
    assert pauses == ["0.01 s", "0.02 s", "0.04 s", "0.05 s", "0.05 s"]
    assert all(line.startswith("broken ended with status 3,") for line in said)


def test_one_that_ran_steadily_starts_over_with_the_shortest_pause(notes: Notes, said: list[str]) -> None:
    hours = iter(range(0, 10**9, 3600))
    with Supervisor(said.append, backoff=Backoff(0.01, 10), clock=lambda: float(next(hours))) as supervisor:
        supervisor.start(Process("web", [sys.executable, "-c", ""]))
        wait_until(lambda: len(said) >= 3)
    assert {line for line in said if "ended" in line} == {"web ended with status 0, starting it again in 0.01 s"}


def test_one_that_does_not_end_is_killed_after_its_grace(supervisor: Supervisor, notes: Notes) -> None:
    supervisor.start(notes.process("deaf", "stubborn", grace_s=0.2))
    wait_until(lambda: notes.lines() == ["deaf started"])
    supervisor.stop()
    assert notes.lines() == ["deaf started", "deaf asked"]
    assert not supervisor.is_running("deaf")


def test_each_writes_to_a_log_of_its_own(supervisor: Supervisor, notes: Notes, tmp_path: Path) -> None:
    supervisor.start(notes.process("one"))
    supervisor.start(notes.process("two"))
    for name in ("one", "two"):
        log = tmp_path / "log" / f"{name}.log"
        wait_until(lambda: log.exists() and log.read_text() == f"a line of {name}\n")  # noqa: B023


def test_what_cannot_be_executed_is_said_in_one_line(supervisor: Supervisor) -> None:
    with pytest.raises(EmbeddedError, match=r"^no-such-program: [^\n]+$"):
        supervisor.start(Process("x", ["/no-such-program"]))


def start_runner(notes: Notes, *stubborn: str) -> tuple["subprocess.Popen[str]", int]:
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, CHILD, str(notes.path), *stubborn],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert runner.stdout is not None
    pid = int(runner.stdout.readline().split()[1])
    wait_until(lambda: notes.lines() == ["only started"])
    return runner, pid


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_stops_all_in_order(notes: Notes, how: signal.Signals) -> None:
    runner, _ = start_runner(notes)
    runner.send_signal(how)
    out, _ = runner.communicate()
    assert out.splitlines() == ["stopping only", "over"]
    assert runner.returncode == 0
    assert notes.lines() == ["only started", "only asked"]


def test_a_second_interrupt_kills_what_is_left(notes: Notes) -> None:
    runner, _ = start_runner(notes, "stubborn")
    runner.send_signal(signal.SIGINT)
    wait_until(lambda: "only asked" in notes.lines())
    runner.send_signal(signal.SIGINT)
    out, _ = runner.communicate()  # long before the grace of 60 s, see pytest's limit
    assert out.splitlines()[-1] == "over"


def test_children_of_a_killed_supervisor_are_asked_to_stop(notes: Notes) -> None:
    runner, pid = start_runner(notes)
    runner.kill()
    runner.communicate()
    wait_until(lambda: notes.lines() == ["only started", "only asked"])
    wait_until(lambda: str(notes.path) not in command_line(pid))


def test_handlers_are_given_back(said: list[str]) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with Supervisor(said.append), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGTERM)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
