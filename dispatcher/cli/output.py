"""What commands print: tables for people, JSON for programs."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

WIDTH_OF_A_FILE = 240  # no terminal to fit into: a line a row, nothing cut


def console() -> "Console":
    """Standard output; what is printed there is never taken for markup."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else WIDTH_OF_A_FILE
    return Console(width=width, markup=False, highlight=False, emoji=False)


def say(line: str) -> None:
    """A line to standard error: what is going on, apart from what was asked for."""
    print(line, file=sys.stderr, flush=True)


def show_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def show_table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], as_json: bool) -> None:
    """Rows with a header line; `columns` are the keys shown, JSON has all of them."""
    found = list(rows)
    if as_json:
        show_json(found)
        return
    console().print(table([{name: row.get(name) for name in columns} for row in found], columns))


def show_one(fields: Mapping[str, Any], as_json: bool) -> None:
    """One thing, a line for each of its fields."""
    if as_json:
        show_json(fields)
        return
    grid = _grid()
    for name, value in fields.items():
        grid.add_row(_cell(name), _cell(value))
    console().print(grid)


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Any:
    """A rich table, for `show_table` and for live displays."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    made = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in columns:
        made.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        made.add_row(*(_cell(row.get(name)) for name in columns))
    return made


def _grid() -> Any:
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    return grid


def _cell(value: Any) -> Any:
    from rich.text import Text

    return value if isinstance(value, Text) else Text(_plain(value))


def _plain(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {one}" for name, one in value.items() if one) or "–"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "–"
    return str(value)
