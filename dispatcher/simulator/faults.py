"""Faults on demand: rules that say which calls go wrong, how often, and how.

    kind            delivers   what the client sees
    latency         yes        the same, later (`ms`: a number or [from, to]; `late`: wait after delivering)
    status          no         any `status`, `body`, `headers`, `retry_after_s`
    preset          no         a well-known answer by `name` (presets.py); cpc ones say which phones
    unauthorized    no         401 in the provider's shape
    disconnected    no         503 of a uazapi instance; /instance/status says so while the rule is there
    reset_before    no         RST; without `number` or a sender in the body, before the body is read
    hang            `deliver`  nothing, until it leaves or `seconds` are over (default 600)
    garbage         `deliver`  200 and HTML, or `body` where one is given
    delivered_500   yes        500 (or `status`, `body`)
    reset_after     yes        RST
    partial         the rest   uazapi: a lower `count`; cpc: `errors` with `reason`; `count` (1) of them, or `number`

Rules are asked in order; latencies add up, the first other rule that fires decides. Every rule may be
narrowed by `provider`, `path` (a prefix), `sender`, `link`, `number` (any spelling), `sends` (true: only calls that
send), and by `after` (skip so many), `times` (fire so often), `probability`. The dice are seeded: the same calls in the
same order meet the same faults.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dispatcher.simulator.numbers import jid, spellings
from dispatcher.simulator.presets import DISCONNECTED, HTML, UNAUTHORIZED, preset
from dispatcher.simulator.wire import Answer, Call

MATCHERS = ("provider", "path", "sender", "link", "number", "sends")
COMMON = {"kind", "probability", "times", "after", *MATCHERS}
OWN = {
    "latency": {"ms", "late"},
    "status": {"status", "body", "headers", "retry_after_s"},
    "preset": {"name", "until", "hours", "status", "body", "headers", "retry_after_s"},
    "unauthorized": set(),
    "disconnected": set(),
    "reset_before": set(),
    "hang": {"deliver", "seconds"},
    "garbage": {"deliver", "body", "status"},
    "delivered_500": {"status", "body", "headers"},
    "reset_after": set(),
    "partial": {"reason", "count"},
}
DELIVERS = {"latency", "delivered_500", "reset_after", "partial"}
GARBAGE = "<html><body><h1>It works!</h1></body></html>"


@dataclass(slots=True)
class Plan:
    """What will happen to one call. `reply` None: the provider's own answer."""

    wait_s: float = 0.0
    late_s: float = 0.0
    delivers: bool = True
    reply: Answer | None = None
    ending: str = "answer"  # answer, reset, hang
    hang_s: float = 600.0
    fault: str = ""


NO_FAULT = Plan()


@dataclass(slots=True)
class Rule:
    given: dict[str, Any]
    kind: str
    chance: random.Random
    seen: int = 0
    fired: int = 0

    def matches(self, call: Call) -> bool:
        given, route = self.given, call.route
        return (
            ("provider" not in given or (route is not None and route.provider == given["provider"]))
            and call.path.startswith(given.get("path", ""))
            and ("sender" not in given or call.sender == given["sender"])
            and ("link" not in given or call.link == given["link"])
            and ("sends" not in given or (route is not None and route.sends is given["sends"]))
            and ("number" not in given or self._has_number(call))
        )

    def _has_number(self, call: Call) -> bool:
        wanted = spellings(self.given["number"])
        return call.route is not None and any(wanted & spellings(n) for n in call.route.numbers(call))

    def fires(self) -> bool:
        """To be asked once for each call that matches: counts it, and throws the dice."""
        self.seen += 1
        times = self.given.get("times")
        if self.seen <= self.given.get("after", 0) or (times is not None and self.fired >= times):
            return False
        if self.chance.random() >= self.given.get("probability", 1.0):
            return False
        self.fired += 1
        return True

    def is_early(self) -> bool:
        """Decided before the body is read."""
        return self.kind == "reset_before" and not self.given.keys() & {"number", "sender"}

    def as_dict(self) -> dict[str, Any]:
        return {**self.given, "seen": self.seen, "fired": self.fired}


@dataclass(slots=True)
class Faults:
    rules: list[Rule] = field(default_factory=list)
    early: list[Rule] = field(default_factory=list)
    late: list[Rule] = field(default_factory=list)

    def set(self, given: Any, seed: int) -> None:
        """Replaces all rules; ValueError says what is wrong with which."""
        if not isinstance(given, list):
            raise ValueError("a JSON list of rules is needed")
        self.rules = [_rule(rule, index, seed) for index, rule in enumerate(given)]
        self.early = [rule for rule in self.rules if rule.is_early()]
        self.late = [rule for rule in self.rules if not rule.is_early()]

    def reseed(self, seed: int) -> None:
        """New dice for the rules that are there."""
        for index, rule in enumerate(self.rules):
            rule.chance.seed(f"{seed}:{index}")

    def resets_early(self, call: Call) -> bool:
        return any(rule.matches(call) and rule.fires() for rule in self.early)

    def plan(self, call: Call) -> Plan:
        if not self.late:
            return NO_FAULT
        plan = Plan()
        for rule in self.late:
            if not (rule.matches(call) and rule.fires()):
                continue
            plan.fault = rule.given.get("name", rule.kind)
            _APPLY[rule.kind](plan, rule, call)
            if rule.kind != "latency":
                break
        return plan

    def is_disconnected(self, call: Call) -> bool:
        """Whether a `disconnected` rule holds this call's instance down; counts nothing."""
        return any(rule.kind == "disconnected" and rule.matches(call) for rule in self.rules)


# ---------------------------------------------------------------------- reading rules


def _rule(given: Any, index: int, seed: int) -> Rule:
    where = f"rule {index}"
    if not isinstance(given, dict) or given.get("kind") not in OWN:
        raise ValueError(f"{where}: kind: one of {', '.join(OWN)}")
    kind = given["kind"]
    unknown = given.keys() - COMMON - OWN[kind]
    if unknown:
        raise ValueError(f"{where}: {', '.join(sorted(unknown))}: not known for {kind}")
    for name, check, needed in _CHECKS:
        if given.get(name) is not None and not check(given[name]):
            raise ValueError(f"{where}: {name}: {needed}")
    if kind == "latency" and "ms" not in given:
        raise ValueError(f"{where}: ms: is needed")
    if kind == "preset":
        preset(given)
    return Rule(given, kind, random.Random(f"{seed}:{index}"))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is_range(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) == 2 and all(map(_is_number, value)) and value[0] <= value[1]
    return _is_number(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_status(value: Any) -> bool:
    return type(value) is int and 200 <= value <= 599


_CHECKS: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    *((name, _is_text, "a text") for name in ("provider", "path", "sender", "link", "number", "reason")),
    *((name, lambda v: type(v) is int and v >= 0, "a whole number") for name in ("times", "after", "count")),
    *((name, _is_number, "a number from 0 on") for name in ("seconds", "retry_after_s", "hours")),
    *((name, lambda v: isinstance(v, bool), "true or false") for name in ("deliver", "late", "sends")),
    ("probability", lambda v: _is_number(v) and v <= 1, "from 0 to 1"),
    ("ms", _is_range, "a number or [from, to]"),
    ("status", _is_status, "an HTTP status from 200 on"),
    ("headers", lambda v: isinstance(v, dict) and all(map(_is_text, v.values())), "an object of texts"),
)


# ---------------------------------------------------------------------- applying them


def _latency(plan: Plan, rule: Rule, call: Call) -> None:
    ms = rule.given["ms"]
    wait_s = (rule.chance.uniform(*ms) if isinstance(ms, list) else ms) / 1000
    if rule.given.get("late"):
        plan.late_s += wait_s
    else:
        plan.wait_s += wait_s


def _status(plan: Plan, rule: Rule, call: Call) -> None:
    given = rule.given
    base = preset(given) if rule.kind == "preset" else Answer(500, {"error": "Internal server error"})
    headers = tuple(given.get("headers", {}).items()) or base.headers
    if "retry_after_s" in given:
        headers += (("retry-after", f"{given['retry_after_s']:g}"),)
    body = _filled(given.get("body", base.body), call)
    plan.delivers, plan.reply = False, Answer(given.get("status", base.status), body, headers)


def _filled(body: Any, call: Call) -> Any:
    """A body with `{number}` and `{jid}` filled in, and one CPC error for each phone."""
    numbers = call.route.numbers(call) if call.route else []
    number = numbers[0] if numbers else ""
    return _replaced(body, number, numbers)


def _replaced(body: Any, number: str, numbers: list[str]) -> Any:
    if isinstance(body, str):
        return body.replace("{number}", number).replace("{jid}", jid(number))
    if isinstance(body, list) and len(body) == 1 and isinstance(body[0], dict) and body[0].get("phone") == "{number}":
        return [_replaced(body[0], one, numbers) for one in numbers]
    if isinstance(body, list):
        return [_replaced(item, number, numbers) for item in body]
    if isinstance(body, dict):
        return {key: _replaced(value, number, numbers) for key, value in body.items()}
    return body


def _unauthorized(plan: Plan, rule: Rule, call: Call) -> None:
    provider = call.route.provider if call.route else "uazapi"
    plan.delivers, plan.reply = False, UNAUTHORIZED[provider]


def _disconnected(plan: Plan, rule: Rule, call: Call) -> None:
    if call.route is not None and call.route.sends:
        plan.delivers, plan.reply = False, DISCONNECTED


def _reset_before(plan: Plan, rule: Rule, call: Call) -> None:
    plan.delivers, plan.ending = False, "reset"


def _reset_after(plan: Plan, rule: Rule, call: Call) -> None:
    plan.ending = "reset"


def _hang(plan: Plan, rule: Rule, call: Call) -> None:
    plan.delivers, plan.ending = bool(rule.given.get("deliver")), "hang"
    plan.hang_s = rule.given.get("seconds", 600.0)


def _garbage(plan: Plan, rule: Rule, call: Call) -> None:
    given = rule.given
    plan.delivers = bool(given.get("deliver"))
    plan.reply = Answer(given.get("status", 200), given.get("body", GARBAGE), () if "body" in given else HTML)


def _delivered_500(plan: Plan, rule: Rule, call: Call) -> None:
    _status(plan, rule, call)
    plan.delivers = True


def _partial(plan: Plan, rule: Rule, call: Call) -> None:
    reason = rule.given.get("reason", "Número inválido")
    wanted = spellings(rule.given["number"]) if "number" in rule.given else None
    left = rule.given.get("count", 1)

    def refuses(index: int, number: str) -> str | None:
        hit = index < left if wanted is None else bool(wanted & spellings(number))
        return reason if hit else None

    call.refuses = refuses


_APPLY: dict[str, Callable[[Plan, Rule, Call], None]] = {
    "latency": _latency,
    "status": _status,
    "preset": _status,
    "unauthorized": _unauthorized,
    "disconnected": _disconnected,
    "reset_before": _reset_before,
    "reset_after": _reset_after,
    "hang": _hang,
    "garbage": _garbage,
    "delivered_500": _delivered_500,
    "partial": _partial,
}
