"""`dispatcher demo` as somebody runs it. It takes a minute and a half: the first seed says "in one minute"."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.running import DISPATCHER, pid_of, processes_of
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

DONE_WITHIN_S = 150


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the demo makes its temporary folder."""
    made = Path(tempfile.mkdtemp(prefix="dispatcher-test-"))
    yield made
    shutil.rmtree(made)


def start(folder: Path) -> "subprocess.Popen[str]":
    """In a shell of somebody who has an installation elsewhere, which is none of the demo's business."""
    elsewhere = {"DISPATCHER_REDIS_URL": "redis://127.0.0.1:9/0", "DISPATCHER_PUBLIC_URL": "http://127.0.0.1:9"}
    return subprocess.Popen(
        [*DISPATCHER, "demo"],
        cwd=folder,
        env={**os.environ, **elsewhere, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_promise_1_and_2_the_demo_sends_everything_once_though_a_worker_is_killed(folder: Path) -> None:
    """Killed right after a send, while the lane waits its delay; the demo judges gaps and doubles at the simulator."""
    output = ""
    with start(folder) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            output += line
            if line.startswith("uazapi /sender/advanced: running, 3 pending"):
                os.kill(pid_of(folder, "worker1@%h"), signal.SIGKILL)
    assert demo.returncode == 0, output
    assert "worker1 ended with status" in output
    assert "all is well" in output
    assert "15 of 15" in output
    assert processes_of(folder) == []
    assert list(folder.iterdir()) == []


def test_a_demo_that_is_stopped_leaves_nothing_behind(folder: Path) -> None:
    with start(folder) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if line.startswith("dashboard"):
                break
        demo.send_signal(signal.SIGTERM)
        demo.communicate(timeout=DONE_WITHIN_S)
    assert demo.returncode == 130
    wait_until(lambda: not processes_of(folder), 10)
    assert list(folder.iterdir()) == []
