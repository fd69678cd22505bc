"""`dispatcher bench` on a small scale; its figures are nobody's business here."""

import json
import subprocess
from math import isfinite
from pathlib import Path
from typing import Any

import pytest

from dispatcher.cli.bench.measure import MEASURES
from tests.cli.running import DISPATCHER

pytestmark = pytest.mark.slow

SHARES = {"workers", "web", "postgresql", "redis"}
LEFT_OUT = {"lanes"}  # is `pacing`, again and again


def bench(*options: str) -> tuple[list[dict[str, Any]], str]:
    """The rows, and what was said meanwhile."""
    done = subprocess.run([*DISPATCHER, "bench", *options], capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows, done.stderr


def test_every_measure_gives_whole_figures_and_is_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    small = ("--form", "tiny", "--without", ",".join(LEFT_OUT), "--out", str(file), "--json")
    rows, _ = bench(*small)
    assert all(isfinite(value) and row["unit"] for row in rows for value in row["runs"])
    kept = json.loads(file.read_text())["measures"]
    assert {key.partition(" ")[0] for key in kept} == {*MEASURES} - LEFT_OUT
    assert [row for one in kept.values() for row in one["rows"]] == rows

    found = {(row["measure"], row["what"]): row for row in rows}
    assert found["messages a second, target of 0 ms", "dispatcher"]["ratio"] > 0
    assert {name.rpartition("CPU of ")[2] for name, _ in found if name.startswith("messages")} >= SHARES
    assert found["taking in 2,000 leads of a CSV file", "dispatcher"]["ratio"] > 0
    assert found["memory in Redis of a recipient that waits", "dispatcher"]["ratio"] < 0.5
    assert found["20 lanes at 3 to 6 s: sent too early", "dispatcher"]["met"]
    assert found["20 lanes at 3 to 6 s: sends", "dispatcher"]["median"] > 0

    again, said = bench(*small)
    assert again == rows
    assert said.startswith("0 of "), "what the file has is not measured again"
