"""`dispatcher bench`: what this machine makes of the system, each measure beside what it is compared with."""

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from dispatcher.cli.bench.measure import EXTRA, MEASURES, Form, Size, measure_of
from dispatcher.cli.output import AsJson, say, show_table
from dispatcher.cli.trouble import Problem

Wanted = Annotated[Form, typer.Option("--form", help="How large: to see that it runs, in short, as the goals ask.")]
Runs = Annotated[int | None, typer.Option(min=1, help="Runs of each; the median counts. Default: 3; tiny, 1.")]
Out = Annotated[Path | None, typer.Option(help="Keep every run's figures in this file, as JSON; go on from it.")]


class Bench(TyperGroup):
    """A command for each measure."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*MEASURES, *EXTRA]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return _command_of(cmd_name) if cmd_name in (*MEASURES, *EXTRA) else None


bench = typer.Typer(
    cls=Bench,
    help="Measure this machine, side by side with what a team would write instead. Only ratios tell something. "
    "Without a measure: all of them, one after the other.",
)


@bench.callback(invoke_without_command=True)
def everything(
    context: typer.Context,
    form: Wanted = Form.SHORT,
    runs: Runs = None,
    without: Annotated[str, typer.Option(help="Measures to leave out, with commas between them.")] = "",
    out: Out = None,
    as_json: AsJson = False,
    goals: Annotated[
        bool, typer.Option("--goals", help="Print only what has a goal, as a table for a document.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        wanted = [name for name in MEASURES if name not in without.split(",")]
        _measure(wanted, form, runs, out, as_json, {}, goals)


def _command_of(name: str) -> Any:
    """The command of a measure, with an option for each of its sizes."""
    measure = measure_of(name)

    def command(
        *, form: Wanted = Form.SHORT, runs: Runs = None, out: Out = None, as_json: AsJson = False, **sizes: Any
    ) -> None:
        _measure([name], form, runs, out, as_json, sizes)

    known = inspect.signature(command)
    common = [one for one in known.parameters.values() if one.kind is one.KEYWORD_ONLY]
    options = [*map(_option, measure.sizes), *common]
    command.__signature__ = known.replace(parameters=options)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in options}
    app = typer.Typer(add_completion=False)
    app.command(name, help=measure.help)(command)
    return typer.main.get_command(app)


def _option(size: Size) -> inspect.Parameter:
    told = f"{size.help} Tiny {size.tiny}, short {size.short}, full {size.full}."
    kind: Any = Annotated[type(size.full) | None, typer.Option(help=told)]
    return inspect.Parameter(size.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)


def _measure(
    names: Sequence[str],
    form: Form,
    runs: int | None,
    out: Path | None,
    as_json: bool,
    given: dict[str, Any],
    goals: bool = False,
) -> None:
    from dispatcher.cli.bench.report import COLUMNS, for_documents
    from dispatcher.cli.bench.runner import Order, run
    from dispatcher.telemetry import configure

    configure("WARNING")
    orders = [Order(name, measure_of(name), form, runs or (1 if form is Form.TINY else 3), given) for name in names]
    rows, failed = run(orders, out, say)
    if goals:
        print(for_documents(rows))
    else:
        show_table(rows, COLUMNS, as_json)
    if failed:
        raise Problem(f"these could not be measured: {', '.join(failed)}")
