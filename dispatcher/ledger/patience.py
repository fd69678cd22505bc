"""Connections to PostgreSQL that do not wait for ever for an answer that was lost.

libpq waits until TCP gives up, which it does not while something in between (a proxy, a firewall that forgot the
connection) acknowledges or swallows what we send. A statement may well take long, so that a time-out alone would be
wrong: when one is unanswered for some seconds, the server is asked on another connection whether it is at work on it.

    unanswered  --(ANSWER_WITHIN_S)-->  suspect  --(server says twice: not at work on it)-->  its socket is shut

The waiting thread then gets what it gets of a cut connection. While the server cannot be asked, nothing is shut.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import groupby
from select import select
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any

import psycopg2
from psycopg2 import extensions

ANSWER_WITHIN_S = 4.0  # statements take milliseconds: who waits so long may ask whether it is worth it
LOOK_EVERY_S = 1.0  # and between the two times that the server is asked: an answer may just be on its way
ASK_WITHIN_S = 3  # the question itself must not hang

AT_WORK = "SELECT pid FROM pg_stat_activity WHERE pid = ANY(%s) AND state = 'active'"


class Patient(extensions.connection):
    """A connection that is watched while it waits; made by `connect`."""

    address: dict[str, Any]

    def cursor(self, *args: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("cursor_factory", PatientCursor)
        return super().cursor(*args, **kwargs)

    def commit(self) -> None:
        with _WATCH.over(self):
            super().commit()

    def rollback(self) -> None:
        with _WATCH.over(self):
            super().rollback()

    def set_session(self, *args: Any, **kwargs: Any) -> None:
        with _WATCH.over(self):
            super().set_session(*args, **kwargs)


class PatientCursor(extensions.cursor):
    """All of its verbs that talk to the server; a named cursor's fetches do."""

    connection: Patient

    def execute(self, *args: Any, **kwargs: Any) -> None:
        with _WATCH.over(self.connection):
            super().execute(*args, **kwargs)

    def copy_expert(self, *args: Any, **kwargs: Any) -> None:
        with _WATCH.over(self.connection):
            super().copy_expert(*args, **kwargs)

    def fetchone(self) -> Any:
        with _WATCH.over(self.connection):
            return super().fetchone()

    def fetchmany(self, *args: Any, **kwargs: Any) -> Any:
        with _WATCH.over(self.connection):
            return super().fetchmany(*args, **kwargs)

    def fetchall(self) -> Any:
        with _WATCH.over(self.connection):
            return super().fetchall()


def connect(**address: Any) -> Patient:
    """As `psycopg2.connect`; the same server is asked at the same address."""
    made: Patient = psycopg2.connect(**address, connection_factory=Patient)
    made.address = address
    return made


class Watch:
    """One thread a process, from the first question on."""

    def __init__(self) -> None:
        self._asking: dict[Patient, float] = {}
        self._suspects: set[tuple[Patient, float]] = set()
        self._start = Lock()
        self._thread: Thread | None = None

    @contextmanager
    def over(self, connection: Patient) -> Iterator[None]:
        """Watch while the block waits for the server."""
        if self._thread is None:
            self._begin()
        self._asking[connection] = monotonic()
        try:
            yield
        finally:
            self._asking.pop(connection, None)

    def forget(self) -> None:
        """In a child process: the thread and the questions are the parent's."""
        self.__init__()  # type: ignore[misc]

    def _begin(self) -> None:
        with self._start:
            if self._thread is None:
                self._thread = Thread(target=self._run, name="ledger-patience", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        pause = Event()
        while not pause.wait(LOOK_EVERY_S):
            self._look()

    def _look(self) -> None:
        """Shut what was suspect before and still waits; ask about what is now."""
        since = monotonic() - ANSWER_WITHIN_S
        waiting = {(one, at) for one, at in list(self._asking.items()) if at < since}
        idle = {one for one in waiting if one[0] in _not_at_work(waiting)} if waiting else set()
        for connection, asked_at in idle & self._suspects:
            if self._asking.get(connection) == asked_at:
                _shut(connection)
        self._suspects = idle


def _not_at_work(waiting: set[tuple[Patient, float]]) -> set[Patient]:
    """Those of whose question their server knows nothing, or which it has answered."""
    found: set[Patient] = set()
    by_server = groupby(sorted((one for one, _ in waiting), key=_server), key=_server)
    for several in (list(some) for _, some in by_server):
        with suppress(psycopg2.Error):
            busy = _at_work(several[0].address, [one.info.backend_pid for one in several])
            found |= {one for one in several if one.info.backend_pid not in busy}
    return found


def _server(connection: Patient) -> str:
    return repr(sorted(connection.address.items()))


def _at_work(address: dict[str, Any], pids: list[int]) -> set[int]:
    """Raises psycopg2.Error when the server cannot be asked, or does not answer in time."""
    end = monotonic() + ASK_WITHIN_S
    connection = psycopg2.connect(**address, async_=True)
    try:
        _wait(connection, end)
        with connection.cursor() as cursor:
            cursor.execute(AT_WORK, (pids,))
            _wait(connection, end)
            return {pid for (pid,) in cursor.fetchall()}
    finally:
        connection.close()


def _wait(connection: Any, end: float) -> None:
    while (state := connection.poll()) != extensions.POLL_OK:
        line, left_s = [connection.fileno()], max(0.0, end - monotonic())
        reads, writes = (line, []) if state == extensions.POLL_READ else ([], line)
        if not any(select(reads, writes, [], left_s)):
            raise psycopg2.OperationalError("no answer")


def _shut(connection: Patient) -> None:
    """Both ways, under the thread that waits for it, which then reads an end."""
    with suppress(OSError, psycopg2.Error), socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


_WATCH = Watch()
os.register_at_fork(after_in_child=_WATCH.forget)
