"""What a sender waits for, on the command line. No worker runs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dispatcher.domain.hours_written import DAYS
from dispatcher.settings import Settings
from dispatcher.wiring import Wiring
from tests.cli.conftest import Shell
from tests.sending import send

OPENS = (datetime.now(UTC) + timedelta(days=3)).replace(hour=10, minute=0, second=0, microsecond=0)
CLOSED = f"""
[[account]]
name = "loja"
provider = "uazapi"
base_urls = ["http://127.0.0.1:9"]
credentials = {{ token = "x" }}
sender = [{{ name = "line-1" }}, {{ name = "line-2" }}]
[account.hours]
timezone = "UTC"
windows = ["{DAYS[OPENS.weekday()]} 10:00-11:00"]
"""


@pytest.fixture
def resting(shell: Shell, tmp_path: Path) -> Shell:
    """An installation in which line-1 was found outside its hours, and line-2 has nothing to do."""
    file, leads = tmp_path / "accounts.toml", tmp_path / "leads.csv"
    file.write_text(CLOSED)
    leads.write_text("phone\n5511900000001\n")
    shell("accounts", "apply", file)
    shell("send", leads, "--text", "Olá", "--sender", "line-1")
    wiring = Wiring(Settings())
    wiring.rebuild_clock()
    [ticket] = wiring.clock.release("uazapi", 10, 10).tickets
    assert send(wiring.stations, "uazapi", ticket) is None
    wiring.close()
    return shell


def test_senders_say_what_they_wait_for_and_until_when(resting: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = resting.json("senders", "list")
    assert (first["sender"], first["state"], first["waiting_for"]) == ("line-1", "active", "hours")
    assert datetime.fromisoformat(first["waiting_until"]) == OPENS
    assert (second["waiting_for"], second["waiting_until"], second["waiting_why"]) == (None, None, None)
    monkeypatch.setenv("COLUMNS", "200")
    heads, _line, resting_row, idle_row = resting("senders", "list").stdout.splitlines()
    assert "waiting for" in heads
    assert "waiting until" in heads
    assert "hours" in resting_row
    assert first["waiting_until"] in resting_row
    assert "hours" not in idle_row
