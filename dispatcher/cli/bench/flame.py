"""A picture of where a worker's time goes while it sends as fast as it can: a flame graph, by py-spy.

    python -m dispatcher.cli.bench.flame docs/send-path.svg

py-spy (`pip install py-spy`) looks at who holds the interpreter, a hundred times a second. Its own drawing of it is
half a megabyte; here what took less than a hundredth or so is left out.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from dispatcher.cli.bench.ground import ground, rest, target, use_account, workers
from dispatcher.cli.bench.mailing import accept, stop
from dispatcher.cli.output import say

LANES, MESSAGES = 200, 60_000
SECONDS, RATE, WARM_UP_S = 40, 100, 5.0
SMALLEST = 0.008
WIDTH, ROW, LETTER = 1200, 17, 6.6  # pixels
UNINTERESTING = ("Thread._bootstrap", "Thread.run", "_worker (concurrent", "_WorkItem.run")
COLOURS = {"dispatcher/": "#8fc1a9", "workers/": "#8fc1a9", "httpx": "#e8b86d", "httpcore": "#e8b86d"}
COLOURS |= {"sqlalchemy": "#9db4d6", "psycopg2": "#9db4d6", "redis": "#d69d9d", "celery": "#c3a6d1", "kombu": "#c3a6d1"}
PLAIN = "#d5d5d5"


@dataclass
class Frame:
    """A function as it was called on one way, and the samples in which it was at work."""

    name: str
    samples: int = 0
    inner: dict[str, "Frame"] = field(default_factory=dict)

    def add(self, stack: Iterable[str], samples: int) -> None:
        frame = self
        frame.samples += samples
        for name in stack:
            frame = frame.inner.setdefault(name, Frame(name))
            frame.samples += samples


def read(text: str) -> Frame:
    """py-spy's raw form: a line a stack, its functions with semicolons between them, then how often it was seen."""
    root = Frame("a worker that sends")
    for line in text.splitlines():
        stack, _, samples = line.rpartition(" ")
        names = (name.rpartition(":")[0] + ")" if ":" in name else name for name in stack.split(";"))
        root.add([name for name in names if not name.startswith(UNINTERESTING)], int(samples))
    return root


def drawn(root: Frame) -> str:
    """The picture, as SVG: widths are shares of the time, what a function calls stands on top of it."""
    boxes = list(_boxes(root, 0.0, 0, root.samples))
    height = (max(depth for depth, _ in boxes) + 1) * ROW
    shapes = "\n".join(
        box.format(y=height - (depth + 1) * ROW, text_y=height - depth * ROW - 5) for depth, box in boxes
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="monospace"'
    return f'{head} font-size="11">\n{shapes}\n</svg>\n'


def _boxes(frame: Frame, x: float, depth: int, all_samples: int) -> Iterator[tuple[int, str]]:
    width = frame.samples / all_samples * WIDTH
    if width < SMALLEST * WIDTH:
        return
    title = escape(f"{frame.name}: {frame.samples / all_samples:.1%}").replace("{", "{{").replace("}", "}}")
    short = escape(frame.name.partition(" (")[0][: int(width / LETTER)]).replace("{", "{{").replace("}", "}}")
    colour = next((colour for part, colour in COLOURS.items() if f"({part}" in frame.name), PLAIN)
    yield (
        depth,
        f'<g><title>{title}</title><rect x="{x:.1f}" y="{{y}}" width="{width:.1f}" height="{ROW - 1}" fill="{colour}"/>'
        f'<text x="{x + 2:.1f}" y="{{text_y}}">{short if len(short) > 2 else ""}</text></g>',
    )
    for inner in sorted(frame.inner.values(), key=lambda one: one.name):
        yield from _boxes(inner, x, depth + 1, all_samples)
        x += inner.samples / all_samples * WIDTH


def record(pid: int, file: Path) -> None:
    options = ["--gil", "--nonblocking", "--function", "--format", "raw", "--rate", str(RATE), "-d", str(SECONDS)]
    subprocess.run(["py-spy", "record", "--pid", str(pid), *options, "-o", str(file)], check=True)


def main(picture: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="dispatcher-bench-") as name, target(0) as url:
        folder = Path(name)
        with ground(folder, say) as stands:
            use_account(stands, url, LANES)
            with workers(stands) as pids:
                campaign = accept(stands, MESSAGES)
                rest(WARM_UP_S)
                record(pids[0], folder / "stacks")
                stop(stands, campaign)
        picture.write_text(drawn(read((folder / "stacks").read_text())))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
