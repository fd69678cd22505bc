"""The short form of `make chaos`: every kind of fault once. The seed is fixed; a failure prints how to repeat it."""

from pathlib import Path

import pytest

from tests.chaos.plan import Kind, draw
from tests.chaos.run import run, tell
from tests.spawner import Spawner

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SEED = 4
MESSAGES = 200
SPAN_S = 16.0
DONE_WITHIN_S = 400.0  # it takes half a minute; a machine that is held up must not make it fail


def test_promises_1_2_3_and_5_hold_while_everything_breaks_once(
    spawner: Spawner, service_dir: Path, tmp_path: Path
) -> None:
    plan = draw(SEED, SPAN_S, len(Kind))
    print(tell(plan, MESSAGES))
    story = run(plan, MESSAGES, DONE_WITHIN_S, spawner, service_dir / f"chaos-{tmp_path.name}", tmp_path)
    assert story.broken == []
    assert story.sent > MESSAGES / 2
    assert story.faults > 0
    assert story.doubled > 0
