"""`dispatcher bench`: what this machine makes of the system, in one run."""

import tempfile
from pathlib import Path
from statistics import median
from typing import Annotated

import typer

from dispatcher.cli.output import AsJson, say, show_table

POOLS = ("threads:8", "threads:16", "threads:32", "threads:64", "prefork:2", "prefork:8")
COLUMNS = ("pool", "concurrency", "answer_ms", "per_second", "spread", "cpu_ms")


def bench(
    pools: Annotated[str, typer.Option(help="Worker pools to compare, each as pool:concurrency.")] = ",".join(POOLS),
    answers: Annotated[str, typer.Option(help="Milliseconds the target takes to answer, one or several.")] = "0,100",
    messages: Annotated[int, typer.Option(min=100, help="Messages in each run.")] = 2000,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each; the median counts.")] = 3,
    as_json: AsJson = False,
) -> None:
    """Messages a second, unpaced and with all promises kept, of two workers with different pools.

    Servers, simulator and workers share this machine, so only the ratios tell something. The pools take
    turns, run by run, so that a busy moment hits them all. `cpu_ms` is the workers' CPU time for a message.
    """
    from dispatcher.cli.bench.pools import measure
    from dispatcher.telemetry import configure

    configure("WARNING")
    wanted = [(pool, int(concurrency)) for pool, _, concurrency in (one.partition(":") for one in pools.split(","))]
    delays = [int(one) for one in answers.split(",")]
    with tempfile.TemporaryDirectory(prefix="dispatcher-bench-") as folder:
        found = measure(Path(folder), wanted, delays, messages, runs, say)
    rows = [
        {
            "pool": pool,
            "concurrency": concurrency,
            "answer_ms": answer_ms,
            "per_second": round(median(one.per_second for one in results)),
            "spread": f"{min(one.per_second for one in results):.0f}…{max(one.per_second for one in results):.0f}",
            "cpu_ms": round(median(one.cpu_ms for one in results), 2),
        }
        for (pool, concurrency, answer_ms), results in found.items()
    ]
    show_table(rows, COLUMNS, as_json)
