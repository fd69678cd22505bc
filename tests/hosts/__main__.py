"""`make hosts`: three hosts with clocks of their own on one machine, cut off by turns. Status 1 when a promise was
broken, 2 when this machine cannot make a run."""

import argparse
import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from dispatcher.telemetry import configure
from tests.hosts.needs import enter, missing
from tests.hosts.plan import Plan, long_plan, short_plan
from tests.hosts.run import run
from tests.hosts.verdict import Done, Story, share

DONE_WITHIN_S = 900.0  # a machine that is busy with other things takes its time
MOST_SHOWN = 20
COLUMNS = ("nobody at all was reached for", "a lane waited beyond its time for", "host sends again after")


def main() -> int:
    asked = _asked()
    if not asked.inside:
        return _enter()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    configure("ERROR", "console")
    return _run(short_plan(asked.messages or 200) if asked.short else long_plan(asked.messages or 2000))


def _asked() -> argparse.Namespace:
    given = argparse.ArgumentParser(prog="make hosts", description=__doc__)
    given.add_argument("--messages", type=int, default=0, help="2000, or 200 in the short form")
    given.add_argument("--short", action="store_true", help="one cut; less than a minute")
    given.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return given.parse_args()


def _enter() -> int:
    """The same command once more, in namespaces that end with it: nothing of a run is left, however it ends."""
    if why := missing():
        print(f"make hosts: {why}", file=sys.stderr)
        return 2
    again = [*enter(), sys.executable, "-m", "tests.hosts", "--inside", *sys.argv[1:]]
    os.execvp(again[0], again)


def _run(plan: Plan) -> int:
    begun = monotonic()

    def say(line: str) -> None:
        print(f"[{monotonic() - begun:5.0f} s] {line}", flush=True)

    print("\n".join(["what will be done, seconds from when the campaigns are handed over:", *map(str, plan.cuts)]))
    folder = Path(tempfile.mkdtemp(prefix="dispatcher-hosts-"))
    (logs := folder / "logs").mkdir()
    is_kept = False
    try:
        story = run(plan, DONE_WITHIN_S, folder / "services", logs, say)
        print(table(story))
        is_kept = bool(story.broken)
        return int(is_kept)
    except KeyboardInterrupt:
        print("interrupted: nothing is left behind", file=sys.stderr)
        return 130
    finally:
        shutil.rmtree(folder / "services" if is_kept else folder, ignore_errors=True)
        if is_kept:
            print(f"logs: {logs}")


def table(story: Story) -> str:
    """The verdict and its figures."""
    told = {
        "hosts, ahead by": ", ".join(f"{name} {ahead:+.1f} s" for name, ahead in story.clocks_s.items()),
        "outcomes written down by": ", ".join(f"{name} {number}" for name, number in story.outcomes.items()),
        "accepted": str(sum(story.evidence.accepted.values())),
        "became": ", ".join(f"{number} {state}" for state, number in _states(story).items()),
        "delivered": str(len(story.evidence.deliveries)),
        "sent twice": str(sum("times" in one for one in story.broken)),
        "lost": str(sum("promise 2" in one for one in story.broken)),
        "two calls at once on a lane": str(sum("two calls" in one for one in story.broken)),
        "calls too early": str(sum("early" in one for one in story.broken)),
        "late by, p50, p99, most": _late(sorted(one.late_ms for one in story.gaps)),
        "the same, away from cuts": _late(story.undisturbed_ms),
        "took": f"{story.took_s:.0f} s",
    }
    lines = ["", "| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in told.items()), ""]
    heads = ("cut", "how long", *COLUMNS)
    lines += [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|", *(_row(story, one) for one in story.done), ""]
    lines += [f"BROKEN {line}" for line in story.broken[:MOST_SHOWN]] or ["nothing was broken"]
    return "\n".join(lines)


def _late(ordered: Sequence[float]) -> str:
    told = ", ".join(f"{share(ordered, part):.0f} ms" for part in (0.5, 0.99, 1))
    return f"{told}, of {len(ordered)} calls"


def _row(story: Story, done: Done) -> str:
    again = "not at all" if done.again_ms is None else f"{(done.again_ms - done.mended_ms) / 1000:.1f} s"
    times = f"{story.silence_s(done):.1f} s | {story.stood_still_s(done):.1f} s | {again}"
    return f"| {done.cut.host}: {done.cut.way} | {(done.mended_ms - done.began_ms) / 1000:.0f} s | {times} |"


def _states(story: Story) -> Counter[str]:
    return Counter(one.state for one in story.evidence.messages)


if __name__ == "__main__":
    sys.exit(main())
