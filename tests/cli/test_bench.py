"""`dispatcher bench` on a small scale; its figures are nobody's business here."""

import json
import subprocess
from math import isfinite
from pathlib import Path
from typing import Any

import pytest

from dispatcher.cli.bench.measure import MEASURES
from tests.cli.running import DISPATCHER

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SHARES = {"workers", "web", "postgresql", "redis"}
TAKES_S = 560.0  # half a minute each, but they start a dozen processes, and others may have the machine
FIRST = ("intake", "memory", "sending")
SECOND = ("pacing", "latency")
THIRD = ("growth", "loss", "pause", "reads")
LEFT_OUT = ("lanes",)  # is `pacing`, again and again

Found = dict[tuple[str, str], dict[str, Any]]
"""Rows by what was measured, and of what."""


def bench(measures: tuple[str, ...], file: Path) -> tuple[Found, str]:
    """The rows of these measures alone, all of them whole figures; and what was said meanwhile."""
    without = ",".join({*MEASURES} - {*measures})
    options = ("--form", "tiny", "--without", without, "--out", str(file), "--json")
    done = subprocess.run([*DISPATCHER, "bench", *options], capture_output=True, text=True, timeout=TAKES_S)
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    assert all(isfinite(value) and row["unit"] for row in rows for value in row["runs"])
    kept = json.loads(file.read_text())["measures"]
    assert {key.partition(" ")[0] for key in kept} == {*measures}
    return {(row["measure"], row["what"]): row for row in rows}, done.stderr


def test_every_measure_is_tried() -> None:
    assert {*FIRST, *SECOND, *THIRD, *LEFT_OUT} == {*MEASURES}


def test_sending_and_taking_in_are_measured_beside_what_they_are_compared_with_and_not_twice(tmp_path: Path) -> None:
    found, _ = bench(FIRST, tmp_path / "figures.json")
    assert found["messages a second, target of 0 ms", "dispatcher"]["ratio"] > 0
    assert {name.rpartition("CPU of ")[2] for name, _ in found if name.startswith("messages")} >= SHARES
    assert found["taking in 2,000 leads of a CSV file", "dispatcher"]["ratio"] > 0
    assert found["memory in Redis of a recipient that waits", "dispatcher"]["ratio"] < 0.5
    again, said = bench(FIRST, tmp_path / "figures.json")
    assert again == found
    assert said.startswith("0 of "), "what the file has is not measured again"


def test_pace_and_latency_are_measured_beside_celery(tmp_path: Path) -> None:
    found, _ = bench(SECOND, tmp_path / "figures.json")
    assert found["20 lanes at 3 to 6 s: sent too early", "dispatcher"]["met"]
    assert found["20 lanes at 3 to 6 s: sends", "dispatcher"]["median"] > 0
    assert found["from accepting to the first call: median", "dispatcher, from the request"]["ratio"] > 0


def test_control_loss_looks_and_memory_are_measured(tmp_path: Path) -> None:
    found, _ = bench(THIRD, tmp_path / "figures.json")
    assert {name.partition(":")[0].partition(",")[0] for name, _ in found} >= {
        "from pausing to the last call",
        "Redis lost",
        "memory over 100 messages",
    }
