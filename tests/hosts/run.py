"""One run: campaigns through three hosts that are cut off by turns, and then the verdict."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Event
from time import monotonic

from dispatcher.simulator.server import SimulatorClient
from tests.chaos.clients import App, Around
from tests.chaos.evidence import flights, gather
from tests.chaos.mailings import Mailing, mailings
from tests.hosts.network import Way
from tests.hosts.place import Place, hosts_place
from tests.hosts.plan import Cut, Plan
from tests.hosts.verdict import EVEN, Done, Story
from tests.hosts.watch import Watch, ahead_s
from tests.waiting import wait_until

BACK_WITHIN_S = 120.0  # on a machine on which much else runs
LANDED_WITHIN_S = 30.0

_never = Event()
Say = Callable[[str], None]


def run(plan: Plan, done_within_s: float, services: Path, logs: Path, say: Say) -> Story:
    """In a network namespace of the run's own. What has not ended `done_within_s` after the last cut is broken."""
    with hosts_place(plan, services, logs) as (place, simulator):
        return _story(plan, place, simulator, done_within_s, say)


def _story(plan: Plan, place: Place, simulator: SimulatorClient, done_within_s: float, say: Say) -> Story:
    given = [replace(one, spread=0.0) for one in mailings(plan.messages, plan.lasts_s / 0.7, 0)[0]]
    app, around = App(place.installed, place.web_url), Around(place.installed, plan.seed, simulator.url)
    watch = Watch(place)
    watch.start()
    around.start()
    try:
        begun = monotonic()
        _hand_over(app, given, say)
        clocks = _clocks(place, watch, say)
        done = [_cut(place, watch, cut, begun, say) for cut in plan.cuts]
        _wait_until_over(place, app, done_within_s)
        took_s = monotonic() - begun
    finally:
        around.stop()
        watch.stop()
    place.still()
    return Story(
        plan,
        gather(place.installed, simulator, app.taken, around.replies),
        {one.account: one.delay_s for one in given if one.account in EVEN},
        done,
        clocks,
        {name: len(times) for name, times in watch.seen.items()},
        took_s,
    )


def _hand_over(app: App, given: list[Mailing], say: Say) -> None:
    for mailing in given:
        app.hand_over(mailing)
    say(f"{sum(one.size for one in given)} messages in {len(given)} campaigns handed over")


def _clocks(place: Place, watch: Watch, say: Say) -> dict[str, float]:
    """By how much each host's clock is ahead, by what its worker writes; as soon as all send."""
    wait_until(lambda: all(watch.seen.values()), BACK_WITHIN_S)
    clocks = {name: ahead_s(files[-1]) for name, files in place.logs.items()}
    for name, host in place.hosts.items():
        say(f"host {name}: {host.address}, its clock {clocks[name]:+.1f} s, up for {place.plan.up_for_s[name]} s")
    return clocks


def _cut(place: Place, watch: Watch, cut: Cut, begun: float, say: Say) -> Done:
    """Cuts a host off at its time, and waits until it is back and sends; its worker is started anew after a loss of
    power, of which nobody on the network is told."""
    _never.wait(max(0.0, begun + cut.at_s - monotonic()))
    host = place.hosts[cut.host]
    began_ms = monotonic() * 1000
    host.cut(cut.way)
    say(f"{cut.at_s:4.0f} s  {cut.host}: {cut.way}")
    if cut.way is Way.POWER_LOST:
        place.kill_worker(cut.host)
    _never.wait(cut.lasts_s)
    if cut.set_ahead_s is not None:
        place.set_clock(cut.host, cut.set_ahead_s)
    host.mend()
    mended_ms = monotonic() * 1000
    if cut.way is Way.POWER_LOST:
        place.start_worker(cut.host)
    with suppress(AssertionError):  # the verdict will say it
        wait_until(lambda: watch.first_after(cut.host, mended_ms), BACK_WITHIN_S, 0.25)
    again_ms = watch.first_after(cut.host, mended_ms)
    if again_ms is not None:
        say(f"        {cut.host}: back, and sends again after {(again_ms - mended_ms) / 1000:.1f} s")
    return Done(cut, began_ms, mended_ms, again_ms)


def _wait_until_over(place: Place, app: App, within_s: float) -> None:
    """Or until it has taken too long, which the judge will see."""

    def over() -> bool:
        return all(place.installed.state(number) == "done" for number in app.taken)

    with suppress(AssertionError):
        wait_until(over, within_s, 0.25)
        wait_until(lambda: not flights(place.installed), LANDED_WITHIN_S, 0.25)
        wait_until(over, within_s, 0.25)  # what landed late may have been a retry
