"""What the bench starts beside the servers ends with it, however it ends."""

import signal
import subprocess
import sys

import psutil
import pytest

from tests.waiting import wait_until

BENCH = """
import os, sys
from pathlib import Path
from dispatcher.cli.bench.ground import running

waits = [sys.executable, "-c", "import signal; signal.pause()"]
with running([waits, waits], dict(os.environ), Path(os.devnull)) as children:
    print(*(child.pid for child in children), flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL, None])
def test_no_target_and_no_worker_is_left_behind(ending: signal.Signals | None) -> None:
    argv = [sys.executable, "-c", BENCH]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as bench:
        assert bench.stdin is not None
        assert bench.stdout is not None
        started = [psutil.Process(int(pid)) for pid in bench.stdout.readline().split()]
        assert len(started) == 2
        if ending is None:
            bench.stdin.close()
        else:
            bench.send_signal(ending)
        bench.wait(60)
    wait_until(lambda: not any(process.is_running() for process in started), 60)
