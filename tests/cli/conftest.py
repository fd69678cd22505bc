"""The commands run in this process, on a migrated ledger and an empty Redis of their own."""

import base64
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from dispatcher.cli.app import app
from dispatcher.settings import settings

ACCOUNTS = """
[[account]]
name = "loja"
provider = "uazapi"
base_urls = ["http://127.0.0.1:9"]
ingress_token = "ingress-of-loja"
[account.credentials]
token = "secret-of-loja"
[[account.sender]]
name = "5511900000001"
concurrency = 2
[[account.sender]]
name = "5511900000002"

[[account]]
name = "cobranca"
provider = "cpc"
base_urls = ["http://127.0.0.1:9"]
ingress_token = "ingress-of-cobranca"
[account.credentials]
token = "secret-of-cobranca"
[[account.sender]]
name = "emp1"
"""


class Shell:
    """Somebody who types commands. `home` is the folder of a possible embedded installation."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(self, *arguments: str | Path, status: int = 0) -> Result:
        """The result of a command that must end with this status."""
        settings.cache_clear()
        result = CliRunner().invoke(app, [str(one) for one in arguments], prog_name="dispatcher")
        assert result.exit_code == status, (result.output, result.exception)
        return result

    def json(self, *arguments: str | Path) -> Any:
        return json.loads(self(*arguments, "--json").stdout)

    def trouble(self, *arguments: str | Path, status: int = 1) -> str:
        """The one line that a command leaves on standard error."""
        result = self(*arguments, status=status)
        assert result.stdout == ""
        lines = result.stderr.splitlines()
        assert len(lines) == 1, result.stderr
        return lines[0]


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell without any installation."""
    for name in ("REDIS_URL", "DATABASE_URL", "SECRET_KEY", "ADMIN_TOKEN", "LOG_LEVEL", "PUBLIC_URL"):
        # Set, then unset: what a command puts there itself goes away with the test.
        monkeypatch.setenv(f"DISPATCHER_{name}", "")
        monkeypatch.delenv(f"DISPATCHER_{name}")
    monkeypatch.setenv("DISPATCHER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_COLOR", "1")
    yield Shell(tmp_path / "home")
    settings.cache_clear()


@pytest.fixture
def shell(
    nowhere: Shell,
    redis_url: str,
    ledger_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Shell:
    """A shell whose environment names servers and secrets; no accounts yet, no workers."""
    monkeypatch.setenv("DISPATCHER_REDIS_URL", redis_url)
    monkeypatch.setenv("DISPATCHER_DATABASE_URL", ledger_url)
    monkeypatch.setenv("DISPATCHER_SECRET_KEY", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    monkeypatch.setenv("DISPATCHER_ADMIN_TOKEN", secrets.token_urlsafe(16))
    return nowhere


@pytest.fixture
def accounts(shell: Shell, tmp_path: Path) -> Path:
    """The accounts file that has been applied: a uazapi account of three lanes, a CPC account of one."""
    file = tmp_path / "accounts.toml"
    file.write_text(ACCOUNTS)
    shell("accounts", "apply", file)
    return file
