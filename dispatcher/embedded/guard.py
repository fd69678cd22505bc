"""Runs one command and sees to it that the command ends when whoever asked for it ends.

A script for a bare interpreter (`python -I -S guard.py …`), standard library only; `child.py` starts it.
The asker holds the other end of our standard input. When that closes, because the asker wants a stop, or
crashed, or was killed, we send the command its stop signal, and SIGKILL to its process group once the
grace is over. So there is one way to stop, and it is taken even by those who could not take it themselves.

Standard output carries one line to the asker: `pid N`, or `error …`. What the command prints goes to our
standard error. Our exit status is the command's (128 + n when a signal n ended it). A lock file, if given,
is locked as long as the command runs: two servers never share a data folder.

Weak point: if this guard itself is killed with SIGKILL, the command stays. `leftovers.py` finds it again.
"""

import argparse
import contextlib
import fcntl
import os
import pwd
import signal
import subprocess
import sys
import threading
from typing import IO, Any


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="guard")
    parser.add_argument("--stop-signal", type=int, default=signal.SIGTERM)
    parser.add_argument("--grace-s", type=float, default=10.0)
    parser.add_argument("--user")
    parser.add_argument("--lock")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(argv)
    options.command = options.command[1:]  # after the "--"
    return options


def lock(path: str) -> IO[str]:
    """The open lock file; closing it gives the lock back."""
    file = open(path, "a")  # noqa: SIM115 - stays open as long as we run
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit(f"{os.path.dirname(path)} is in use by another dispatcher") from None
    return file


def identity(user: str | None) -> dict[str, Any]:
    """Arguments for Popen that make the command run as another user, with none of our groups."""
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def end(child: "subprocess.Popen[bytes]", stop_signal: int, grace_s: float) -> None:
    child.send_signal(stop_signal)
    try:
        child.wait(grace_s)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


def run(options: argparse.Namespace) -> int:
    held = lock(options.lock) if options.lock else None
    child = subprocess.Popen(
        options.command,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        start_new_session=True,  # Ctrl-C in a terminal reaches the asker, who decides
        **identity(options.user),
    )
    tell(f"pid {child.pid}")

    def wait_for_asker() -> None:
        while os.read(0, 1024):
            pass
        end(child, options.stop_signal, options.grace_s)

    def asked_to_stop(*_: object) -> None:
        threading.Thread(target=end, args=(child, options.stop_signal, options.grace_s), daemon=True).start()

    signal.signal(signal.SIGTERM, asked_to_stop)
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, lambda *_: None)
    threading.Thread(target=wait_for_asker, daemon=True).start()
    status = child.wait()
    if held:
        held.close()
    return status if status >= 0 else 128 - status


def tell(line: str) -> None:
    """Answer the asker, then let go of the pipe: there is only one line."""
    os.write(1, line.replace("\n", " ").encode() + b"\n")
    os.dup2(2, 1)


def main(argv: list[str]) -> int:
    try:
        return run(parse(argv))
    except SystemExit as error:
        tell(f"error {error.code}")
    except (OSError, KeyError, subprocess.SubprocessError) as error:
        tell(f"error {error}")
    return 127


if __name__ == "__main__":
    sys.stdout.flush()
    os._exit(main(sys.argv[1:]))  # no waiting for threads that read a pipe
