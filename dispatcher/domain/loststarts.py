"""A message whose worker began it, and was not heard of again before it had claimed it.

the first time        it goes on as before: machines are switched off, workers are killed
then                  it goes alone, so that who kills its worker cannot make others look as if they did
`most` times in a row it has failed, and whoever stands behind it goes on; an operator may let it go again

Who did not go at its own moment, for its campaign was paused, its hours closed or nobody worked, may have gone together
with others: it gets another moment, and has failed after twice as many losses.

Where none of many is ever claimed, it is not the message that kills. Losses in a row, with no claim between them, are
counted for what the messages have in common, and that stops until an operator has seen to it:

account    messages of several campaigns: its campaigns are paused
campaign   several of its messages: it is paused
sender     several messages, while others of the campaign are claimed: it is paused
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import NamedTuple

from dispatcher.domain.ids import Lane
from dispatcher.domain.tickets import Ticket

REASON = "start_lost"
ALONE_MS = 5_000  # between two suspects: far more than a worker needs from taking a message up to its claim
IN_A_ROW = 5  # losses: who is lost with others' messages has one claimed before so many, for suspects go alone


def is_late(alone_ms: int | None, begun_ms: int) -> bool:
    """Was a suspect begun, at `begun_ms` or before, when its moment was over? None: it never had one."""
    return alone_ms is not None and begun_ms > alone_ms + ALONE_MS


def given_up(times: Mapping[int, int], late: Collection[int], most: int) -> list[int]:
    """Of messages by seq, with how often in a row each was lost: those that are not tried again."""
    return [seq for seq, lost in times.items() if lost >= (2 * most if seq in late else most)]


def alone_at(suspects: Collection[int], taken_ms: int, now_ms: int) -> dict[int, int]:
    """When each of them may go; the moments up to `taken_ms` are those of other suspects."""
    first_ms = max(now_ms, taken_ms) + ALONE_MS
    return {seq: first_ms + place * ALONE_MS for place, seq in enumerate(sorted(suspects))}


# ---------------------------------------------------------------- what many have in common


class Common(StrEnum):
    """In the order in which they are blamed."""

    ACCOUNT = "account"
    CAMPAIGN = "campaign"
    SENDER = "sender"


class Streak(NamedTuple):
    """Losses in a row of messages that have something in common. `several`: of more than the first (campaign, seq), or
    for an account of more than its campaign; `token`: of the last ticket, which was begun at `begun_ms`."""

    times: int
    first: tuple[int, int]
    several: bool
    begun_ms: int
    token: str


class Stopped(NamedTuple):
    """What was paused in the ledger, and why: these campaigns, or the sender of these lanes."""

    common: Common
    reason: str
    campaigns: list[int]
    lanes: list[Lane]


class Noted(NamedTuple):
    """What came of a loss: so many messages have failed; and what stops."""

    failed: int
    stopped: Stopped | None


def lengthened(streak: Streak | None, common: Common, ticket: Ticket, begun_ms: int) -> Streak:
    """After one more loss. Those that were begun within `ALONE_MS` went with one worker, or with several at once: they
    are one; and so is the same ticket."""
    message = (ticket.campaign, ticket.seq)
    if streak is None:
        return Streak(1, message, False, begun_ms, ticket.token)
    if streak.token == ticket.token:
        return streak
    apart = abs(begun_ms - streak.begun_ms) >= ALONE_MS
    other = message[0] != streak.first[0] if common is Common.ACCOUNT else message != streak.first
    last_ms = max(begun_ms, streak.begun_ms)
    return Streak(streak.times + apart, streak.first, streak.several or other, last_ms, ticket.token)


def to_blame(streaks: Mapping[Common, Streak]) -> Common | None:
    return next((one for one in Common if one in streaks and _is_long(streaks[one])), None)


def why_stopped(common: Common, times: int) -> str:
    return f"{REASON}: {times} times in a row the worker that took up a message of this {common} was lost"


def _is_long(streak: Streak) -> bool:
    return streak.several and streak.times >= IN_A_ROW
