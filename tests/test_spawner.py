"""The spawner of the tests' processes."""

import os
from pathlib import Path

import pytest

from tests.spawner import Spawned, Spawner

NEXT_PID = Path("/proc/sys/kernel/ns_last_pid")
TRIES = 200  # others start processes as well


def again_with_the_pid_of(before: Spawned, spawner: Spawner, log: Path) -> Spawned:
    for _ in range(TRIES):
        NEXT_PID.write_text(str(before.pid - 1))
        after = spawner.start("http.server", "--bind", "127.0.0.1", "0", env=dict(os.environ), log=log)
        if after.pid == before.pid:
            return after
        after.kill()
    raise AssertionError(f"the pid was never given out again in {TRIES} tries")


@pytest.mark.skipif(not os.access(NEXT_PID, os.W_OK), reason="only Linux' root can choose the next pid")
def test_a_process_with_the_pid_of_one_that_ended_is_another(spawner: Spawner, tmp_path: Path) -> None:
    """It was taken for ended and not killed, and worked on in the next test's installation."""
    log = tmp_path / "log"
    before = spawner.start("compileall", "--help", env=dict(os.environ), log=log)
    assert before.wait() == 0
    after = again_with_the_pid_of(before, spawner, log)
    assert (before.status, after.status) == (0, None)
    after.kill()
    assert after.status == -9
