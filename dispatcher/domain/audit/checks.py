"""The checks, and how what two looks saw becomes a finding."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

CONFIRM_S = 20.0  # longer than whatever heals by itself takes: resends, sweeps and leases that nobody began
MOST_OF_A_CHECK = 100  # findings that are kept: who has so many of a kind needs no more of them


class Check(StrEnum):
    COUNTS = "counts"
    CURSOR = "cursor"
    UNRELEASED = "unreleased"
    UNKNOWN = "unknown_to_clock"
    HELD = "held"
    OVER = "over_on_clock"
    UNPLANNED = "unplanned"
    FLIGHT = "flight"
    FLIGHT_COUNT = "flight_count"
    SENDING = "sending"
    LANE = "lane"
    LOCK_OWNER = "lock_without_owner"
    LOCK_GONE = "lock_not_in_redis"
    LOCK_LONG = "lock_too_long"
    LOCK_FAILED = "lock_of_failed"
    LOOK_UPS = "look_ups"
    EVENTS = "events"
    CALLBACKS = "callbacks"
    SWEEPER = "sweeper"
    QUEUE = "queue"


BY_MESSAGE = frozenset({Check.COUNTS, Check.UNRELEASED, Check.UNKNOWN})
"""Checks that only a count message by message can confirm."""

OF_LOCKS = frozenset({Check.LOCK_OWNER, Check.LOCK_GONE, Check.LOCK_LONG, Check.LOCK_FAILED})
OF_CAMPAIGNS = BY_MESSAGE | {Check.CURSOR, Check.HELD, Check.OVER, Check.UNPLANNED, Check.FLIGHT_COUNT}


class Advice(NamedTuple):
    """`means`: what is at stake; `do`: what helps."""

    means: str
    do: str


_REBUILD = "restart Redis: what it knows is built up again from the ledger, and sending pauses for seconds"
_RESTART = "`dispatcher doctor`: is a worker there for the provider? Its log says `server.trouble` or `pacer.broken`"
_FREE = "`dispatcher campaigns export` names the message's client; not in contact? `dispatcher locks release PHONE`"

ADVICE: dict[Check, Advice] = {
    Check.COUNTS: Advice(
        "a message was lost, or counted twice: what people are shown is not what is stored",
        "compare `dispatcher campaigns export` with `campaigns show`; somebody or something changed the ledger by hand",
    ),
    Check.CURSOR: Advice(
        "the clock stands behind what was sent: nobody gets it twice, for the claim refuses, but jobs are wasted",
        f"Redis fell back to an older state; {_REBUILD}",
    ),
    Check.UNRELEASED: Advice(
        "messages wait behind others that have left: they leave when the rest of the campaign is through",
        f"nothing at once; or {_REBUILD}, and they leave next",
    ),
    Check.UNKNOWN: Advice("a campaign runs of which nothing will be released", _RESTART),
    Check.HELD: Advice("a campaign runs in the ledger and is held in Redis: it stands still", "resume it once more"),
    Check.OVER: Advice(
        "Redis remembers a campaign that is over: nothing is sent, for claims are refused, but memory is wasted",
        f"nothing at once; when there are many, {_REBUILD}",
    ),
    Check.UNPLANNED: Advice("a campaign was accepted or changed, and the clock was not told", _RESTART),
    Check.FLIGHT: Advice("a lane stands still: its job's lease is over, and nobody looks into it", _RESTART),
    Check.FLIGHT_COUNT: Advice("a chunk closes too early, or never, and then the campaign never ends", _REBUILD),
    Check.SENDING: Advice(
        "a worker was lost with a message in its hands, and the lane knows nothing of it",
        "nothing: it becomes in doubt a quarter of an hour after its claim, and is looked up",
    ),
    Check.LANE: Advice(
        "two calls at once leave from one lane: pacing does not hold",
        "pause the sender, let the calls end, resume it; say so to whoever maintains this",
    ),
    Check.LOCK_OWNER: Advice("a client is kept from being written to, and no message is the reason", _FREE),
    Check.LOCK_GONE: Advice(
        "a client is in contact and only the ledger knows: nobody is written to, for it is asked too, but later",
        f"find out what deletes keys in Redis; {_REBUILD}",
    ),
    Check.LOCK_LONG: Advice("a client is kept for longer than the day that the rule says", _FREE),
    Check.LOCK_FAILED: Advice("a client is kept by a message that certainly did not reach them", _FREE),
    Check.LOOK_UPS: Advice("messages in doubt, or jobs that may have failed, are not asked about", _RESTART),
    Check.EVENTS: Advice(
        "replies and receipts wait: locks are not lifted, people who answered may get follow-ups",
        "does a worker read the queue `events`? `dispatcher doctor` says so",
    ),
    Check.CALLBACKS: Advice(
        "upstream apps are not told what happened", "`dispatcher callbacks list`; is a worker there?"
    ),
    Check.SWEEPER: Advice("nobody looks for what fell between two steps", _RESTART),
    Check.QUEUE: Advice(
        "more jobs wait than were released: they are stale or doubled, and cost their worker a look each",
        "nothing is sent twice; add workers until the queue is short, and find out what delivers jobs twice",
    ),
}


class Suspect(NamedTuple):
    """What one look saw. `subject` is a campaign, message, lane or lock by id or digest, or a part of the system;
    `item` tells one thing about it from the next, so that two passing troubles are not taken for a lasting one.

    `note` says what was seen, in a sentence. `campaign` and `seq` where there is one.
    """

    check: Check
    subject: str
    note: str
    item: str = ""
    campaign: int | None = None
    seq: int | None = None


class Finding(NamedTuple):
    """What two looks saw: `items` things about a subject."""

    check: Check
    subject: str
    note: str
    items: int = 1
    campaign: int | None = None
    seq: int | None = None


class FindingView(NamedTuple):
    """A finding as it is kept, and since when (UTC epoch, ms)."""

    finding: Finding
    found_ms: int
    seen_ms: int


class Doubtful(NamedTuple):
    """Messages in doubt. `undecided`: of them, those that nobody will be asked about any more; `oldest_s`: for how long
    the first of these is in doubt."""

    many: int = 0
    undecided: int = 0
    oldest_s: float = 0.0


class AuditView(NamedTuple):
    """When the last round ended (UTC epoch, ms; None: there was none), how long ago, and what it left."""

    ended_ms: int | None
    age_s: float | None
    findings: tuple[FindingView, ...] = ()
    in_doubt: Doubtful = Doubtful()


def confirmed(first: Iterable[Suspect], second: Iterable[Suspect]) -> list[Finding]:
    """What both looks saw, a finding for each subject of a check; of each check the first hundred subjects."""
    before = {(one.check, one.subject, one.item) for one in first}
    groups: dict[tuple[Check, str], list[Suspect]] = {}
    for one in second:
        if (one.check, one.subject, one.item) in before:
            groups.setdefault((one.check, one.subject), []).append(one)
    found = [_finding(group) for group in groups.values()]
    return [one for check in Check for one in [two for two in found if two.check is check][:MOST_OF_A_CHECK]]


def _finding(group: list[Suspect]) -> Finding:
    first = group[0]
    return Finding(first.check, first.subject, first.note, len(group), first.campaign, first.seq)
