"""`make chaos`: long runs, a seed each, and a table of what they survived. Status 1 when a promise was broken."""

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from dispatcher.telemetry import configure
from tests.chaos.plan import Kind, draw
from tests.chaos.run import Story, run, tell
from tests.spawner import Spawner

SPAN_S = 240.0
STRIKES = 39  # each kind three times
DONE_WITHIN_S = 900.0  # a machine that is busy with other things takes its time
MOST_SHOWN = 20


def main() -> int:
    asked = _asked()
    configure("ERROR", "console")
    with Spawner() as spawner:
        stories = [_one_run(spawner, seed, asked) for seed in range(asked.seed, asked.seed + asked.runs)]
    print(table(stories))
    return 1 if any(story.broken for story in stories) else 0


def _asked() -> argparse.Namespace:
    given = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    given.add_argument("--seed", type=int, default=1, help="of the first run; the next one has the next")
    given.add_argument("--runs", type=int, default=3)
    given.add_argument("--messages", type=int, default=5000)
    given.add_argument("--span", type=float, default=SPAN_S, help="seconds within which blows fall")
    given.add_argument("--strikes", type=int, default=STRIKES, help="how many blows")
    return given.parse_args()


def _one_run(spawner: Spawner, seed: int, asked: argparse.Namespace) -> Story:
    plan = draw(seed, asked.span, asked.strikes)
    print(tell(plan, asked.messages), flush=True)
    folder = Path(tempfile.mkdtemp(prefix="dispatcher-chaos-"))
    story = run(plan, asked.messages, DONE_WITHIN_S, spawner, folder / "services", folder / "logs")
    print("\n".join([*_broken(story), ""]), flush=True)
    if story.broken:
        print(f"logs: {folder / 'logs'}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return story


def _broken(story: Story) -> list[str]:
    lines = [f"BROKEN {line}" for line in story.broken[:MOST_SHOWN]] or ["nothing was broken"]
    more = len(story.broken) - MOST_SHOWN
    return [*lines, f"and {more} more"] if more > 0 else lines


def table(stories: Sequence[Story]) -> str:
    """What was survived, run by run, and the longest silence after each kind of blow over all of them."""
    lines = [f"| seed | {' | '.join(MEASURES)} |", "|---" * (len(MEASURES) + 1) + "|"]
    lines += [f"| {one.plan.seed} | {' | '.join(measure(one) for measure in MEASURES.values())} |" for one in stories]
    lines += ["", "| longest time without a send after | s |", "|---|---|"]
    lines += [f"| {kind} | {max(one.silences.get(kind, 0.0) for one in stories):.1f} |" for kind in Kind]
    return "\n".join(lines)


def _states(story: Story) -> str:
    return ", ".join(
        f"{number} {state}" for state, number in Counter(one.state for one in story.evidence.messages).items()
    )


MEASURES: dict[str, Callable[[Story], str]] = {
    "accepted": lambda story: str(sum(story.evidence.accepted.values())),
    "became": _states,
    "delivered": lambda story: str(story.sent),
    "blows": lambda story: str(len(story.plan.strikes)),
    "of them kills": lambda story: str(sum("killed" in one.kind for one in story.plan.strikes)),
    "faults of providers": lambda story: str(story.faults),
    "jobs doubled": lambda story: str(story.doubled),
    "sent twice": lambda story: str(sum("times" in one for one in story.broken)),
    "promises broken": lambda story: str(len(story.broken)),
    "took": lambda story: f"{story.took_s:.0f} s",
}


if __name__ == "__main__":
    sys.exit(main())
