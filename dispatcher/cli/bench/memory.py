"""What a recipient that waits costs Redis, beside what a Celery message with a countdown costs there."""

from collections.abc import Callable, Iterator
from functools import partial

from dispatcher.cli.bench import bare
from dispatcher.cli.bench.ground import Ground, use_account
from dispatcher.cli.bench.mailing import accept, numbers
from dispatcher.cli.bench.measure import Measure, Size
from dispatcher.cli.bench.report import Figure, Found, Goal, in_turns

FEW, LANES = 10, 10
AN_HOUR_S = 3600.0
OURS, BARE = "dispatcher", "bare Celery, countdown"
NOWHERE = "http://127.0.0.1:9"  # no worker runs


def memory(ground: Ground, runs: int, pending: int, jobs: int) -> Iterator[Found]:
    """`pending` recipients of one campaign, above what ten cost; `jobs` messages in Celery's queue."""
    use_account(ground, NOWHERE, LANES)
    found = Found("memory in Redis of a recipient that waits", compared_with=BARE)
    subjects = {OURS: partial(_ours, ground, pending), BARE: partial(_bare, ground, jobs)}
    yield in_turns(found, runs, subjects, ground.say)


def _ours(ground: Ground, pending: int) -> Iterator[Figure]:
    accept(ground, FEW)  # Redis keeps the scripts that it has met
    ground.clean()
    few = _added(ground, lambda: accept(ground, FEW))
    ground.clean()
    many = _added(ground, lambda: accept(ground, pending))
    yield Figure("", (many - few) / (pending - FEW), "bytes each", Goal(1))
    yield Figure(f"campaign of {FEW}", few, "bytes")
    yield Figure(f"campaign of {pending:,}", many, "bytes")


def _bare(ground: Ground, jobs: int) -> Iterator[Figure]:
    ground.clean()
    recipients = [(f"line{n % LANES}", number, "Olá") for n, number in enumerate(numbers(jobs))]
    added = _added(ground, lambda: bare.enqueue(ground.redis_url, recipients, [AN_HOUR_S] * jobs))
    yield Figure("", added / jobs, "bytes each")


def _added(ground: Ground, work: Callable[[], object]) -> int:
    before = _held(ground)
    work()
    return _held(ground) - before


def _held(ground: Ground) -> int:
    """Bytes of the data that Redis holds, without its clients' buffers."""
    return int(ground.wiring.redis.info("memory")["used_memory_dataset"])


MEASURE = Measure(
    "Memory in Redis of a recipient that waits, against a Celery message with a countdown.",
    memory,
    (2, 6),
    (
        Size("pending", "Recipients of the campaign that waits.", 200, 100_000, 1_000_000),
        Size("jobs", "Messages in Celery's queue.", 50, 20_000, 100_000),
    ),
)
