"""`dispatcher up` as somebody runs it: real processes, real servers of its own, Ctrl-C."""

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dispatcher.embedded.ports import free_port
from tests.cli.conftest import ACCOUNTS
from tests.cli.running import DISPATCHER, command_lines, processes_of
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

START_S, STOP_S = 90, 90


class House:
    """A folder, and what runs in it. Not below pytest's folders, which PostgreSQL's user may not pass."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.web, self.flower = free_port(), free_port()
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("DISPATCHER_")}
        self._up: subprocess.Popen[bytes] | None = None

    @property
    def output(self) -> str:
        return (self.folder / "up.log").read_text()

    def up(self, *options: str) -> None:
        """Returns when it has greeted."""
        ports = ("--port", str(self.web), "--flower-port", str(self.flower))
        with (self.folder / "up.log").open("wb") as log:
            command = [*DISPATCHER, "up", *ports, *options]
            self._up = subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        wait_until(lambda: "Ctrl-C stops" in self.output or self.status is not None, START_S)
        assert self.status is None, self.output

    @property
    def status(self) -> int | None:
        return self._up.poll() if self._up else None

    def interrupt(self) -> int:
        """Ctrl-C; the exit status."""
        assert self._up is not None
        self._up.send_signal(signal.SIGINT)
        return self._up.wait(STOP_S)

    def kill(self) -> None:
        if self._up is not None and self._up.poll() is None:
            self._up.kill()
            self._up.wait()

    def command(self, *arguments: str, status: int = 0) -> str:
        """Another command in the same folder, with nothing in its environment."""
        done = subprocess.run(
            [*DISPATCHER, *arguments], cwd=self.folder, env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def processes(self) -> list[str]:
        return processes_of(self.folder)


def get(url: str, user: str = "", password: str = "") -> int:
    request = urllib.request.Request(url)
    if user:
        login = base64.b64encode(f"{user}:{password}".encode()).decode()
        request.add_header("Authorization", f"Basic {login}")
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@pytest.fixture
def house() -> Iterator[House]:
    made = House(Path(tempfile.mkdtemp(prefix="dispatcher-up-")))
    yield made
    made.kill()
    wait_until(lambda: not made.processes(), 30)
    shutil.rmtree(made.folder)


def test_up_brings_everything_and_ctrl_c_takes_it_away_but_the_data(house: House) -> None:
    (house.folder / "accounts.toml").write_text(ACCOUNTS)
    house.up("--workers", "2", "--accounts", "accounts.toml")
    assert get(f"http://127.0.0.1:{house.web}/healthz") == 200
    assert f"http://127.0.0.1:{house.web}/" in house.output

    wait_until(lambda: get(f"http://127.0.0.1:{house.web}/readyz") == 200, 60)
    checks: list[dict[str, Any]] = json.loads(house.command("doctor", "--json"))
    workers = next(one["found"] for one in checks if one["check"] == "workers")
    assert "worker1@" in workers
    assert "worker2@" in workers

    kept = dict(line.split("=", 1) for line in (house.folder / ".dispatcher" / "env").read_text().splitlines())
    token = kept["DISPATCHER_ADMIN_TOKEN"]
    flower = f"http://127.0.0.1:{house.flower}/"
    wait_until(lambda: get(f"{flower}healthcheck") == 200, 60)
    assert get(f"{flower}workers", "admin", token) == 200
    assert get(f"{flower}workers", "admin", "guess") == 401
    assert token not in house.output
    assert token not in "".join(command_lines())

    assert house.interrupt() == 0
    assert house.processes() == []
    assert not (house.folder / ".dispatcher" / "running").exists()

    simulator = free_port()
    house.up("--workers", "0", "--simulator", "--simulator-port", str(simulator))
    assert get(f"http://127.0.0.1:{simulator}/_sim/ready") == 200
    assert {one["name"] for one in json.loads(house.command("accounts", "list", "--json"))} == {"loja", "cobranca"}
    assert house.interrupt() == 0


def test_nothing_stays_when_up_is_killed(house: House) -> None:
    house.up("--workers", "1")
    assert house.processes()
    house.kill()
    wait_until(lambda: not house.processes(), 60)


def test_a_port_in_use_is_one_line_before_anything_starts(house: House) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", house.web))
        other.listen()
        done = subprocess.run(
            [*DISPATCHER, "up", "--port", str(house.web)],
            cwd=house.folder,
            env=house.environment,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"dispatcher: port {house.web} for the web cannot be used")
    assert not (house.folder / ".dispatcher" / "postgres").exists()
