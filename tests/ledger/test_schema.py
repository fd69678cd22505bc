"""The migrations: they bring about what tables.py says, once, however many hosts run them at a time."""

import subprocess
import sys
from threading import Barrier, Thread

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text

from dispatcher.domain.account import Account
from dispatcher.domain.folders import Receipts
from dispatcher.ledger.campaigns import Campaigns
from dispatcher.ledger.engine import autocommit, make_engine, transaction
from dispatcher.ledger.folders import Folders
from dispatcher.ledger.schema import at_head, config, upgrade
from dispatcher.ledger.tables import metadata
from tests.ledger.drafts import draft
from tests.ledger.steps import run

CATALOG = """
SELECT 'column', table_name, column_name, concat_ws(' ', data_type, udt_name, is_nullable, column_default, is_identity)
FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
UNION ALL
SELECT 'index', tablename, indexname, indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename <> 'alembic_version'
UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND conrelid::regclass::text <> 'alembic_version'
UNION ALL
SELECT 'storage', relname, '', reloptions::text FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
UNION ALL
SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT 'function', proname, '', prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL
SELECT 'type', typname, enumlabel, enumsortorder::text FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid
"""


def catalog(engine: Engine) -> set[tuple[str, ...]]:
    with autocommit(engine) as connection:
        return {tuple(row) for row in connection.execute(text(CATALOG))}


def test_alembic_finds_nothing_to_migrate(engine: Engine) -> None:
    with autocommit(engine) as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []


def test_the_migrated_database_is_the_one_that_the_tables_describe(engine: Engine, database_url: str) -> None:
    """Alembic does not look at the conditions of indexes, storage, functions and triggers: the catalog does."""
    described = make_engine(database_url)
    metadata.create_all(described)
    assert catalog(engine) == catalog(described)
    described.dispose()


def test_a_database_is_at_head_only_after_the_upgrade(database_url: str) -> None:
    engine = make_engine(database_url)
    assert not at_head(engine)
    upgrade(engine)
    assert at_head(engine)
    upgrade(engine)
    assert at_head(engine)
    engine.dispose()


def test_several_threads_upgrade_at_once(database_url: str) -> None:
    engine, together = make_engine(database_url, pool_size=4), Barrier(4)
    failures: list[BaseException] = []

    def run() -> None:
        together.wait()
        try:
            upgrade(engine)
        except BaseException as error:
            failures.append(error)

    threads = [Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert at_head(engine)
    engine.dispose()


def test_several_processes_upgrade_at_once(database_url: str) -> None:
    program = (
        "import sys\n"
        "from dispatcher.ledger.engine import make_engine\n"
        "from dispatcher.ledger.schema import upgrade\n"
        "sys.stdin.readline()\n"
        "upgrade(make_engine(sys.argv[1]))\n"
    )
    argv = [sys.executable, "-c", program, database_url]
    hosts = [subprocess.Popen(argv, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for host in hosts:
        assert host.stdin is not None
        host.stdin.write("\n")
        host.stdin.flush()
    for host in hosts:
        _, errors = host.communicate(timeout=60)
        assert host.returncode == 0, errors
    engine = make_engine(database_url)
    assert at_head(engine)
    engine.dispose()


def test_the_ledger_can_be_taken_down_again(engine: Engine) -> None:
    with transaction(engine) as connection:
        command.downgrade(config(connection), "base")
    assert catalog(engine) == set()


def test_receipts_that_came_before_they_were_counted_are_counted_by_the_migration(
    engine: Engine, loja: Account, campaigns: Campaigns
) -> None:
    first, second, third = (campaigns.accept(loja, draft(20)).campaign_id for _ in range(3))
    with transaction(engine) as connection:
        command.downgrade(config(connection), "0016")
    for campaign, change in (
        (first, "delivered_at = now() WHERE seq < 9"),
        (first, "read_at = now() WHERE seq BETWEEN 7 AND 12"),
        (second, "answered_at = now() WHERE seq = 3"),
    ):
        run(engine, f"UPDATE message SET {change} AND campaign_id = :c", c=campaign)
    upgrade(engine)
    book, known = Folders(engine), {first: Receipts(delivered=13, read=6), second: Receipts(delivered=1, read=1)}
    assert book.receipts([first, second, third]) == known
    for campaign in (first, third):
        run(engine, "UPDATE message SET read_at = now() WHERE seq = 0 AND campaign_id = :c", c=campaign)
    later = {first: Receipts(delivered=13, read=7), third: Receipts(delivered=1, read=1)}
    assert book.receipts([first, second, third]) == known | later
