"""One run: the plan, the blows, the waiting, the verdict."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from threading import Event
from time import monotonic

from dispatcher.domain.trouble import DispatcherTrouble
from dispatcher.simulator.server import SimulatorClient
from tests.chaos.blows import Blows
from tests.chaos.clients import App, Around
from tests.chaos.doubling import Doubling
from tests.chaos.evidence import flights, gather, unheard
from tests.chaos.judge import Evidence, judge
from tests.chaos.mailings import Mailing, mailings
from tests.chaos.place import Place, chaos_place
from tests.chaos.plan import Kind, Plan, Strike
from tests.spawner import Starter
from tests.waiting import wait_until

RESUMES_WITHIN_S = 20.0  # so long after a blow a silence is counted as its own
LANDED_WITHIN_S = 30.0  # a flight whose worker is gone is over with its lease: 17 s, and what a pacer needs

_never = Event()


@dataclass
class Story:
    """What happened: the evidence and the verdict, and for the summary what was broken and how long it took."""

    plan: Plan
    evidence: Evidence
    broken: list[str]
    faults: int
    doubled: int
    resumed: int
    took_s: float
    silences: dict[Kind, float] = field(default_factory=dict)  # s, the longest after such a blow

    @property
    def sent(self) -> int:
        return len(self.evidence.deliveries)


def tell(plan: Plan, messages: int) -> str:
    """The plan, and the command that repeats it."""
    strikes = len(plan.strikes)
    command = f"make chaos SEED={plan.seed} RUNS=1 MESSAGES={messages} SPAN={plan.span_s:g} STRIKES={strikes}"
    ahead = ", ".join(f"{name} {ahead_s:+.0f} s" for name, ahead_s in plan.clocks_ahead_s.items())
    return "\n".join([f"{command}    # clocks: {ahead}", *(f"  {strike}" for strike in plan.strikes)])


def run(plan: Plan, messages: int, done_within_s: float, starter: Starter, services: Path, logs: Path) -> Story:
    """A campaign that has not ended `done_within_s` after the last blow is among what is broken."""
    at_once, late = mailings(messages, plan.span_s, sum(one.kind is Kind.WEB_KILLED for one in plan.strikes))
    with chaos_place(plan, starter, services, logs) as (place, simulator):
        app, around = App(place.installed, place.web_url), Around(place.installed, plan.seed, simulator.url)
        doubling = Doubling(lambda: place.redis.port, plan.seed)
        blows = Blows(place, app, late[:-1])
        doubling.start()
        around.start()
        try:
            begun = monotonic()
            struck = _break(plan, blows, app, at_once, late[-1], begun)
            place.wake_all()
            _wait_until_over(place, app, done_within_s)
        finally:
            blows.halt()
            around.stop()
            doubling.stop()
        took_s = monotonic() - begun
        with suppress(AssertionError):
            wait_until(lambda: not unheard(place.installed), LANDED_WITHIN_S, 0.25)
        place.still()
        evidence = gather(place.installed, simulator, app.taken, around.replies)
        return Story(
            plan,
            evidence,
            judge(evidence),
            _faults(simulator),
            doubling.doubled,
            around.resumed,
            took_s,
            _silences(evidence, struck),
        )


def _break(
    plan: Plan, blows: Blows, app: App, at_once: Sequence[Mailing], again: Mailing, begun: float
) -> list[tuple[Strike, float]]:
    """Hands campaigns over and strikes, each at its moment and none waiting for the other; when (ms) each happened."""
    struck: list[tuple[Strike, float]] = []
    with ThreadPoolExecutor(len(plan.strikes) + len(at_once) + 1) as pool:
        under_way: list[Future[None]] = [pool.submit(app.hand_over, mailing) for mailing in at_once]
        half = len(plan.strikes) // 2
        for place, strike in enumerate(plan.strikes):
            _never.wait(max(0.0, begun + strike.at_s - monotonic()))
            if place == half:
                under_way.append(pool.submit(app.hand_over, again))
            struck.append((strike, monotonic() * 1000))
            under_way.append(pool.submit(blows.strike, strike))
        for one in under_way:
            one.result()
    return struck


def _wait_until_over(place: Place, app: App, within_s: float) -> None:
    """Or until it has taken too long, which the judge will see."""
    with suppress(AssertionError):
        wait_until(lambda: _are_over(place, app), within_s, 0.25)
        wait_until(lambda: not flights(place.installed), LANDED_WITHIN_S, 0.25)
        wait_until(lambda: _are_over(place, app), within_s, 0.25)  # what landed late may have been a retry


def _are_over(place: Place, app: App) -> bool:
    try:
        return all(place.installed.state(number) == "done" for number in app.taken)
    except DispatcherTrouble:
        return False


def _faults(simulator: SimulatorClient) -> int:
    return sum(rule["fired"] for rule in simulator.faults() if rule["kind"] != "latency")


def _silences(evidence: Evidence, struck: Sequence[tuple[Strike, float]]) -> dict[Kind, float]:
    """After each blow, the longest time (s) without a delivery that began or went on then, while work was left."""
    at = sorted(one.at_ms for one in evidence.deliveries)
    longest: dict[Kind, float] = {}
    for strike, when_ms in struck:
        until_ms = when_ms + RESUMES_WITHIN_S * 1000
        gaps = [(to - max(since, when_ms)) / 1000 for since, to in pairwise(at) if to > when_ms and since < until_ms]
        longest[strike.kind] = max([longest.get(strike.kind, 0.0), *gaps])
    return longest
