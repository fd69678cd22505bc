"""What breaks when: drawn from a seed and nothing else, so that a run can be repeated."""

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    WORKER_KILLED = "worker killed"
    WORKER_STOPPED = "worker stopped beyond its leases"
    REPLY_LOST = "worker killed, the broker's reply on its way"
    WEB_KILLED = "web killed in the middle of a submit"
    REDIS_KILLED = "Redis killed and started"
    REDIS_EMPTIED = "Redis killed, everything lost"
    REDIS_SET_BACK = "Redis killed, the last seconds lost"
    REDIS_FAILED_OVER = "Redis failed over"
    REDIS_CUT = "connections to Redis cut"
    REDIS_HALF_OPEN = "connections to Redis half-open"
    LEDGER_KILLED = "PostgreSQL killed and started"
    LEDGER_CUT = "connections to PostgreSQL cut"
    LEDGER_HALF_OPEN = "connections to PostgreSQL half-open"


WORKERS = ("a", "b", "c")
OF_WORKERS = {Kind.WORKER_KILLED, Kind.WORKER_STOPPED, Kind.REPLY_LOST}
OF_LINES = {Kind.REDIS_CUT, Kind.REDIS_HALF_OPEN, Kind.LEDGER_CUT, Kind.LEDGER_HALF_OPEN}
EVERYBODY = "everybody"
STOPPED_S = (18.0, 24.0)  # the lease of a begun job is 17 s here
CLOCKS_AHEAD_S = (-420.0, 0.0, 660.0)  # of the workers' hosts: minutes apart


@dataclass(frozen=True, slots=True)
class Strike:
    """`who`: a worker, or (for lines) everybody; empty where there is only one. `lasts_s`: of what lasts."""

    at_s: float
    kind: Kind
    who: str = ""
    lasts_s: float = 0.0

    def __str__(self) -> str:
        lasts = f", {self.lasts_s:.1f} s" if self.lasts_s else ""
        who = f" ({self.who})" if self.who else ""
        return f"{self.at_s:6.1f} s  {self.kind}{who}{lasts}"


@dataclass(frozen=True, slots=True)
class Plan:
    seed: int
    span_s: float
    strikes: tuple[Strike, ...]
    rules: tuple[dict[str, Any], ...]
    clocks_ahead_s: dict[str, float]


def draw(seed: int, span_s: float, strikes: int) -> Plan:
    """So many strikes within `span_s` seconds: each kind once before any comes again, what lasts long at first.

    `rules` are the provider's faults, 5 to 20 % of its calls in all, as the simulator takes them.
    """
    dice = random.Random(seed)
    struck: list[tuple[Kind, str]] = []
    while len(struck) < strikes:
        struck += _round(dice)
    step_s = span_s / strikes
    moments = [(place + dice.random()) * step_s for place in range(strikes)]
    drawn = [_strike(dice, at_s, kind, who) for at_s, (kind, who) in zip(moments, struck, strict=False)]
    ahead = dice.sample(CLOCKS_AHEAD_S, len(WORKERS))
    return Plan(seed, span_s, tuple(drawn), _rules(dice), dict(zip(WORKERS, ahead, strict=True)))


def _round(dice: random.Random) -> list[tuple[Kind, str]]:
    """Each kind once; what strikes one worker strikes another one each time."""
    whom = dict(zip(sorted(OF_WORKERS), dice.sample(WORKERS, len(WORKERS)), strict=True))
    others = [kind for kind in Kind if kind is not Kind.WORKER_STOPPED]
    kinds = [Kind.WORKER_STOPPED, *dice.sample(others, len(others))]
    lines = {kind: dice.choice((*WORKERS, EVERYBODY)) for kind in sorted(OF_LINES)}
    return [(kind, (whom | lines).get(kind, "")) for kind in kinds]


def _strike(dice: random.Random, at_s: float, kind: Kind, who: str) -> Strike:
    return Strike(at_s, kind, who, dice.uniform(*STOPPED_S) if kind is Kind.WORKER_STOPPED else 0.0)


# ------------------------------------------------------------------ a provider's faults

ANY: tuple[dict[str, Any], ...] = (
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 502, "body": "<html>Bad Gateway</html>"},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 503, "retry_after_s": 1},
    {"kind": "status", "status": 504},
    {"kind": "status", "status": 408},
    {"kind": "status", "status": 429, "retry_after_s": 1},
    {"kind": "unauthorized"},
    {"kind": "reset_before"},
    {"kind": "reset_after"},
    {"kind": "hang", "seconds": 3},
    {"kind": "hang", "seconds": 3, "deliver": True},
    {"kind": "garbage"},
    {"kind": "garbage", "deliver": True},
    {"kind": "delivered_500"},
    {"kind": "delivered_500", "status": 504},
)
OF_PROVIDERS: tuple[dict[str, Any], ...] = (
    {"kind": "preset", "name": "uazapi_500", "provider": "uazapi"},
    {"kind": "preset", "name": "uazapi_not_on_whatsapp", "provider": "uazapi"},
    {"kind": "preset", "name": "uazapi_disconnected", "provider": "uazapi"},
    {"kind": "preset", "name": "uazapi_463", "until": "2020-01-01T00:00:00Z", "provider": "uazapi"},
    {"kind": "preset", "name": "cpc_locked", "hours": 0.001, "provider": "cpc"},
    {"kind": "preset", "name": "cpc_no_line", "provider": "cpc"},
    {"kind": "preset", "name": "cpc_blocked", "provider": "cpc"},
    {"kind": "partial", "provider": "uazapi"},
    {"kind": "partial", "provider": "cpc"},
)
LATENCY: dict[str, Any] = {"kind": "latency", "ms": [20, 150], "sends": True}


def _rules(dice: random.Random) -> tuple[dict[str, Any], ...]:
    share = dice.uniform(0.05, 0.2) / (len(ANY) + len(OF_PROVIDERS) / 2)
    faults = [{**one, "probability": share, "sends": True} for one in (*ANY, *OF_PROVIDERS)]
    return (LATENCY, *dice.sample(faults, len(faults)))
