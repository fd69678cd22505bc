"""Messages a second, unpaced and with every promise kept, beside bare Celery on the same servers and cores."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from time import monotonic

from dispatcher.cli.bench import bare
from dispatcher.cli.bench.ground import Cpu, Ground, bare_workers, count, target, use_account, wait_until, workers
from dispatcher.cli.bench.mailing import accept, numbers, sent
from dispatcher.cli.bench.measure import Measure, Size
from dispatcher.cli.bench.report import Figure, Found, Goal, in_turns

LANES = 200
WARM_UP = 200
BARE_AT_ONCE = ("solo", ("-P", "solo"))
BARE_SLOW = ("threads:50", ("-P", "threads", "-c", "50"))
SLOW_MS = 20
"""Bare Celery at its best: two workers of this pool, when the target answers at once, and when it does not."""
OURS = "dispatcher"
RATE = Goal(1.2, at_most=False, ratio=True)


def sending(ground: Ground, runs: int, answers: str, messages: int) -> Iterator[Found]:
    """A measure for each time (ms) that the target takes to answer."""
    for answer_ms in map(int, answers.split(",")):
        pool, options = BARE_AT_ONCE if answer_ms < SLOW_MS else BARE_SLOW
        name = f"bare Celery, {ground.crew} × {pool}"
        found = Found(f"messages a second, target of {answer_ms} ms", compared_with=name)
        subjects = {
            name: partial(_bare, ground, answer_ms, messages, options),
            OURS: partial(ours, ground, answer_ms, messages),
            f"{OURS}, guarded": partial(ours, ground, answer_ms, messages, guarded=True),
        }
        yield in_turns(found, runs, subjects, ground.say)


def ours(
    ground: Ground, answer_ms: int, messages: int, *, guarded: bool = False, options: Sequence[str] = ()
) -> list[Figure]:
    """One run of two workers with these `options`; `guarded` takes a CPC lock for each message."""
    with target(answer_ms) as url:
        use_account(ground, url, LANES, "cpc = true\n" if guarded else "")
        return _measured(ground, partial(workers, ground, *options), messages, partial(_send, ground))


def _bare(ground: Ground, answer_ms: int, messages: int, options: tuple[str, ...]) -> list[Figure]:
    with target(answer_ms) as url:
        return _measured(ground, partial(bare_workers, ground, url, *options), messages, partial(_push, ground, url))


def _measured(
    ground: Ground,
    started: Callable[[], AbstractContextManager[list[int]]],
    messages: int,
    send: Callable[[int], None],
) -> list[Figure]:
    """From the recipients in hand to the last outcome, after a warm-up."""
    with started() as pids:
        send(WARM_UP)
        cpu, begun = Cpu(ground, pids), monotonic()
        send(messages)
        took_s, used = monotonic() - begun, cpu.used_s()
    each = [Figure(f"CPU of {name}", seconds / messages * 1000, "ms each") for name, seconds in used.items()]
    return [Figure("", messages / took_s, "per s", RATE), *each]


def _send(ground: Ground, messages: int) -> None:
    campaign = accept(ground, messages)
    wait_until(lambda: sent(ground, campaign) >= messages, "all are sent")


def _push(ground: Ground, url: str, messages: int) -> None:
    before = count(url)
    bare.enqueue(ground.redis_url, [(f"line{n % LANES}", number, "Olá") for n, number in enumerate(numbers(messages))])
    wait_until(lambda: count(url) >= before + messages, "all are sent")


MEASURE = Measure(
    "Messages a second, unpaced, all promises kept, against bare Celery; CPU by who uses it.",
    sending,
    (8, 15),
    (
        Size("answers", "Milliseconds the target takes to answer, one or several.", "0", "0,100", "0,100"),
        Size("messages", "Messages in each run.", 100, 3000, 10_000),
    ),
)
