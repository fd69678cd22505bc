"""The folder of an embedded installation, `$DISPATCHER_HOME`.

    env          mode 0600: the secrets that were generated because nobody gave them; kept for ever
    running      mode 0600: the servers' URLs while `dispatcher up` runs, so that other commands find them
    valkey/      EmbeddedValkey's
    postgres/    EmbeddedPostgres's
    log/         one file for each process

Under root the folder, and those above it, can be passed through by others (see `postgres`); what is secret
in it is closed by its own mode.
"""

import base64
import fcntl
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


def _secret_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


GENERATED: dict[str, Callable[[], str]] = {
    "DISPATCHER_SECRET_KEY": _secret_key,
    "DISPATCHER_ADMIN_TOKEN": lambda: secrets.token_urlsafe(32),
}


class Home:
    """The layout, and the two small files of NAME=value lines."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.valkey = self.root / "valkey"
        self.postgres = self.root / "postgres"
        self.log = self.root / "log"
        self._env = self.root / "env"
        self._running = self.root / "running"

    def make(self) -> None:
        """The folders, where they are missing."""
        for folder in (self.root, self.log):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def secrets(self, given: Mapping[str, str]) -> dict[str, str]:
        """Every secret in GENERATED: as given, else as kept, else generated now and kept.

        A given secret is used and not kept: whoever gives it keeps it.
        """
        self.make()
        with self._locked():
            kept = _read(self._env)
            missing = {name: make() for name, make in GENERATED.items() if not (given.get(name) or kept.get(name))}
            if missing:
                _write(self._env, kept | missing)
        found = kept | missing
        return {name: given.get(name) or found[name] for name in GENERATED}

    def kept(self) -> dict[str, str]:
        """The secrets that were generated and kept so far; generates nothing."""
        return _read(self._env)

    def announce(self, addresses: Mapping[str, str]) -> None:
        """Note where the servers of this installation are (DISPATCHER_REDIS_URL and so on)."""
        self.make()
        _write(self._running, addresses)

    def announced(self) -> dict[str, str]:
        """What was announced, empty when nothing runs (or what ran was killed and had not announced)."""
        return _read(self._running)

    def withdraw(self) -> None:
        self._running.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Two processes that generate at once would each believe in secrets of their own."""
        with (self.root / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    lines = (line.strip() for line in path.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _write(path: Path, values: Mapping[str, str]) -> None:
    """Closed to others from its first byte, and whole or not there at all."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{name}={value}\n" for name, value in values.items())
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
