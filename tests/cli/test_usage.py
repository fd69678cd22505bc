"""What a command says when it cannot do what it was asked."""

import subprocess
import sys
from pathlib import Path

import pytest

from dispatcher.cli.trouble import line_for
from tests.cli.conftest import Shell


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("send",),
        ("send", "no-such-file.json"),
        ("locks", "show"),
        ("in-doubt", "resolve", "0f3k9x2m7q4t-1", "--as", "perhaps"),
        ("campaigns", "list", "--state", "sleeping"),
        ("web", "--port", "many"),
    ],
)
def test_wrong_use_is_one_line_and_status_2(nowhere: Shell, arguments: tuple[str, ...]) -> None:
    line = nowhere.trouble(*arguments, status=2)
    assert line.startswith("dispatcher")
    assert "--help" in line


@pytest.mark.parametrize("group", ["", "campaigns", "accounts"])
def test_no_command_at_all_shows_the_help(nowhere: Shell, group: str) -> None:
    result = nowhere(*filter(None, [group]), status=2)
    assert "Usage: dispatcher" in result.output


@pytest.mark.parametrize("command", ["web", "worker", "flower", "doctor"])
def test_server_commands_refuse_to_start_without_their_settings(nowhere: Shell, command: str) -> None:
    line = nowhere.trouble(command)
    for name in ("DISPATCHER_REDIS_URL", "DISPATCHER_DATABASE_URL", "DISPATCHER_SECRET_KEY"):
        assert name in line


def test_a_malformed_setting_is_named(nowhere: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCHER_LOG_FORMAT", "poem")
    assert "DISPATCHER_LOG_FORMAT" in nowhere.trouble("campaigns", "list")


def test_a_server_that_does_not_answer_is_one_line(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCHER_DATABASE_URL", "postgresql://dispatcher:secret@127.0.0.1:9/dispatcher")
    line = shell.trouble("accounts", "list")
    assert "PostgreSQL" in line
    assert "secret" not in line


def test_our_own_mistakes_are_one_line_that_says_where_and_no_more() -> None:
    try:
        dict[str, str]()["5511900000001"]
    except KeyError as error:
        line = line_for(error)
    assert line is not None
    assert "internal error: KeyError at cli/test_usage.py:" in line
    assert "5511900000001" not in line


def test_help_needs_nothing_heavy() -> None:
    """What it imports decides how long every command takes to start."""
    code = "import sys; from dispatcher.cli.app import app; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"celery", "sqlalchemy", "redis", "httpx", "fastapi", "uvicorn", "rich.table", "dispatcher.wiring"}
    assert heavy & set(loaded) == set()


def test_a_command_runs_as_a_module(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dispatcher.cli", "send", "--help"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "Usage: dispatcher send" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("campaigns", "resume", "0f3k9x2m7q4t", "--scope", "sent"), "one of pending, failed, in_doubt"),
        (("callbacks", "send-again", "7", "--account", "loja"), "not both"),
    ],
    ids=["a scope that is none", "one callback and an account's"],
)
def test_options_that_make_no_sense_are_wrong_usage(shell: Shell, arguments: tuple[str, ...], says: str) -> None:
    assert says in shell.trouble(*arguments, status=2)
