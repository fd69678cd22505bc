"""Running measures one after the other, each on servers of its own; what was found is kept as soon as it is there."""

import json
import os
import platform
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import psutil

from dispatcher.cli.bench.ground import Ground, ground, ours_s
from dispatcher.cli.bench.measure import Form, Given, Measure

Row = dict[str, Any]
Say = Callable[[str], None]
CREW = 2  # workers: one for each core of the machines that the goals are about
BUSY = 0.1
"""The share of the machine that others may use without being told of."""


class Order(NamedTuple):
    """A measure to be run; `given` sizes go before the form's."""

    name: str
    measure: Measure
    form: Form
    runs: int
    given: dict[str, Any]

    @property
    def sizes(self) -> dict[str, Given]:
        return self.measure.sized(self.form, self.given)

    @property
    def key(self) -> str:
        return f"{self.name} {json.dumps({'runs': self.runs, **self.sizes}, sort_keys=True)}"

    @property
    def minutes(self) -> int:
        return {Form.TINY: 0, Form.SHORT: self.measure.minutes[0], Form.FULL: self.measure.minutes[1]}[self.form]


class Book:
    """What was found, by order, in a file or nowhere."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._orders: dict[str, Any] = {}
        if file is not None and file.exists():
            self._orders = json.loads(file.read_text())["measures"]

    def rows(self, order: Order) -> list[Row] | None:
        found = self._orders.get(order.key)
        return None if found is None else list(found["rows"])

    def put(self, order: Order, rows: Sequence[Row], took_s: float) -> None:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        self._orders[order.key] = {"at": at, "took_s": round(took_s), "rows": rows}
        if self._file is None:
            return
        machine = {"cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version()}
        text = json.dumps({"machine": machine, "measures": self._orders}, indent=2, ensure_ascii=False)
        new = self._file.with_suffix(".new")
        new.write_text(text + "\n")
        new.replace(self._file)


def run(orders: Sequence[Order], out: Path | None, say: Say) -> tuple[list[Row], list[str]]:
    """The rows of all orders, and the names of those that failed. What the file has already is not measured again."""
    book, rows, failed = Book(out), list[Row](), list[str]()
    todo = [order for order in orders if book.rows(order) is None]
    if len(orders) > 1:
        say(f"{len(todo)} of {len(orders)} measures, about {sum(order.minutes for order in todo)} minutes")
    with ExitStack() as stack:
        grounds = _grounds(all(order.form is Form.TINY for order in todo), stack, say)
        for number, order in enumerate(todo, 1):
            say(f"[{number}/{len(todo)}] {order.key}, about {order.minutes} minutes")
            try:
                _run_one(order, book, grounds, say)
            except Exception as error:  # the others took minutes: they are kept, and the command fails in the end
                failed.append(order.name)
                say(f"{order.name} failed: {type(error).__name__}: {error}")
    for order in orders:
        rows += book.rows(order) or []
    return rows, failed


def _run_one(order: Order, book: Book, grounds: Callable[[], Any], say: Say) -> None:
    began = monotonic()
    with grounds() as stands:
        stands.clean()
        found, others = [], Others(stands)
        for one in order.measure.run(stands, order.runs, **order.sizes):
            share = others.share()
            found += [{**row, "others": f"{share:.0%}"} for row in one.rows()]
            if share > BUSY:
                say(f"others used {share:.0%} of this machine meanwhile: take its figures with care")
    book.put(order, found, monotonic() - began)


def _grounds(shared: bool, stack: ExitStack, say: Say) -> Callable[[], Any]:
    """Servers of its own for each measure; where starting them would take longest, the same for all, and one worker."""
    if not shared:
        return lambda: _fresh(say, CREW)
    kept: list[Ground] = []

    @contextmanager
    def one() -> Iterator[Ground]:
        if not kept:
            kept.append(stack.enter_context(_fresh(say, 1)))
        yield kept[0]

    return one


@contextmanager
def _fresh(say: Say, crew: int) -> Iterator[Ground]:
    with tempfile.TemporaryDirectory(prefix="dispatcher-bench-") as folder, ground(Path(folder), say, crew) as stands:
        yield stands


class Others:
    """The share of the machine's cores that processes of others used, since this was made or last asked."""

    def __init__(self, stands: Ground) -> None:
        self._ground = stands
        self._before = self._now()

    def share(self) -> float:
        before, self._before = self._before, self._now()
        busy, ours, lasted = (now - then for now, then in zip(self._before, before, strict=True))
        return float(max(0.0, busy - ours) / (lasted * (os.cpu_count() or 1)))

    def _now(self) -> tuple[float, float, float]:
        times = psutil.cpu_times()
        busy = sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0)
        return busy, ours_s(self._ground), monotonic()
