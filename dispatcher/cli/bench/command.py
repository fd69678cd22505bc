"""`dispatcher bench`: what this machine makes of the system, each measure beside what it is compared with."""

import json
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dispatcher.cli.output import AsJson, say, show_table

if TYPE_CHECKING:
    from dispatcher.cli.bench.ground import Ground
    from dispatcher.cli.bench.report import Found

bench = typer.Typer(
    help="Measure this machine, side by side with what a team would write instead. Only ratios tell something."
)

POOLS = ("threads:32", "threads:8", "threads:16", "threads:64", "prefork:2", "prefork:8")

Runs = Annotated[int, typer.Option(min=1, help="Runs of each; the median counts.")]
Answers = Annotated[str, typer.Option(help="Milliseconds the target takes to answer, one or several.")]
Out = Annotated[Path | None, typer.Option(help="Write every run's figures to this file, as JSON.")]


@bench.command()
def sending(
    answers: Answers = "0,100",
    messages: Annotated[int, typer.Option(min=100, help="Messages in each run.")] = 5000,
    runs: Runs = 3,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Messages a second, unpaced, all promises kept, against bare Celery; CPU by who uses it."""
    from dispatcher.cli.bench import sending as measure

    _run(lambda ground: measure.sending(ground, _times(answers), messages, runs), out, as_json)


@bench.command()
def intake(
    leads: Annotated[int, typer.Option(min=0, help="Leads in a CSV file, Kinbox' dialect.")] = 1_000_000,
    messages: Annotated[int, typer.Option(min=0, help="Messages in one JSON body, uazapi's dialect.")] = 100_000,
    runs: Runs = 3,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Recipients a second through HTTP, against a plain COPY of the same rows; memory, and who waits for it."""
    from dispatcher.cli.bench import intake as measure

    _run(lambda ground: measure.intake(ground, leads, messages, runs), out, as_json)


@bench.command()
def pools(
    wanted: Annotated[
        str, typer.Option("--pools", help="Worker pools, each as pool:concurrency; ratios are to the first.")
    ] = ",".join(POOLS),
    answers: Answers = "0,100",
    messages: Annotated[int, typer.Option(min=100, help="Messages in each run.")] = 2000,
    runs: Runs = 3,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Messages a second of two workers with different pools."""
    from dispatcher.cli.bench import pools as measure

    _run(lambda ground: measure.pools(ground, wanted.split(","), _times(answers), messages, runs), out, as_json)


def _times(answers: str) -> list[int]:
    return [int(one) for one in answers.split(",")]


def _run(measure: "Callable[[Ground], Iterable[Found]]", out: Path | None, as_json: bool) -> None:
    from dispatcher.cli.bench.ground import ground
    from dispatcher.cli.bench.report import COLUMNS
    from dispatcher.telemetry import configure

    configure("WARNING")
    with tempfile.TemporaryDirectory(prefix="dispatcher-bench-") as folder, ground(Path(folder), say) as stands:
        rows = [row for found in measure(stands) for row in found.rows()]
    if out is not None:
        out.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
    show_table(rows, COLUMNS, as_json)
