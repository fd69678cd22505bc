"""Messages a second, unpaced and with every promise kept, beside bare Celery on the same servers and cores."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from time import monotonic

from dispatcher.cli.bench import bare
from dispatcher.cli.bench.ground import (
    ACCOUNT,
    Cpu,
    Ground,
    bare_workers,
    calls,
    target,
    use_account,
    wait_until,
    workers,
)
from dispatcher.cli.bench.report import Figure, Found, in_turns
from dispatcher.domain.lifecycle import MessageState
from dispatcher.producer import submit

LANES = 200
WARM_UP = 200
BARE_AT_ONCE = ("solo", 2, ("-P", "solo"))
BARE_SLOW = ("threads:50", 2, ("-P", "threads", "-c", "50"))
SLOW_MS = 20
"""Bare Celery at its best: two workers of this pool, when the target answers at once, and when it does not."""
OURS = "dispatcher"

_serial = 0


def sending(ground: Ground, answers_ms: Sequence[int], messages: int, runs: int) -> Iterator[Found]:
    """A measure for each time (ms) that the target takes to answer."""
    for answer_ms in answers_ms:
        pool, count, options = BARE_AT_ONCE if answer_ms < SLOW_MS else BARE_SLOW
        name = f"bare Celery, {count} × {pool}"
        found = Found(f"messages a second, target of {answer_ms} ms", compared_with=name)
        subjects = {
            name: partial(_bare, ground, answer_ms, messages, count, options),
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
        return _measured(ground, partial(workers, ground, 2, *options), messages, partial(_send, ground))


def _bare(ground: Ground, answer_ms: int, messages: int, count: int, options: tuple[str, ...]) -> list[Figure]:
    with target(answer_ms) as url:
        return _measured(
            ground, partial(bare_workers, ground, url, count, *options), messages, partial(_push, ground, url)
        )


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
    return [Figure("", messages / took_s, "per s"), *each]


def numbers(count: int) -> list[str]:
    """Made-up mobile numbers, no two the same in one bench: a guarded client is contacted once."""
    global _serial
    _serial += count
    return [f"55119{10_000_000 + number:08d}" for number in range(_serial - count, _serial)]


def _send(ground: Ground, messages: int) -> None:
    body = {"account": ACCOUNT, "text": "Olá", "recipients": [{"phone": one} for one in numbers(messages)]}
    accepted = submit(ground.wiring.stations, ACCOUNT, body)
    campaign = accepted.campaign_id
    wait_until(lambda: ground.wiring.campaigns.counts(campaign).get(MessageState.SENT, 0) >= messages, "all are sent")


def _push(ground: Ground, url: str, messages: int) -> None:
    before = len(calls(url)["at_s"])
    bare.enqueue(ground.redis_url, [(f"line{n % LANES}", number, "Olá") for n, number in enumerate(numbers(messages))])
    wait_until(lambda: len(calls(url)["at_s"]) >= before + messages, "all are sent")
