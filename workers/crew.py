"""The threads that tickets of one job share: each ticket still goes its own way, from begin to its outcome.

Celery hands a worker jobs; under load a job carries several tickets that were due together, so that what a job costs
is paid once for all of them. The thread that took the job takes its first ticket, the crew the others.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from dispatcher.domain.tickets import Ticket

CREW = 64


def together(step: Callable[[Ticket], None], tickets: Sequence[Ticket]) -> None:
    """Take each ticket through `step`, all at once; raises what the first that failed raised, when all have ended."""
    first, *others = tickets
    if not others:
        return step(first)
    futures = [_crew(os.getpid()).submit(step, ticket) for ticket in others]
    failures = [error for error in (_failure(step, first), *(future.exception() for future in futures)) if error]
    if failures:
        raise failures[0]


def _failure(step: Callable[[Ticket], None], ticket: Ticket) -> BaseException | None:
    try:
        step(ticket)
    except Exception as error:
        return error
    return None


@cache
def _crew(pid: int) -> ThreadPoolExecutor:
    """Of this process: threads do not survive a fork."""
    return ThreadPoolExecutor(CREW, thread_name_prefix="crew")
