"""One process of ours, started under a guard (`guard.py`), so that it never outlives us."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

GUARD = Path(__file__).with_name("guard.py")
KILL_MARGIN_S = 5.0  # after the grace the guard kills; this long it may take to tell us
LOG_LIMIT_BYTES = 10 * 1024 * 1024  # a longer log is set aside at the next start (one generation)


class EmbeddedError(RuntimeError):
    """An embedded server or process cannot start; the message is one line for the operator."""


class Child:
    """A command that can be started, stopped, killed and started again.

    `stop_signal` asks it to end; after `grace_s` seconds its whole process group is killed. Its output is
    appended to `log`, or goes to our standard error. `lock` keeps others from running the same thing.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        log: Path | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str | None = None,
        lock: Path | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        grace_s: float = 10.0,
    ) -> None:
        self.argv = list(argv)
        self.log = log
        self.env = env
        self.cwd = cwd
        self.pid: int | None = None
        self._grace_s = grace_s
        self._options = ["--stop-signal", str(int(stop_signal)), "--grace-s", str(grace_s)]
        self._options += ["--user", user] if user else []
        self._options += ["--lock", str(lock)] if lock else []
        self._guard: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the command; EmbeddedError when it cannot be executed or the lock is held."""
        if self.running:
            return
        with self._open_log() as output:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", str(GUARD), *self._options, "--", *self.argv],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                env=self.env,
                cwd=self.cwd,
                start_new_session=True,
            )
        word, _, rest = self._first_line(self._guard).partition(" ")
        if word != "pid":
            self.wait()
            raise EmbeddedError(f"{Path(self.argv[0]).name}: {rest or 'its guard ended at once'}")
        self.pid = int(rest)

    @property
    def running(self) -> bool:
        return self._guard is not None and self._guard.poll() is None

    @property
    def returncode(self) -> int | None:
        """The exit status (128 + n after signal n), or None while it runs or was never started."""
        return None if self._guard is None else self._guard.poll()

    def stop(self) -> None:
        """Ask it to end and wait; killed after the grace. Does nothing when it is not running."""
        self.ask_to_stop()
        self.wait()

    def ask_to_stop(self) -> None:
        if self._guard is not None:
            _let_go(self._guard)

    def kill(self) -> None:
        """SIGKILL to the command and its process group; for tests of what a crash leaves behind."""
        self.kill_now()
        self.wait()

    def kill_now(self) -> None:
        """The same without waiting for its end; may be called from a signal handler."""
        if self.running and self.pid is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def wait(self) -> None:
        """Until it has ended, at most the grace and a margin."""
        guard = self._guard  # ours, even if another thread starts the command again meanwhile
        if guard is None:
            return
        try:
            guard.wait(self._grace_s + KILL_MARGIN_S)
        except subprocess.TimeoutExpired:
            guard.kill()
            guard.wait()
        _let_go(guard)

    def last_words(self, containing: str = "") -> str:
        """The last such line of the log: what a command that ended too early had to say."""
        if self.log is None or not self.log.exists():
            return "no log"
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return next((line.strip() for line in reversed(lines) if containing in line), "it said nothing")

    @contextlib.contextmanager
    def _open_log(self) -> Iterator[int | None]:
        if self.log is None:
            yield None
            return
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_name(self.log.name + ".1"))
        descriptor = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    @staticmethod
    def _first_line(guard: "subprocess.Popen[bytes]") -> str:
        assert guard.stdout is not None
        with guard.stdout as pipe:
            return pipe.readline().decode(errors="replace").strip()


def _let_go(guard: "subprocess.Popen[bytes]") -> None:
    """Close our end of the pipe, which tells the guard to stop the command."""
    if guard.stdin is not None:
        guard.stdin.close()
