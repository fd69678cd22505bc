"""The lock under which one host rebuilds Redis's memory is its own while it works, and not when it stands still."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from threading import Event

import pytest
from sqlalchemy import Engine

from dispatcher.ledger.engine import make_engine
from dispatcher.ledger.survivors import alone
from tests.waiting import wait_until

SILENT_S = 2.0
HOLD = """
import sys
from dispatcher.ledger.engine import make_engine
from dispatcher.ledger.survivors import alone
with alone(make_engine(sys.argv[1]), float(sys.argv[2])) as got:
    print(got, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url, pool_size=2)
    yield engine
    engine.dispose()


def gets_it(engine: Engine) -> bool:
    with alone(engine) as got:
        return got


def test_a_process_that_is_stopped_loses_the_lock(database_url: str, other: Engine) -> None:
    argv = [sys.executable, "-c", HOLD, database_url, str(SILENT_S)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        assert not gets_it(other)
        holder.send_signal(signal.SIGSTOP)
        wait_until(lambda: gets_it(other), 60)
        holder.kill()


def test_one_that_works_for_long_keeps_it(database_url: str, other: Engine) -> None:
    holder = make_engine(database_url, pool_size=1)
    with alone(holder, 4.0) as got:
        assert got
        Event().wait(6.0)
        assert not gets_it(other)
    assert gets_it(other)
    holder.dispose()


def test_who_lost_it_while_it_worked_is_told_of_no_fault_of_ours(database_url: str, other: Engine) -> None:
    holder = make_engine(database_url, pool_size=1)
    with alone(holder, 0.4) as got, other.connect() as connection:
        assert got
        connection.exec_driver_sql("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        wait_until(lambda: all(thread.name != "rebuild-lock" for thread in threading.enumerate()), 30)
    assert gets_it(holder)
    holder.dispose()


def test_its_connection_may_be_idle_again_afterwards(database_url: str, other: Engine) -> None:
    assert gets_it(other)
    with other.connect() as connection:
        assert connection.exec_driver_sql("SHOW idle_session_timeout").scalar() == "0"
