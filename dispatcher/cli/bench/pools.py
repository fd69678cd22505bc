"""How fast two workers send, by the kind and size of their pool."""

from collections.abc import Iterator
from functools import partial

from dispatcher.cli.bench.ground import Ground
from dispatcher.cli.bench.measure import Measure, Size
from dispatcher.cli.bench.report import Found, in_turns
from dispatcher.cli.bench.sending import ours


def pools(ground: Ground, runs: int, pools: str, answers: str, messages: int) -> Iterator[Found]:
    """Every pool (`<pool>:<concurrency>`) with every answer time (ms), the first pool being the comparison."""
    wanted = pools.split(",")
    for answer_ms in map(int, answers.split(",")):
        found = Found(f"messages a second, target of {answer_ms} ms", compared_with=wanted[0])
        subjects = {one: partial(ours, ground, answer_ms, messages, options=_options(one)) for one in wanted}
        yield in_turns(found, runs, subjects, ground.say)


def _options(wanted: str) -> tuple[str, ...]:
    pool, _, concurrency = wanted.partition(":")
    return "-P", pool, "-c", concurrency


ALL = "threads:32,threads:8,threads:16,threads:64,prefork:2,prefork:8"

MEASURE = Measure(
    "Messages a second of two workers with different pools.",
    pools,
    (6, 30),
    (
        Size(
            "pools",
            "Worker pools, each as pool:concurrency; ratios are to the first.",
            "solo:1",
            "threads:32,threads:8,threads:64",
            ALL,
        ),
        Size("answers", "Milliseconds the target takes to answer, one or several.", "0", "0", "0,100"),
        Size("messages", "Messages in each run.", 100, 2000, 2000),
    ),
)
