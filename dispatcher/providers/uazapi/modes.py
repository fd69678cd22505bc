"""The two ways a job can take to uazapi, by the account's `mode`."""

from collections.abc import Callable
from typing import NamedTuple

from dispatcher.domain.account import Account
from dispatcher.domain.campaign import Job
from dispatcher.domain.outcomes import Outcome, Reading
from dispatcher.providers.contract import Misconfigured, Request, Response
from dispatcher.providers.uazapi import build as mass
from dispatcher.providers.uazapi import direct
from dispatcher.providers.uazapi import read as mass_read


class Mode(NamedTuple):
    build: Callable[[Job], Request]
    read: Callable[[Job, Response], Reading]
    lookup: Callable[[Job], Request]
    read_lookup: Callable[[Job, Response], tuple[Outcome, ...] | None]


_SENDER = Mode(mass.build, mass_read.read, mass.build_lookup, mass_read.read_lookup)
_DIRECT = Mode(direct.build, direct.read, direct.build_lookup, direct.read_lookup)
MODES = {"": _SENDER, "sender": _SENDER, "direct": _DIRECT}


def mode_of(account: Account) -> Mode:
    """Raises Misconfigured for an account whose mode is not known."""
    if account.mode not in MODES:
        raise Misconfigured("unknown_mode")
    return MODES[account.mode]


def build(job: Job) -> Request:
    return mode_of(job.account).build(job)


def read(job: Job, response: Response) -> Reading:
    return mode_of(job.account).read(job, response)


def build_lookup(job: Job) -> Request:
    return mode_of(job.account).lookup(job)


def read_lookup(job: Job, response: Response) -> tuple[Outcome, ...] | None:
    return mode_of(job.account).read_lookup(job, response)


def batch_for(account: Account, total: int) -> int:
    """Mode `direct` has calls for one message only."""
    return 1 if account.mode == "direct" else account.batch
