"""`dispatcher bench` on a small scale; its figures are nobody's business here."""

import json
import subprocess

import pytest

from tests.cli.running import DISPATCHER

pytestmark = pytest.mark.slow


def test_the_bench_tells_what_each_pool_sent_a_second() -> None:
    options = ["--pools", "threads:4,prefork:2", "--answers", "0", "--messages", "100", "--runs", "1", "--json"]
    done = subprocess.run([*DISPATCHER, "bench", *options], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [(row["pool"], row["concurrency"]) for row in found] == [("threads", 4), ("prefork", 2)]
    assert all(row["per_second"] > 0 for row in found)
