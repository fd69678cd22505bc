"""`dispatcher bench` on a small scale; its figures are nobody's business here."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import DISPATCHER

pytestmark = pytest.mark.slow


def bench(*options: str) -> list[dict[str, Any]]:
    done = subprocess.run([*DISPATCHER, "bench", *options, "--json"], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    assert all(value >= 0 for row in rows for value in row["runs"])
    return rows


def test_each_pool_is_measured() -> None:
    rows = bench("pools", "--pools", "threads:4", "--answers", "0", "--messages", "100", "--runs", "1")
    assert [row["what"] for row in rows if row["unit"] == "per s"] == ["threads:4"]


def test_taking_in_is_measured_beside_a_plain_copy() -> None:
    rows = bench("intake", "--leads", "2000", "--messages", "1000", "--runs", "1")
    ours = {row["measure"]: row for row in rows if row["what"] == "dispatcher"}
    for what in ("2,000 leads of a CSV file", "1,000 messages in JSON"):
        assert ours[f"taking in {what}"]["ratio"] > 0
        assert ours[f"taking in {what}: most memory of web"]["runs"] < [300]
        assert f"taking in {what}: others wait, p99" in ours


def test_sending_is_measured_beside_bare_celery_and_written_down(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    rows = bench("sending", "--answers", "0", "--messages", "100", "--runs", "1", "--out", str(file))
    assert {row["what"] for row in rows} == {"bare Celery, 2 × solo", "dispatcher", "dispatcher, guarded"}
    assert json.loads(file.read_text()) == rows
    used = {row["measure"].rpartition("CPU of ")[2] for row in rows if row["unit"] == "ms each"}
    assert used == {"workers", "web", "postgresql", "redis"}
