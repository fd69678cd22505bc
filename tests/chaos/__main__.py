"""`make chaos`: long runs, a seed each, and a table of what they survived. Status 1 when a promise was broken."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from dispatcher.telemetry import configure
from tests.chaos.plan import draw
from tests.chaos.run import Story, run, tell

SPAN_S = 240.0
STRIKES = 39  # each kind three times
DONE_WITHIN_S = 900.0  # a machine that is busy with other things takes its time
MOST_SHOWN = 20


def main() -> int:
    given = argparse.ArgumentParser()
    given.add_argument("--seed", type=int, default=1)
    given.add_argument("--runs", type=int, default=3)
    given.add_argument("--messages", type=int, default=5000)
    given.add_argument("--span", type=float, default=SPAN_S)
    given.add_argument("--strikes", type=int, default=STRIKES)
    asked = given.parse_args()
    configure("ERROR", "console")
    broken = 0
    for seed in range(asked.seed, asked.seed + asked.runs):
        plan = draw(seed, asked.span, asked.strikes)
        print(tell(plan, asked.messages), flush=True)
        folder = Path(tempfile.mkdtemp(prefix="dispatcher-chaos-"))
        story = run(plan, asked.messages, DONE_WITHIN_S, folder / "services", folder / "logs")
        print(summary(story), flush=True)
        broken += len(story.broken)
        if not story.broken:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"logs: {folder / 'logs'}")
    return 1 if broken else 0


def summary(story: Story) -> str:
    states: dict[str, int] = {}
    for message in story.evidence.messages:
        states[message.state] = states.get(message.state, 0) + 1
    lines = [f"seed {story.plan.seed}: {len(story.plan.strikes)} blows, {story.faults} faults of providers, "]
    lines[0] += f"{story.doubled} jobs doubled, {story.resumed} times a sender was let go on, {story.took_s:.0f} s"
    lines.append(f"  {sum(story.evidence.accepted.values())} accepted, {story.sent} delivered, {states}")
    lines += [f"  {silence:5.1f} s  longest silence after: {kind}" for kind, silence in sorted(story.silences.items())]
    lines += [f"  BROKEN {line}" for line in story.broken[:MOST_SHOWN]] or ["  nothing was broken"]
    lines += [f"  and {len(story.broken) - MOST_SHOWN} more"] if len(story.broken) > MOST_SHOWN else []
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
