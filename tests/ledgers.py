"""Migrated ledgers that tests use one after the other, for emptying one takes a quarter of what making one does.

Whoever gets one cannot tell it from a new one: after each test it is emptied and compared with what a new one is. It
is not used again where it differs (a table, a trigger, a setting, a number that goes on), or somebody is still there.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection
from sqlalchemy import make_url

from dispatcher.ledger.tables import metadata
from tests.waiting import wait_until

GONE_WITHIN_S = 1.0  # a process of the server ends milliseconds after its client did, unless it is in a statement
TABLES = [table.name for table in metadata.sorted_tables]
FILLED = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in TABLES)
OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
RESTART = "SELECT setval(format('%I', sequencename), start_value, false) FROM pg_sequences WHERE last_value IS NOT NULL"
OURS = "oid >= 16384"  # what initdb made has lower numbers
AS_IT_IS = f"""
SELECT 'version ' || version_num FROM alembic_version
UNION ALL ({FILLED})
UNION ALL SELECT concat_ws(' ', 'sequence', sequencename, last_value) FROM pg_sequences WHERE last_value IS NOT NULL
UNION ALL SELECT concat_ws(' ', 'statistics', starelid, staattnum) FROM pg_statistic WHERE starelid >= 16384
UNION ALL SELECT concat_ws(' ', 'relation', oid, relname, reloptions) FROM pg_class
    WHERE {OURS} AND relpersistence <> 't'
UNION ALL SELECT concat_ws(' ', 'column', attrelid, attname, atttypid, attnotnull, atthasdef) FROM pg_attribute
    WHERE attnum > 0 AND attrelid IN (SELECT oid FROM pg_class WHERE {OURS} AND relpersistence <> 't')
UNION ALL SELECT concat_ws(' ', 'index', indexrelid, indisvalid) FROM pg_index WHERE indexrelid >= 16384
UNION ALL SELECT concat_ws(' ', 'constraint', oid, convalidated) FROM pg_constraint WHERE {OURS}
UNION ALL SELECT concat_ws(' ', 'trigger', oid, tgenabled) FROM pg_trigger WHERE {OURS}
UNION ALL SELECT concat_ws(' ', 'function', oid, md5(prosrc)) FROM pg_proc WHERE {OURS}
UNION ALL SELECT concat_ws(' ', 'value', oid, enumlabel) FROM pg_enum WHERE {OURS}
UNION ALL SELECT concat_ws(' ', 'setting', setconfig) FROM pg_db_role_setting
    WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class Ledgers:
    """Threads may share them. `create` makes a new one and returns its URL."""

    def __init__(self, create: Callable[[], str]) -> None:
        self._create = create
        self._free: list[_Ledger] = []
        self._lock = Lock()

    @contextmanager
    def lent(self) -> Iterator[str]:
        """The URL of a ledger that nobody else has, as new."""
        ledger = self._one()
        as_new = False
        try:
            yield ledger.url
            as_new = ledger.is_as_new_again()
        finally:
            if as_new:
                self._free.append(ledger)
            else:
                ledger.close()

    def close(self) -> None:
        for ledger in self._free:
            ledger.close()

    def _one(self) -> "_Ledger":
        with self._lock:
            return self._free.pop() if self._free else _Ledger(self._create())


class _Ledger:
    def __init__(self, url: str) -> None:
        self.url = url
        self._connection: Connection = psycopg2.connect(
            make_url(url).set(drivername="postgresql").render_as_string(False)
        )
        self._connection.autocommit = True
        self._new = self._ask(AS_IT_IS)

    def is_as_new_again(self) -> bool:
        with suppress(psycopg2.Error, AssertionError):
            wait_until(lambda: self._ask(OTHERS) == [0], GONE_WITHIN_S, 0.01)
            self._empty()
            return self._ask(AS_IT_IS) == self._new
        return False

    def close(self) -> None:
        self._connection.close()

    def _empty(self) -> None:
        if filled := self._ask(FILLED):
            self._ask(f"TRUNCATE {', '.join(filled)} CASCADE")
        self._ask(RESTART)

    def _ask(self, question: str) -> list[Any]:
        """The first column of the answer, in order."""
        with self._connection.cursor() as cursor:
            cursor.execute(question)
            return sorted(row[0] for row in cursor.fetchall()) if cursor.description else []
