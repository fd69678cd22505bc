"""`dispatcher doctor` and `dispatcher db upgrade`."""

import os
from pathlib import Path

import pytest
import redis
from sqlalchemy import text

from dispatcher.ledger.engine import make_engine, transaction
from tests.cli.conftest import Shell


def problems(shell: Shell) -> list[str]:
    return shell("doctor", status=1).stderr.splitlines()


@pytest.fixture
def migrated_by_newer(shell: Shell) -> None:
    """The ledger of the shell, as a version of the future would leave it."""
    engine = make_engine(os.environ["DISPATCHER_DATABASE_URL"])
    with transaction(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()


def test_an_installation_without_workers_has_just_that_problem(shell: Shell, accounts: Path) -> None:
    [line] = problems(shell)
    assert line.startswith("problem: workers: none answers")


def test_an_installation_without_accounts_is_told_how_to_get_some(shell: Shell) -> None:
    assert any("accounts apply" in line for line in problems(shell))


def test_another_secret_key_is_noticed(shell: Shell, accounts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCHER_SECRET_KEY", "A" * 43 + "=")
    assert any("another DISPATCHER_SECRET_KEY" in line for line in problems(shell))


def test_an_old_schema_is_noticed_and_upgraded(
    shell: Shell, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPATCHER_DATABASE_URL", database_url)
    assert any(line.startswith("problem: migrations") for line in problems(shell))
    shell("db", "upgrade")
    shell("db", "upgrade")
    assert not any("migrations" in line for line in problems(shell))


def test_a_schema_of_a_newer_version_is_left_alone_and_said_in_one_line(shell: Shell, migrated_by_newer: None) -> None:
    assert "schema is newer than this version" in shell.trouble("db", "upgrade")
    [line] = [line for line in problems(shell) if "migrations" in line]
    assert "install the newer version" in line


def test_servers_that_do_not_answer_are_a_line_each(
    shell: Shell, accounts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPATCHER_REDIS_URL", "redis://127.0.0.1:9/0")
    monkeypatch.setenv("DISPATCHER_DATABASE_URL", "postgresql://dispatcher:secret@127.0.0.1:9/dispatcher")
    lines = problems(shell)
    assert [line.split(":")[1].strip() for line in lines] == ["Redis", "PostgreSQL"]
    assert "secret" not in "".join(lines)


def test_a_redis_that_evicts_is_noticed(shell: Shell, accounts: Path, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            assert any("noeviction" in line for line in problems(shell))
        finally:
            client.config_set("maxmemory-policy", "noeviction")


def test_all_findings_can_be_had_as_json(shell: Shell, accounts: Path) -> None:
    import json

    found = json.loads(shell("doctor", "--json", status=1).stdout)
    assert [one["check"] for one in found] == [
        *("Redis", "PostgreSQL", "migrations", "accounts", "callbacks", "in doubt", "audit"),
        *("clocks", "workers"),
    ]
