"""The two servers behave alike; each promise is tried on both."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import psycopg2
import pytest
import redis
from sqlalchemy import make_url

from dispatcher.embedded import EmbeddedError, EmbeddedPostgres, EmbeddedValkey
from dispatcher.embedded.leftovers import is_server
from tests.waiting import wait_until

Server = EmbeddedValkey | EmbeddedPostgres


class Make(Protocol):
    def __call__(self, name: str = "a", port: int = 0) -> Server: ...


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="dispatcher-embedded-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(params=[EmbeddedValkey, EmbeddedPostgres])
def make(request: pytest.FixtureRequest, folder: Path) -> Iterator[Make]:
    with contextlib.ExitStack() as stack:

        def made(name: str = "a", port: int = 0) -> Server:
            server: Server = request.param(folder / name, port)
            stack.callback(server.stop)
            return server

        yield made


def write(server: Server, value: str) -> None:
    if isinstance(server, EmbeddedValkey):
        with redis.Redis.from_url(server.url) as client:
            client.set("kept", value)
            wait_until(lambda: client.info("persistence")["aof_buffer_length"] == 0)
    else:
        execute(server.url, "CREATE TABLE kept (value text)", f"INSERT INTO kept VALUES ('{value}')")


def read(server: Server) -> str:
    if isinstance(server, EmbeddedValkey):
        with redis.Redis.from_url(server.url, decode_responses=True) as client:
            return str(client.get("kept"))
    return execute(server.url, "SELECT value FROM kept")


def execute(url: str, *statements: str) -> str:
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with contextlib.closing(psycopg2.connect(address)) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        row = cursor.fetchone() if cursor.description else None
        connection.commit()
    return str(row[0]) if row else ""


def end_by_stop(server: Server) -> None:
    server.stop()


def end_by_kill(server: Server) -> None:
    server.kill()


@pytest.mark.parametrize("end", [end_by_stop, end_by_kill])
def test_data_and_address_survive(make: Make, end: Callable[[Server], None]) -> None:
    server = make()
    server.start()
    write(server, "something")
    url = server.url
    end(server)
    assert not server.is_healthy()
    server.start()
    assert server.is_healthy()
    assert server.url == url
    assert read(server) == "something"


def test_a_new_object_finds_the_data_of_the_old_one(make: Make) -> None:
    with make() as server:
        write(server, "something")
    with make() as server:
        assert read(server) == "something"


def test_two_run_side_by_side(make: Make) -> None:
    with make("a") as one, make("b") as two:
        write(one, "one")
        write(two, "two")
        assert (read(one), read(two)) == ("one", "two")


def test_data_that_is_in_use_is_refused_in_one_line(make: Make) -> None:
    with make() as server:
        with pytest.raises(EmbeddedError, match=r"^[^\n]* is in use by another dispatcher$"):
            make().start()
        assert server.is_healthy()


def test_a_port_that_is_taken_is_refused_in_one_line(make: Make) -> None:
    with make("a") as server, pytest.raises(EmbeddedError, match=rf"^\w+ did not start on port {server.port}: .+"):
        make("b", server.port).start()


def test_starting_and_stopping_twice_does_nothing(make: Make) -> None:
    server = make()
    server.start()
    pid = server.pid
    server.start()
    assert server.pid == pid
    server.stop()
    server.stop()
    assert not server.is_healthy()


def test_a_server_that_outlived_its_guard_is_found_again(make: Make) -> None:
    orphan = make()
    orphan.start()
    write(orphan, "something")
    old_pid = orphan.pid
    guard = orphan._child._guard if orphan._child else None
    assert guard is not None
    guard.kill()
    guard.wait()
    with make() as server:
        assert server.pid != old_pid
        assert read(server) == "something"


def test_a_pid_file_that_names_a_stranger_does_not_hurt(make: Make, folder: Path) -> None:
    with make() as server:
        write(server, "something")
    stale = folder / "a" / ("valkey.pid" if isinstance(server, EmbeddedValkey) else "data/postmaster.pid")
    stale.write_text(f"{os.getpid()}\n")
    with make() as server:
        assert read(server) == "something"


CRASHING = """
import os, pathlib, signal, sys
from dispatcher.embedded import EmbeddedPostgres, EmbeddedValkey
kinds = {"EmbeddedPostgres": EmbeddedPostgres, "EmbeddedValkey": EmbeddedValkey}
server = kinds[sys.argv[1]](pathlib.Path(sys.argv[2]))
server.start()
print(server.pid, flush=True)
os.kill(os.getpid(), int(sys.argv[3]))
signal.pause()
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_server_outlives_whoever_started_it(make: Make, folder: Path, how: signal.Signals) -> None:
    kind = type(make()).__name__
    starter = [sys.executable, "-c", CRASHING, kind, str(folder / "crash"), str(int(how))]
    done = subprocess.run(starter, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    pid = int(done.stdout)
    wait_until(lambda: not is_server(pid, folder / "crash"), timeout_s=20)


def test_a_valkey_with_a_password_lets_nobody_else_in(folder: Path) -> None:
    with EmbeddedValkey(folder / "a", password="secret-word") as server:
        assert server.is_healthy()
        with redis.Redis.from_url(server.url) as client:
            assert client.ping()
        with (
            redis.Redis.from_url(server.url.replace("secret-word", "other")) as client,
            pytest.raises(redis.AuthenticationError),
        ):
            client.ping()


def test_a_postgres_lets_nobody_in_without_its_password(folder: Path) -> None:
    with EmbeddedPostgres(folder / "a") as server, pytest.raises(psycopg2.OperationalError):
        execute(make_url(server.url).set(password="other").render_as_string(hide_password=False), "SELECT 1")


def test_a_missing_package_is_said_in_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for server in (EmbeddedValkey(folder / "a"), EmbeddedPostgres(folder / "b")):
        monkeypatch.setattr(f"{type(server).__module__}.find_spec", lambda name: None)
        with pytest.raises(EmbeddedError, match=r"^\S+ is not installed: pip install .*\[embedded\].*$"):
            server.start()
