"""How fast two workers send, by the kind and size of their pool."""

from collections.abc import Iterator, Sequence
from functools import partial

from dispatcher.cli.bench.ground import Ground
from dispatcher.cli.bench.report import Found, in_turns
from dispatcher.cli.bench.sending import ours


def pools(
    ground: Ground, wanted: Sequence[str], answers_ms: Sequence[int], messages: int, runs: int
) -> Iterator[Found]:
    """Every pool (`<pool>:<concurrency>`) with every answer time (ms), the first pool being the comparison."""
    for answer_ms in answers_ms:
        found = Found(f"messages a second, target of {answer_ms} ms", compared_with=wanted[0])
        subjects = {one: partial(ours, ground, answer_ms, messages, options=_options(one)) for one in wanted}
        yield in_turns(found, runs, subjects, ground.say)


def _options(wanted: str) -> tuple[str, ...]:
    pool, _, concurrency = wanted.partition(":")
    return "-P", pool, "-c", concurrency
