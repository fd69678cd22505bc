"""What a measure is, and which there are. Adding one is adding a module with a `MEASURE`, and its name here."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from dispatcher.cli.bench.report import Found

MEASURES = ("sending", "intake", "memory", "pacing", "lanes", "latency", "pause", "reads", "loss", "growth")
"""In the order of the table. Each is a module beside this one, read when it is asked for: it brings half of the system
with it."""
EXTRA = ("pools",)
"""Measured only when asked for: what was decided by it long ago."""

Given = int | str


class Form(StrEnum):
    """How large a measure is: only to see that it works; for a first answer; as the goals ask."""

    TINY = "tiny"
    SHORT = "short"
    FULL = "full"


class Size(NamedTuple):
    """One thing that says how large a measure is; an option of its command."""

    name: str
    help: str
    tiny: Given
    short: Given
    full: Given

    def of(self, form: Form) -> Given:
        return {Form.TINY: self.tiny, Form.SHORT: self.short, Form.FULL: self.full}[form]


class Measure(NamedTuple):
    """`run(ground, runs, **sizes)` gives what it found. `minutes` it takes in the short and in the full form, about."""

    help: str
    run: "Callable[..., Iterator[Found]]"
    minutes: tuple[int, int]
    sizes: tuple[Size, ...]

    def sized(self, form: Form, given: dict[str, Any]) -> dict[str, Given]:
        """All sizes: as given, or else as the form has them."""
        return {size.name: size.of(form) if given.get(size.name) is None else given[size.name] for size in self.sizes}


def measure_of(name: str) -> Measure:
    """The measure of this name; its module is read now."""
    found: Measure = import_module(f"dispatcher.cli.bench.{name}").MEASURE
    return found
