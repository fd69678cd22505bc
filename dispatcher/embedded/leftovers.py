"""Servers that outlived their guard: found by the pid file in their data folder, and stopped.

This happens only when a guard was killed with SIGKILL or the machine's memory ran out. A pid in a file
may long belong to somebody else, so the process must also carry the data folder in its command line.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import threading
from pathlib import Path

from dispatcher.embedded.child import EmbeddedError

STOP_WITHIN_S = 20.0


def stop_leftover(pid_file: Path, data_dir: Path, lock: Path, stop_signal: signal.Signals) -> None:
    """Make `data_dir` free to start on: stop a server without a guard, remove a stale pid file.

    EmbeddedError when a guard holds the lock: that server is somebody's, not a leftover.
    """
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EmbeddedError(f"{lock.parent} is in use by another dispatcher") from None
        pid = read_pid(pid_file)
        if pid is None:
            return
        if is_server(pid, data_dir):
            _stop(pid, data_dir, stop_signal)
        pid_file.unlink(missing_ok=True)


def read_pid(pid_file: Path) -> int | None:
    """The first line as a number, or None when there is no file or no number in it."""
    try:
        return int(pid_file.read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None


def is_server(pid: int, data_dir: Path) -> bool:
    return str(data_dir) in command_line(pid)


def command_line(pid: int) -> str:
    """What the process was started with; empty when there is no such process."""
    proc = Path(f"/proc/{pid}/cmdline")
    if proc.parent.parent.joinpath("self").exists():
        try:
            return proc.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True)
    return shown.stdout.strip()


def _stop(pid: int, data_dir: Path, stop_signal: signal.Signals) -> None:
    for how in (stop_signal, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)
        if _gone(pid, data_dir):
            return
    raise EmbeddedError(f"process {pid} still runs on {data_dir} and does not end")


def _gone(pid: int, data_dir: Path) -> bool:
    pause, step_s = threading.Event(), 0.05
    for _ in range(int(STOP_WITHIN_S / step_s)):
        if not is_server(pid, data_dir):
            return True
        pause.wait(step_s)
    return False
