"""The schema's migrations: bringing a database to the newest revision, and asking whether it is there."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from dispatcher.ledger.engine import autocommit, transaction


class NewerSchema(RuntimeError):
    """A newer version of the dispatcher migrated this database; this one cannot tell what it finds there."""


ADVISORY_LOCK = 0x6469_7370_6174_6368  # "dispatch": one host migrates, the others wait and find it done


def upgrade(engine: Engine) -> None:
    """Migrate to the newest revision in one transaction; several hosts may call this at once. Raises NewerSchema."""
    with transaction(engine, statement_timeout_s=0) as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        if _is_newer(_revision(connection)):
            raise NewerSchema("the ledger's schema is newer than this version: install the newer version")
        command.upgrade(config(connection), "head")


def at_head(engine: Engine) -> bool:
    """Has this database the newest revision that this program knows?"""
    with autocommit(engine) as connection:
        return _revision(connection) == ScriptDirectory.from_config(config()).get_current_head()


def fits(engine: Engine) -> bool:
    """Has this database what this version needs? A newer version's has."""
    return at_head(engine) or is_newer(engine)


def is_newer(engine: Engine) -> bool:
    """Has a newer version migrated this database? While versions are replaced one by one, that is as it should be."""
    with autocommit(engine) as connection:
        return _is_newer(_revision(connection))


def new_revision(engine: Engine, title: str) -> None:
    """Write the next revision from what differs between tables.py and a migrated database: a draft to be read."""
    with transaction(engine) as connection:
        command.revision(config(connection), title, autogenerate=True)


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _is_newer(revision: str | None) -> bool:
    known = {one.revision for one in ScriptDirectory.from_config(config()).walk_revisions()}
    return revision is not None and revision not in known


def config(connection: Connection | None = None) -> Config:
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    made.attributes["connection"] = connection
    return made
